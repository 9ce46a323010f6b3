"""The variables that ``get_variable`` made in a graph: found again by name, made when they are new."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.build import convert_to_tensor, name_scope
from gradiente.graph.constants import constant_array
from gradiente.graph.dtypes import DType, as_dtype, float32, string
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.source import user_line
from gradiente.ops import partitioned_variables as parts
from gradiente.ops.variables import Variable

_STORE = ("__variable_store",)


class _ReuseMode(enum.Enum):
    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE
"""Given as ``reuse``: take the variable if it exists, make it otherwise (``tf.AUTO_REUSE``)."""


def no_regularizer(_: Any) -> None:
    """A regularizer that adds nothing: it keeps a scope's default regularizer off a variable (``tf.no_regularizer``)."""
    return


def root_graph() -> Graph:
    """The default graph, or the one around all function bodies when a body is being built: where variables live."""
    graph: Any = get_default_graph()
    while isinstance(graph, FuncGraph):
        graph = graph.outer_graph
    return graph


def default_store() -> VariableStore:
    """The variable store of the default graph."""
    held = root_graph().get_collection_ref(_STORE)
    if not held:
        held.append(VariableStore())
    return held[0]


class VariableStore:
    """The variables of a graph by full name, and how often each variable scope was opened."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.partitioned: dict[str, parts.PartitionedVariable] = {}
        self.opened: dict[str, int] = {}

    def open_scope(self, name: str) -> None:
        """Count one more opening of a scope."""
        self.opened[name] = self.opened.get(name, 0) + 1

    def close_subscopes(self, name: str) -> None:
        """Forget how often the scopes below ``name`` were opened: their default names start anew."""
        for key in self.opened:
            if not name or key.startswith(name + "/"):
                self.opened[key] = 0

    def get_variable(
        self, name: str, shape: Any = None, dtype: Any = float32, initializer: Any = None, regularizer: Any = None,
        reuse: Any = None, trainable: bool | None = True, collections: Any = None, caching_device: Any = None,
        partitioner: Any = None, validate_shape: bool = True, use_resource: bool | None = None,
        custom_getter: Callable[..., Any] | None = None, constraint: Any = None, **accepted: Any,
    ) -> Any:  # fmt: skip
        """The variable of a full name; see ``gradiente.ops.variable_scope.get_variable``."""
        del accepted
        settings: dict[str, Any] = {
            "shape": shape, "dtype": dtype, "initializer": initializer, "regularizer": regularizer, "reuse": reuse,
            "trainable": trainable, "collections": collections, "caching_device": caching_device,
            "partitioner": partitioner, "validate_shape": validate_shape, "use_resource": use_resource,
            "constraint": constraint,
        }  # fmt: skip
        if custom_getter is not None:
            return custom_getter(getter=self._true_getter, name=name, **settings)
        return self._true_getter(name, **settings)

    def _true_getter(
        self, name: str, shape: Any = None, dtype: Any = float32, initializer: Any = None, regularizer: Any = None,
        reuse: Any = None, trainable: bool | None = True, collections: Any = None, caching_device: Any = None,
        partitioner: Any = None, validate_shape: bool = True, use_resource: bool | None = None, constraint: Any = None,
        **accepted: Any,
    ) -> Any:  # fmt: skip
        del caching_device, use_resource, accepted
        wanted = TensorShape(None) if shape is None else as_shape(shape)
        kind = as_dtype(dtype).base_dtype
        from_value = initializer is not None and not callable(initializer)
        trainable = True if trainable is None else trainable
        if partitioner is not None and wanted.ndims != 0:
            if from_value:
                raise ValueError(
                    f"Variable {name} is partitioned, so it can't start from a constant array. Use an initializer such as "
                    "tf.constant_initializer(array)."
                )
            counts = parts.partition_counts(partitioner, name, wanted, kind)
            if max(counts) > 1 or name in self.partitioned:
                return self._partitioned(
                    name, wanted, kind, counts, initializer, regularizer, reuse, trainable, collections, validate_shape,
                    constraint,
                )  # fmt: skip
        if from_value and shape is not None and wanted.ndims is not None:
            raise ValueError(
                f"Variable {name}: the initializer is a constant, so its shape is the variable's. Leave out shape={shape}, "
                "or use tf.constant_initializer(value)."
            )
        found = self.variables.get(name)
        if found is not None:
            return _shared(found, name, wanted, kind, reuse)
        if name in self.partitioned:
            raise ValueError(
                f"A partitioner was given for variable {name} when it was made, but not now. Give the same partitioner."
            )
        if reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). Did you mean to set "
                f"reuse=tf.AUTO_REUSE in VarScope?{self._near(name)} Asked for at {user_line()}"
            )
        value, kind = _initial_value(name, wanted, kind, initializer, validate_shape, None)
        variable = Variable(
            initial_value=value, name=name, trainable=trainable, collections=collections, dtype=kind,
            validate_shape=validate_shape, constraint=constraint,
        )  # fmt: skip
        self.variables[name] = variable
        if regularizer:
            add_regularization(variable, name, regularizer)
        return variable

    def _near(self, name: str) -> str:
        import difflib

        near = difflib.get_close_matches(name, [*self.variables, *self.partitioned], n=3)
        return f" Near it: {', '.join(near)}." if near else ""

    def _partitioned(
        self, name: str, shape: TensorShape, dtype: DType, counts: list[int], initializer: Any, regularizer: Any,
        reuse: Any, trainable: bool, collections: Any, validate_shape: bool, constraint: Any,
    ) -> parts.PartitionedVariable:  # fmt: skip
        found = self.partitioned.get(name)
        if found is not None:
            return _shared(found, name, shape, dtype, reuse)
        if reuse is True:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). Did you mean to "
                f"set reuse=False or reuse=tf.AUTO_REUSE in VarScope?{self._near(name)}"
            )
        slices: list[Variable] = []
        full = [int(d or 0) for d in shape.as_list()]
        for i, (offset, size) in enumerate(parts.slices_of(full, counts)):
            info = parts.SaveSliceInfo(name, full, offset, size)
            part = f"{name}/part_{i}"
            value, dtype = _initial_value(part, as_shape(size), dtype, initializer, validate_shape, info)
            variable = Variable(
                initial_value=value, name=part, trainable=trainable, collections=collections, dtype=dtype,
                validate_shape=validate_shape, constraint=constraint,
            )  # fmt: skip
            variable._save_slice_info = info  # pyright: ignore[reportPrivateUsage] - TensorFlow's name for it
            slices.append(variable)
            if regularizer:
                add_regularization(variable, part, regularizer)
        whole = parts.PartitionedVariable(name, as_shape(full), dtype, slices, counts)
        self.partitioned[name] = whole
        return whole


def add_regularization(variable: Any, name: str, regularizer: Callable[[Any], Any]) -> None:
    """Add a variable's penalty to ``GraphKeys.REGULARIZATION_LOSSES``; a regularizer may return None for none."""
    graph = get_default_graph()
    with graph.control_dependencies(None), name_scope(name + "/Regularizer/"):
        loss = regularizer(variable)
    if loss is not None:
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)


def _shared(found: Any, name: str, shape: TensorShape, dtype: DType, reuse: Any) -> Any:
    first = found.op.source
    if not reuse:
        raise ValueError(
            f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
            f"VarScope? It was made at {first}, and asked for again at {user_line()}"
        )
    if not shape.is_compatible_with(found.get_shape()):
        raise ValueError(
            f"Trying to share variable {name}, but specified shape {shape} and found shape {found.get_shape()}. It was made "
            f"at {first}. Ask for the same shape, or use another name or variable scope."
        )
    if not dtype.is_compatible_with(found.dtype):
        raise ValueError(
            f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype "
            f"{found.dtype.base_dtype.name}. It was made at {first}."
        )
    return found


def _initial_value(
    name: str, shape: TensorShape, dtype: DType, initializer: Any, validate_shape: bool,
    info: parts.SaveSliceInfo | None,
) -> tuple[Any, DType]:  # fmt: skip
    """What the variable starts from, a tensor or a function that makes one, and the variable's type."""
    if initializer is not None and not callable(initializer):
        if isinstance(initializer, Tensor):
            return initializer, initializer.dtype.base_dtype
        return initializer, dtype
    if initializer is None:
        initializer = _default_initializer(name, dtype)
    if isinstance(initializer, type):
        initializer = initializer()
    if shape.is_fully_defined():
        if not _parameters(initializer):
            return _checked(name, shape, initializer), dtype
        sizes = [int(d or 0) for d in shape.as_list()]
        keywords: dict[str, Any] = {"dtype": dtype}
        if info is not None and "partition_info" in _parameters(initializer):
            keywords["partition_info"] = parts.PartitionInfo(info.full_shape, info.var_offset)
        return (lambda: initializer(sizes, **keywords)), dtype
    if _takes_nothing(initializer):
        return initializer, dtype
    if validate_shape or shape.ndims is None:
        raise ValueError(
            f"Shape of a new variable ({name}) must be fully defined, but instead was {shape}. Give get_variable a shape "
            "without None, or an initial value."
        )
    return (lambda: initializer(shape.as_list(), dtype=dtype)), dtype


def _checked(name: str, shape: TensorShape, initializer: Callable[[], Any]) -> Callable[[], Any]:
    """A function of no arguments whose result must have the variable's shape."""

    def value() -> Any:
        result = convert_to_tensor(initializer())
        if not result.shape.is_compatible_with(shape):
            raise ValueError(
                f"Variable {name} has shape {shape}, but its initializer gave shape {result.shape}."
            )
        return result

    return value


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {"shape": inspect.Parameter("shape", inspect.Parameter.POSITIONAL_ONLY)}


def _takes_nothing(function: Callable[..., Any]) -> bool:
    return not any(
        p.default is p.empty and p.kind is not p.VAR_KEYWORD for p in _parameters(function).values()
    )


def _default_initializer(name: str, dtype: DType) -> Callable[..., Any]:
    from gradiente.ops import initializers

    if dtype.is_floating:
        return initializers.glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool or dtype is string:
        return initializers.zeros_initializer()
    raise ValueError(
        f"An initializer for variable {name} of type {dtype.name} is required: give initializer=..."
    )


def value_dtype(value: Any) -> DType:
    """The type of the variable that a constant initializer makes."""
    if isinstance(value, Tensor | Variable):
        return value.dtype.base_dtype
    return as_dtype(constant_array(value).dtype if not isinstance(value, np.ndarray) else value.dtype)  # pyright: ignore[reportUnknownMemberType] - user input
