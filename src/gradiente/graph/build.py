"""Making operations: convert the inputs, infer the attributes, run the shape rule, add to the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradiente.graph.attributes import allowed_type, given_attributes
from gradiente.graph.dtypes import DType, as_dtype
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.outputs import results, set_outputs
from gradiente.graph.registry import REQUIRED, ArgDef, OpDef, op_def
from gradiente.graph.source import user_line
from gradiente.graph.types import is_list

Converter = Callable[..., Any]
_converters: list[tuple[Any, Converter]] = []


def register_tensor_conversion_function(
    base_type: Any, conversion_func: Converter, priority: int = 100
) -> None:
    """Say how objects of a class become tensors: ``conversion_func(value, dtype, name, as_ref)``."""
    del priority
    _converters.append((base_type, conversion_func))


def convert_to_tensor(
    value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None, as_ref: bool = False,
    dtype_hint: Any = None,
) -> Tensor:  # fmt: skip
    """``value`` as a tensor of the default graph.

    Args:
        value: a tensor, a variable, a number, a string, a (nested) list of these, a NumPy array.
        dtype: the type that the result must have; Python numbers become int32, float32 or complex128 without it.
        name: the constant's name, if one is made.
        preferred_dtype: a type to try first, without insisting. ``dtype_hint`` is its newer name.
        as_ref: give a variable's reference instead of its value.

    Raises:
        ValueError: if ``value`` is a tensor of another type.
        TypeError: if ``value`` can't be of type ``dtype``.
    """
    if isinstance(value, Tensor):
        if dtype is not None and value.dtype.base_dtype is not as_dtype(dtype).base_dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {as_dtype(dtype).name} for tensor {value.name!r} of dtype "
                f"{value.dtype.name}, made at {value.op.source}. Use tf.cast to convert it."
            )
        return value
    for base_type, converter in _converters:
        if isinstance(value, base_type):
            return converter(value, dtype=dtype, name=name, as_ref=as_ref)
    if is_list(value) and _has_tensor(value):
        return _pack(value, dtype or dtype_hint or preferred_dtype, name)
    hint = dtype_hint or preferred_dtype
    if dtype is None and hint is not None:
        try:
            return _constant(value, as_dtype(hint), name)
        except (TypeError, ValueError):
            pass
    return _constant(value, None if dtype is None else as_dtype(dtype), name)


def _constant(value: Any, dtype: DType | None, name: str | None) -> Tensor:
    """A constant of its own: the program may change its array afterwards."""
    from gradiente.graph.constants import constant_array

    array = constant_array(value, dtype)
    return constant_tensor(array.copy() if hasattr(value, "__array__") else array, name or "Const")


def _has_tensor(values: Iterable[Any]) -> bool:
    for v in values:
        if isinstance(v, Tensor) or any(isinstance(v, base) for base, _ in _converters):
            return True
        if is_list(v) and _has_tensor(v):
            return True
    return False


def _pack(values: Sequence[Any], dtype: Any, name: str | None) -> Tensor:
    wanted = dtype or _element_dtype(values)
    with name_scope(name, "packed") as scope:
        parts = [convert_to_tensor(v, dtype=wanted) for v in values]
        return apply("Pack", parts, name=scope)


def _element_dtype(values: Iterable[Any]) -> DType | None:
    for v in values:
        if isinstance(v, Tensor) or (
            hasattr(v, "dtype") and any(isinstance(v, base) for base, _ in _converters)
        ):
            return v.dtype.base_dtype
        if is_list(v):
            found = _element_dtype(v)
            if found:
                return found
    return None


def constant_tensor(array: Any, name: str = "Const") -> Tensor:
    """A Const operation's output, for a NumPy array of one of our types (it is kept, not copied)."""
    return apply("Const", value=array, dtype=as_dtype(array.dtype), name=name)


@contextmanager
def name_scope(name: str | None, default_name: str | None = None, values: Any = None) -> Iterator[str]:
    """Enter a name scope in the default graph, checking that ``values`` are of it (``tf.name_scope``).

    Args:
        name: the scope's name; ``default_name`` when it is None.
        default_name: the name to use then.
        values: tensors that the block will use; they must be of one graph.

    Yields:
        The scope's full name with a trailing "/", which an operation may take as its own name.
    """
    chosen = default_name if name is None else name
    if chosen is None and values is not None:
        raise ValueError(
            f"At least one of name ({name!r}) and default_name ({default_name!r}) must be given."
        )
    graph = graph_of(values) if values else get_default_graph()
    with graph.as_default(), graph.name_scope(chosen) as scope:
        yield scope


def graph_of(values: Any) -> Graph:
    """The graph that an operation on ``values`` joins: the default graph, which must be theirs or enclose them.

    Raises:
        ValueError: if two of them, or one and the default graph, are of graphs that don't belong together.
    """
    graph = get_default_graph()
    foreign: Tensor | None = None
    for value in values:
        element = getattr(value, "op", value)
        home = getattr(element, "graph", None)
        if home is None or home is graph or _encloses(home, graph):
            continue
        if foreign is not None and home is not foreign.graph:
            raise ValueError(f"{_where(value)} is not of the same graph as {_where(foreign)}.")
        foreign = value
    if foreign is None:
        return graph
    if any(getattr(getattr(v, "op", v), "graph", None) is graph for v in values):
        other = next(v for v in values if getattr(getattr(v, "op", v), "graph", None) is graph)
        raise ValueError(
            f"{_where(foreign)} must be from the same graph as {_where(other)}. Build both inside one "
            "`with graph.as_default():` block."
        )
    return foreign.graph


def _where(value: Any) -> str:
    op: Any = getattr(value, "op", value)
    return f"{value.name!r} (made at {op.source})"


def _encloses(outer: Graph, inner: Graph) -> bool:
    graph: Any = inner
    while isinstance(graph, FuncGraph):
        graph = graph.outer_graph
        if graph is outer:
            return True
    return False


def apply(op_type: str, *inputs: Any, name: str | None = None, **attrs: Any) -> Any:
    """Make an operation of a declared type in the default graph.

    Args:
        op_type: the op's type name.
        *inputs: one argument per input of its signature; a list input takes a list. What is no tensor is converted to
            the type that the other inputs settle.
        name: the operation's name; the type name without it. A name that ends in "/" is used as it is.
        **attrs: attributes; those that follow from the inputs need not be given.

    Returns:
        The output tensor; a tuple of them for an op with several outputs (a list output is a list); the Operation for
        an op without outputs.

    Raises:
        ValueError, TypeError: if inputs or attributes break the op's rules.
    """
    definition = op_def(op_type)
    if definition is None:
        raise ValueError(f"No op of type {op_type!r} is declared.")
    op = create(definition, inputs, attrs, name or op_type.lstrip("_"))
    return results(definition, op)


def apply_op(op_type: str, *inputs: Any, name: str | None = None, **attrs: Any) -> Operation:
    """Like ``apply``, but returns the Operation."""
    definition = op_def(op_type)
    if definition is None:
        raise ValueError(f"No op of type {op_type!r} is declared.")
    return create(definition, inputs, attrs, name or op_type.lstrip("_"))


def create(definition: OpDef, inputs: Sequence[Any], attrs: dict[str, Any], name: str) -> Operation:
    """Make an operation from its declaration (see ``apply``)."""
    if len(inputs) != len(definition.inputs):
        raise TypeError(f"{definition.name} takes {len(definition.inputs)} inputs, not {len(inputs)}.")
    flat = [v for v in inputs if not is_list(v)]
    for value in inputs:
        if is_list(value):
            flat.extend(value)
    graph = graph_of([v for v in flat if isinstance(v, Tensor) or hasattr(v, "_as_graph_element")])
    if graph is not get_default_graph():
        with graph.as_default():
            return _create_in(graph, definition, inputs, attrs, name)
    return _create_in(graph, definition, inputs, attrs, name)


def _create_in(
    graph: Graph, definition: OpDef, inputs: Sequence[Any], given: dict[str, Any], name: str
) -> Operation:
    if definition.random and "seed" in definition.attrs and isinstance(graph, FuncGraph):
        from gradiente.graph.counted import counted_attrs, counted_form, run_count

        given, seeded = counted_attrs(given)
        definition, inputs = counted_form(definition), (*inputs, run_count(graph, seeded))
    if definition.name in _OF_SHAPES and isinstance(graph, FuncGraph) and isinstance(inputs[0], Tensor):
        outer = graph.outside(inputs[0])
        if outer.graph is not graph:
            with outer.graph.as_default(), outer.graph.control_dependencies(None):
                return _create_in(outer.graph, definition, [outer], given, name)
    full_name = graph.operation_name(name)
    attrs = given_attributes(definition, given, full_name)
    tensors: list[Tensor] = []
    for arg, value in zip(definition.inputs, inputs, strict=True):
        if arg.is_list:
            tensors.extend(_list_input(graph, definition, arg, value, attrs, inputs, full_name))
        else:
            tensors.append(_single_input(graph, definition, arg, value, attrs, inputs, full_name))
    if isinstance(graph, FuncGraph):
        tensors = [t if t.graph is graph else graph.capture(t) for t in tensors]
    for key, declared in definition.attrs.items():
        if key not in attrs:
            if declared.default is REQUIRED:
                raise TypeError(f"{definition.name} {full_name!r} needs the attribute {key!r}.")
            attrs[key] = declared.default
    return graph.add_operation(definition, tuple(tensors), attrs, full_name, set_outputs)


_OF_SHAPES = frozenset({"Shape", "Size", "Rank"})
"""Made outside of a body for what the body captures: so its shape is known when the body is compiled, without its value."""


def copy_operation(op: Operation, inputs: Sequence[Tensor]) -> Operation:
    """Make an operation again in the default graph, with other inputs."""
    graph = get_default_graph()
    tensors = tuple(graph.capture(t) if isinstance(graph, FuncGraph) else t for t in inputs)
    name = graph.operation_name(op.name.rsplit("/", 1)[-1])
    return graph.add_operation(op.op_def, tensors, dict(op.attrs), name, set_outputs)


def _single_input(
    graph: Graph,
    definition: OpDef,
    arg: ArgDef,
    value: Any,
    attrs: dict[str, Any],
    inputs: Sequence[Any],
    name: str,
) -> Tensor:
    dtype = arg.dtype or attrs.get(arg.type_attr or "") or _settled_by_others(definition, arg, inputs)
    tensor = _as_input(graph, definition, arg, value, dtype, name, arg.name)
    if arg.is_ref and not tensor.dtype.is_ref_dtype:
        raise TypeError(
            f"Input '{arg.name}' of {definition.name} {name!r} must be a variable, not {tensor.name!r} (made at "
            f"{tensor.op.source}): only a variable can be assigned to."
        )
    if arg.type_attr and arg.type_attr not in attrs:
        attrs[arg.type_attr] = allowed_type(definition, arg.type_attr, tensor.dtype.base_dtype, name)
    return tensor


def _list_input(
    graph: Graph,
    definition: OpDef,
    arg: ArgDef,
    values: Any,
    attrs: dict[str, Any],
    inputs: Sequence[Any],
    name: str,
) -> list[Tensor]:
    if not is_list(values):
        raise TypeError(
            f"Input '{arg.name}' of {definition.name} {name!r} is a list of tensors, not {values!r}."
        )
    items: Sequence[Any] = values
    if arg.type_list_attr:
        tensors = [
            _as_input(graph, definition, arg, v, None, name, f"{arg.name}_{i}") for i, v in enumerate(items)
        ]
        attrs.setdefault(arg.type_list_attr, tuple(t.dtype.base_dtype for t in tensors))
        return tensors
    dtype: DType | None = arg.dtype or attrs.get(arg.type_attr or "") or _element_dtype(items)
    if dtype is None:
        dtype = _settled_by_others(definition, arg, inputs)
    tensors: list[Tensor] = []
    for i, v in enumerate(items):
        tensors.append(_as_input(graph, definition, arg, v, dtype, name, f"{arg.name}_{i}"))
        dtype = dtype or tensors[0].dtype.base_dtype
    assert arg.number_attr is not None
    attrs.setdefault(arg.number_attr, len(tensors))
    if arg.type_attr and arg.type_attr not in attrs:
        if dtype is None:
            raise ValueError(f"{definition.name} {name!r} needs at least one tensor in '{arg.name}'.")
        attrs[arg.type_attr] = allowed_type(definition, arg.type_attr, dtype, name)
    return tensors


def _settled_by_others(definition: OpDef, arg: ArgDef, inputs: Sequence[Any]) -> DType | None:
    """The type that a tensor among the other inputs of the same type attribute settles."""
    if not arg.type_attr:
        return None
    for other, value in zip(definition.inputs, inputs, strict=True):
        if other.type_attr == arg.type_attr:
            values: Any = value if other.is_list else (value,)
            found = _element_dtype(values)
            if found is not None:
                return found
    return None


def _as_input(
    graph: Graph, definition: OpDef, arg: ArgDef, value: Any, dtype: DType | None, name: str, part: str
) -> Tensor:
    if isinstance(value, Tensor):
        if dtype is not None and value.dtype.base_dtype is not dtype.base_dtype:
            raise TypeError(
                f"Input '{arg.name}' of {definition.name} {name!r} has type {value.dtype.base_dtype.name} that does not "
                f"match the expected type {dtype.base_dtype.name}: {value.name!r} was made at {value.op.source}. Use "
                f"tf.cast({value.op.name}, tf.{dtype.base_dtype.name}). At {user_line()}"
            )
        return value
    declared = definition.attrs.get(arg.type_attr or "")
    hint = declared.default if declared is not None and isinstance(declared.default, DType) else None
    if (
        hint is None
        and declared is not None
        and dtype is None
        and declared.allowed
        and len(declared.allowed) == 1
    ):
        hint = declared.allowed[0]
    try:
        with graph.name_scope(name + "/"):
            return convert_to_tensor(value, dtype=dtype, name=part, dtype_hint=hint, as_ref=arg.is_ref)
    except TypeError as error:
        wanted = f" of type {dtype.base_dtype.name}" if dtype else ""
        raise TypeError(
            f"Input '{arg.name}' of {definition.name} {name!r} can't be made a tensor{wanted}: {error} At {user_line()}"
        ) from None
    except ValueError as error:
        if isinstance(dtype, DType) and hasattr(value, "dtype"):
            raise TypeError(
                f"Input '{arg.name}' of {definition.name} {name!r} has type {as_dtype(value.dtype).base_dtype.name} that "
                f"does not match the expected type {dtype.base_dtype.name}. Use tf.cast. At {user_line()}"
            ) from error
        raise
