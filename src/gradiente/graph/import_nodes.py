"""NodeDefs read as operations: their inputs, attributes and names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gradiente.graph.counted import PREFIX, counted_attrs, counted_form, run_count
from gradiente.graph.dtypes import resource
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.outputs import set_outputs
from gradiente.graph.protos import attr_from_proto, is_trivial
from gradiente.graph.registry import REQUIRED, ArgDef, AttrDef, OpDef, op_def
from gradiente.graph.shapes import as_shape

_SAME_AS = {
    "Variable": "VariableV2", "VarHandleOp": "VariableV2", "ReadVariableOp": "Identity", "AssignVariableOp": "Assign",
    "AssignAddVariableOp": "AssignAdd", "AssignSubVariableOp": "AssignSub", "VarIsInitializedOp": "IsVariableInitialized",
    "VariableShape": "Shape", "PlaceholderV2": "Placeholder", "Add": "AddV2", "ResourceGather": "Gather",
}  # fmt: skip
"""Op types that are read as another type: resource variables become reference variables."""

_RESOURCE = resource.as_datatype_enum
_RENAMED_ATTRS = {
    "ReadVariableOp": {"dtype": "T"}, "AssignVariableOp": {"dtype": "T"}, "AssignAddVariableOp": {"dtype": "T"},
    "AssignSubVariableOp": {"dtype": "T"}, "ResourceGather": {"dtype": "Tparams"},
}  # fmt: skip
_HARMLESS = frozenset(
    {
        "output_shapes", "parallel_iterations", "use_cudnn_on_gpu", "allowed_devices", "debug_name", "shared_name",
        "container", "validate_shape", "bad_indices_policy",
    }
)  # fmt: skip
"""Attributes that change no result here where our form of an op does not have them."""


def own_type(name: str) -> str:
    """The type that a node of type ``name`` is read as."""
    if name not in _SAME_AS and name.startswith("Resource") and op_def(name) is None:
        return name.removeprefix("Resource")
    return _SAME_AS.get(name, name)


def declaration(op_type: str) -> OpDef | None:
    """The declaration that nodes of a type are read with."""
    name = own_type(op_type)
    if name.startswith(PREFIX):
        plain = op_def(name.removeprefix(PREFIX))
        return None if plain is None else counted_form(plain)
    return op_def(name)


def full_name(name: str) -> str:
    """A tensor's name with its index: ``x:0`` for ``x``."""
    return name if ":" in name or name.startswith("^") else f"{name}:0"


def node_name(name: str) -> str:
    """The node that an input's name is of."""
    return name.removeprefix("^").partition(":")[0]


def check_types(types: Iterable[str]) -> None:
    """Raise ValueError, naming all of them, if op types are not declared here."""
    missing = sorted({t for t in types if declaration(t) is None})
    if missing:
        raise ValueError(f"The GraphDef has ops that gradiente lacks: {', '.join(missing)}.{_hint(missing)}")


def _hint(missing: Sequence[str]) -> str:
    if any(t.startswith("Stack") for t in missing):
        return (
            " StackV2 and its like come from gradients of while_loop in control flow v1: keep only the nodes that the "
            "outputs need (tf.graph_util.extract_sub_graph), or write the graph with control flow v2."
        )
    if set(missing) & {"Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"}:
        return " Control flow v1 inside a function of the library is not read; write the graph with control flow v2."
    return ""


class Reader:
    """Makes operations from NodeDefs whose inputs were read before.

    Attributes:
        graph: where the operations go.
        library: the GraphDef's functions by name.
        scope: put before the nodes' names.
        given: tensors, or for ``^name`` operations, that replace those of the GraphDef.
        used: the names in ``given`` that were asked for.
        operations: what was made, by the nodes' names.
        values: its outputs, by the nodes' names.
        calls: the functions whose calls are being read.
        waits: what every operation waits for.
    """

    def __init__(
        self, graph: Graph, library: Mapping[str, Any], scope: str, given: Mapping[str, Any]
    ) -> None:
        self.graph = graph
        self.library = library
        self.scope = scope
        self.given = given
        self.used: set[str] = set()
        self.operations: dict[str, Operation] = {}
        self.values: dict[str, list[Tensor]] = {}
        self.calls: tuple[str, ...] = ()
        self.waits: tuple[Operation, ...] = ()
        self._shared: dict[str, Operation] = {}

    def tensor(self, name: str) -> Tensor:
        """A tensor by its name in the GraphDef: ``node``, ``node:1``."""
        full = full_name(name)
        if full in self.given:
            self.used.add(full)
            return self.given[full]
        node, _, index = full.rpartition(":")
        outputs = self.values.get(node)
        if outputs is None:
            raise ValueError(f"{name!r} names no tensor of the graph_def: it has no node {node!r}.")
        if not index.isdigit() or int(index) >= len(outputs):
            raise ValueError(
                f"{name!r} names no tensor of the graph_def: {node!r} has {len(outputs)} outputs."
            )
        return outputs[int(index)]

    def operation(self, name: str) -> Operation:
        """An operation by its name in the GraphDef."""
        if f"^{name}" in self.given:
            self.used.add(f"^{name}")
            value = self.given[f"^{name}"]
            return value if isinstance(value, Operation) else value.op
        if name not in self.operations:
            raise ValueError(f"'^{name}' names no node of the graph_def.")
        return self.operations[name]

    def inputs(self, node: Any) -> list[Tensor]:
        """The tensors that a node takes."""
        with _naming(node):
            return [self.tensor(i) for i in node.input if not i.startswith("^")]

    def controls(self, node: Any) -> list[Operation]:
        """The operations that a node waits for."""
        with _naming(node):
            return [self.operation(i[1:]) for i in node.input if i.startswith("^")]

    def add(self, node: Any) -> None:
        """Make a plain node's operation."""
        definition = declaration(node.op)
        if definition is None:
            check_types([node.op])
            raise AssertionError
        inputs = self.inputs(node)
        handed_on = node.op == "Identity" and len(inputs) == 1 and node.attr["T"].type == _RESOURCE
        if handed_on and inputs[0].dtype is not resource:  # a variable, which is no resource here
            self.keep(node.name, inputs[0].op, inputs[:1])
            return
        with _naming(node):
            attrs = _attrs(node, definition, inputs)
            _check_inputs(definition, inputs, attrs)
        key = node.attr["shared_name"].s.decode() if node.op == "VarHandleOp" else ""
        op = self._shared.get(key)
        if op is None or not key:
            op = self.make(definition, node.name, inputs, attrs, self.controls(node), node.device)
            self._shared[key] = op
        shapes: Any = node.attr["_output_shapes"].list.shape if "_output_shapes" in node.attr else ()
        for tensor, shape in zip(op.outputs, shapes, strict=False):
            if tensor.shape.is_compatible_with(as_shape(shape)):
                tensor.set_shape(shape)
        self.keep(node.name, op, op.outputs)

    def keep(self, name: str, op: Operation, values: Iterable[Tensor]) -> None:
        """Note what a node became."""
        self.operations[name] = op
        self.values[name] = list(values)

    def make(
        self, definition: OpDef, name: str, inputs: Sequence[Tensor], attrs: dict[str, Any],
        controls: Iterable[Operation] = (), device: str = "",
    ) -> Operation:  # fmt: skip
        """Make an operation named after a node."""
        graph = self.graph
        if definition.random and "seed" in definition.attrs and isinstance(graph, FuncGraph):
            attrs, seeded = counted_attrs(attrs)
            definition, inputs = counted_form(definition), [*inputs, run_count(graph, seeded)]
        full = f"{self.scope}{name}"
        unique = graph.unique_name(full) if not graph.get_name_scope() else None
        if unique is None:
            with graph.name_scope(None):
                unique = graph.unique_name(full)
        with (
            naming(name, definition.name),
            graph.control_dependencies(None),
            graph.control_dependencies([*self.waits, *controls]),
            graph.device(device or None),
        ):
            return graph.add_operation(definition, tuple(inputs), attrs, unique, set_outputs)


class naming:
    """A context whose errors become ValueErrors that name the node: a GraphDef from a file may hold anything."""

    def __init__(self, name: str, op_type: str) -> None:
        self._what = f"Node {name!r} ({op_type}) of the GraphDef"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if isinstance(error, Exception) and not str(error).startswith("Node "):
            raise ValueError(f"{self._what} is not consistent: {error or type(error).__name__}") from None


def _naming(node: Any) -> naming:
    return naming(node.name, node.op)


def _attrs(node: Any, definition: OpDef, inputs: Sequence[Tensor]) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    renamed: dict[str, str] = _RENAMED_ATTRS.get(node.op, {})
    attributes: Any = node.attr
    for key, proto in attributes.items():
        own = renamed.get(key, str(key))
        declared = definition.attrs.get(own)
        if declared is not None:
            attrs[own] = attr_value(key, declared, proto)
        elif key == "_gradient_op_type":
            attrs[key] = proto.s.decode()
        elif not (key.startswith("_") or key in _HARMLESS or is_trivial(proto) or _implied(node, key)):
            raise ValueError(f"it has an attribute {key!r} that gradiente does not know.")
    for key, declared in definition.attrs.items():
        if key not in attrs:
            if declared.default is not REQUIRED:
                attrs[key] = declared.default
            elif node.op != definition.name and _type_of(definition, key, inputs) is not None:
                attrs[key] = _type_of(definition, key, inputs)
            else:
                raise ValueError(f"it lacks the attribute {key!r}.")
    return attrs


def _implied(node: Any, key: str) -> bool:
    """Whether an attribute of a node that is read as another type says what its inputs say."""
    return own_type(node.op) != node.op and key in ("dtype", "shape")


def _type_of(definition: OpDef, key: str, inputs: Sequence[Tensor]) -> Any:
    for arg, tensor in zip(definition.inputs, inputs, strict=False):
        if arg.is_list:
            return None
        if arg.type_attr == key:
            return tensor.dtype.base_dtype
    return None


_FIELDS = {"int": "i", "float": "f", "bool": "b", "string": "s"}


def attr_value(
    key: str, declared: AttrDef, proto: Any, function: Callable[[str], FuncGraph] | None = None
) -> Any:
    """The value of an attribute; ValueError if it is of another kind than declared, or not allowed."""
    wanted = "list" if declared.kind.startswith("list(") else _FIELDS.get(declared.kind, declared.kind)
    found = proto.WhichOneof("value")
    if found != wanted:
        kinds = {v: k for k, v in _FIELDS.items()}
        raise ValueError(
            f"its attribute {key!r} must be of kind {declared.kind}, not {kinds.get(found, found)}."
        )
    value = attr_from_proto(declared.kind, proto, function)
    if declared.allowed is not None and declared.kind in ("type", "string"):
        value = value.base_dtype if declared.kind == "type" else value
        if value not in declared.allowed:
            allowed = ", ".join(getattr(a, "name", repr(a)) for a in declared.allowed)
            raise ValueError(
                f"its attribute {key!r} is {getattr(value, 'name', repr(value))}, which is not one of {allowed}."
            )
    return value


def _check_inputs(definition: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> None:
    wanted = sum(arg.count(attrs) for arg in definition.inputs)
    if wanted != len(inputs):
        raise ValueError(f"it takes {wanted} inputs, not {len(inputs)}.")
    position = 0
    for arg in definition.inputs:
        for k in range(arg.count(attrs)):
            tensor = inputs[position]
            expected = _expected(arg, attrs, k)
            if tensor.dtype.base_dtype is not expected.base_dtype:
                raise ValueError(
                    f"its input {position} ({arg.name}) must be {expected.base_dtype.name}, but {tensor.name!r} is "
                    f"{tensor.dtype.base_dtype.name}."
                )
            if arg.is_ref and not tensor.dtype.is_ref_dtype:
                raise ValueError(
                    f"its input {position} ({arg.name}) must be a variable, not {tensor.name!r}."
                )
            position += 1


def _expected(arg: ArgDef, attrs: Mapping[str, Any], k: int) -> Any:
    if arg.type_list_attr:
        return attrs[arg.type_list_attr][k]
    return arg.dtype or attrs[arg.type_attr or ""]


def in_order(
    items: Sequence[Any], needs: Callable[[Any], Iterable[Any]], name: Callable[[Any], str]
) -> list[Any]:
    """The items so that each comes after those it needs; the given order where that allows.

    Raises:
        ValueError: if items need each other in a cycle; the message names them.
    """
    done: set[int] = set()
    ordered: list[Any] = []
    for start in items:
        stack: list[tuple[Any, bool]] = [(start, False)]
        waiting: dict[int, Any] = {}
        while stack:
            item, ready = stack.pop()
            if ready:
                waiting.pop(id(item), None)
                if id(item) not in done:
                    done.add(id(item))
                    ordered.append(item)
            elif id(item) in waiting:
                names = [name(each) for each in waiting.values()]
                cycle = ", ".join(map(repr, names[names.index(name(item)) :][:8]))
                raise ValueError(f"The GraphDef has a cycle through {cycle}.")
            elif id(item) not in done:
                waiting[id(item)] = item
                stack.append((item, True))
                stack.extend((each, False) for each in needs(item) if id(each) not in done)
    return ordered
