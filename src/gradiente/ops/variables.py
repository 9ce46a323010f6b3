"""Variables: state that a session keeps from one run to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope, register_tensor_conversion_function
from gradiente.graph.default_session import get_default_session
from gradiente.graph.dtypes import DType, as_dtype
from gradiente.graph.functions import init_scope
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.ops import state


class Variable:
    """State in a session, initialized by an operation and changed by assignments.

    Args:
        initial_value: a tensor, or what can be made one, or a function of no arguments that returns it.
        trainable: whether optimizers update it by default (adds it to ``GraphKeys.TRAINABLE_VARIABLES``).
        collections: the collections to join; ``[GraphKeys.GLOBAL_VARIABLES]`` by default.
        validate_shape: False allows an initial value of unknown shape, and assignments that change the shape.
        caching_device: accepted; XLA keeps variables on the device.
        name: the name, made unique; "Variable" by default.
        variable_def: a VariableDef protocol buffer to recreate a variable of the graph from.
        dtype: the type; the initial value's by default.
        expected_shape: the shape that the initial value must have.
        import_scope: the scope that ``variable_def``'s names stand in.
        constraint: a function from the updated value to the value to keep; optimizers apply it after an update.

    Raises:
        ValueError: if there is no initial value, or its shape is unknown while ``validate_shape`` is True.

    Source: TensorFlow 1's ``tf.Variable`` (the one that is not a resource).
    """

    __array_priority__ = 100

    def __init__(
        self, initial_value: Any = None, trainable: bool = True, collections: Iterable[Any] | None = None,
        validate_shape: bool = True, caching_device: Any = None, name: str | None = None, variable_def: Any = None,
        dtype: Any = None, expected_shape: Any = None, import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None, **accepted: Any,
    ) -> None:  # fmt: skip
        del caching_device, accepted
        self._constraint = constraint
        self._save_slice_info: Any = None
        if variable_def is not None:
            self._from_proto(variable_def, import_scope)
            return
        if initial_value is None:
            raise ValueError(
                "A variable needs an initial_value (or use tf.get_variable with a shape and an initializer)."
            )
        self._trainable = trainable
        joined = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(collections)
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in joined:
            joined.append(GraphKeys.TRAINABLE_VARIABLES)
        with init_scope():
            self._build(
                initial_value,
                None if dtype is None else as_dtype(dtype),
                validate_shape,
                name,
                expected_shape,
            )
            self.graph.add_to_collections(joined, self)

    def _build(
        self, initial_value: Any, dtype: DType | None, validate_shape: bool, name: str | None, expected: Any
    ) -> None:
        from_function = callable(initial_value)
        with name_scope(name, "Variable", None if from_function else [initial_value]) as scope:
            if from_function:
                with name_scope(scope + "Initializer/"):
                    value = convert_to_tensor(initial_value(), dtype=dtype, name="initial_value")
            else:
                value = convert_to_tensor(initial_value, dtype=dtype, name="initial_value")
            self._initial_value = value
            shape = value.shape.merge_with(as_shape(expected)) if expected is not None else value.shape
            if validate_shape and not shape.is_fully_defined():
                raise ValueError(
                    f"initial_value must have a shape specified: {value.name!r} has shape {shape}. Give it one, or pass "
                    "validate_shape=False."
                )
            stored = shape if validate_shape else TensorShape(None)
            self._variable: Tensor = apply(
                "VariableV2", shape=stored, dtype=value.dtype.base_dtype, name=scope
            )
            assigned = state.assign(self._variable, value, validate_shape=validate_shape, name="Assign")
            self._initializer: Operation = assigned.op
            self._snapshot: Tensor = apply("Identity", self._variable, name="read")

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name of the reference tensor (``"w:0"``)."""
        return self._variable.name

    @property
    def op(self) -> Operation:
        """The VariableV2 operation."""
        return self._variable.op

    @property
    def graph(self) -> Graph:
        """The graph that contains the variable."""
        return self._variable.graph

    @property
    def dtype(self) -> DType:
        """The reference type (``float32_ref``), as in TensorFlow 1; ``dtype.base_dtype`` is the value's."""
        return self._variable.dtype

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._variable.shape

    @property
    def device(self) -> str:
        """The device that the program asked for."""
        return self._variable.device

    @property
    def initializer(self) -> Operation:
        """The operation that gives the variable its initial value."""
        return self._initializer

    @property
    def initial_value(self) -> Tensor:
        """The tensor that the variable starts from."""
        return self._initial_value

    @property
    def trainable(self) -> bool:
        """Whether optimizers update it by default."""
        return self._trainable

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """The function that projects an updated value."""
        return self._constraint

    def get_shape(self) -> TensorShape:
        """The shape."""
        return self._variable.shape

    def set_shape(self, shape: Any) -> None:
        """Add what is known of the shape."""
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    # --- its value --------------------------------------------------------------------------------------------------

    def value(self) -> Tensor:
        """The value as a tensor: what an operation that uses it sees when its turn comes."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """The value, read anew here: after the operations that ``control_dependencies`` name."""
        return apply("Identity", self._variable, name="read")

    def initialized_value(self) -> Tensor:
        """The value if the variable is initialized, else its initial value."""
        from gradiente.ops.control_flow import cond

        with init_scope():
            return cond(state.is_variable_initialized(self), self.read_value, lambda: self.initial_value)

    def eval(self, session: Any = None) -> Any:
        """The value in ``session``, or in the default session, as a NumPy array."""
        return self._snapshot.eval(session=session)

    def load(self, value: Any, session: Any = None) -> None:
        """Set the value in ``session`` (or the default session) without adding an operation.

        Raises:
            ValueError: if there is no session.
        """
        session = session or get_default_session()
        if session is None:
            raise ValueError("Variable.load needs a session: pass one, or use `with tf.Session():`.")
        session.run(self._initializer, {self._initializer.inputs[1]: value})

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Set the value (see ``tf.assign``)."""
        result = state.assign(self._variable, value, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Add ``delta`` to the value (see ``tf.assign_add``)."""
        result = state.assign_add(self._variable, delta, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtract ``delta`` from the value (see ``tf.assign_sub``)."""
        result = state.assign_sub(self._variable, delta, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        """Subtract IndexedSlices from the value."""
        return self._scatter(state.scatter_sub, sparse_delta, use_locking, name)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        """Add IndexedSlices to the value."""
        return self._scatter(state.scatter_add, sparse_delta, use_locking, name)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        """Multiply the rows that IndexedSlices name."""
        return self._scatter(state.scatter_mul, sparse_delta, use_locking, name)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        """Divide the rows that IndexedSlices name."""
        return self._scatter(state.scatter_div, sparse_delta, use_locking, name)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        """Keep the smaller of the value and IndexedSlices."""
        return self._scatter(state.scatter_min, sparse_delta, use_locking, name)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        """Keep the larger of the value and IndexedSlices."""
        return self._scatter(state.scatter_max, sparse_delta, use_locking, name)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        """Set the rows that IndexedSlices name."""
        return self._scatter(state.scatter_update, sparse_delta, use_locking, name)

    def _scatter(self, function: Any, sparse_delta: Any, use_locking: bool, name: str | None) -> Tensor:
        if not isinstance(sparse_delta, IndexedSlices):
            raise TypeError(
                f"sparse_delta is not IndexedSlices: {sparse_delta!r}. Use tf.IndexedSlices(values, indices), or "
                f"tf.{function.__name__}({self.op.name}, indices, updates)."
            )
        return function(self._variable, sparse_delta.indices, sparse_delta.values, use_locking, name)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        """Subtract from elements or slices of the value (see ``tf.scatter_nd_sub``)."""
        return state.scatter_nd_sub(self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        """Add to elements or slices of the value (see ``tf.scatter_nd_add``)."""
        return state.scatter_nd_add(self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        """Set elements or slices of the value (see ``tf.scatter_nd_update``)."""
        return state.scatter_nd_update(self._variable, indices, updates, use_locking=True, name=name)

    def count_up_to(self, limit: int) -> Tensor:
        """The value, which then grows by one (see ``tf.count_up_to``)."""
        return state.count_up_to(self._variable, limit)

    # --- in the graph -----------------------------------------------------------------------------------------------

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def _ref(self) -> Tensor:
        return self._variable

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The variable as a VariableDef protocol buffer; None if it is outside ``export_scope``."""
        from gradiente.graph.proto_types import VariableDef

        if export_scope and not self.op.name.startswith(export_scope):
            return None
        cut = len(export_scope) + 1 if export_scope else 0
        return VariableDef(
            variable_name=self.name[cut:], initializer_name=self._initializer.name[cut:],
            snapshot_name=self._snapshot.name[cut:], initial_value_name=self._initial_value.name[cut:],
            trainable=self._trainable,
        )  # fmt: skip

    def _from_proto(self, proto: Any, import_scope: str | None) -> None:
        graph, prefix = get_default_graph(), f"{import_scope}/" if import_scope else ""
        self._variable = graph.get_tensor_by_name(prefix + proto.variable_name)
        self._initializer = graph.get_operation_by_name(prefix + proto.initializer_name)
        self._snapshot = graph.get_tensor_by_name(prefix + proto.snapshot_name)
        self._initial_value = (
            graph.get_tensor_by_name(prefix + proto.initial_value_name)
            if proto.initial_value_name
            else self._initializer.inputs[1]
        )
        self._trainable = bool(proto.trainable)

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Variable:
        """The variable that a VariableDef describes, whose operations are in the default graph."""
        return Variable(variable_def=variable_def, import_scope=import_scope)

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("'Variable' object is not iterable; use tf.unstack to split its value along axis 0.")

    def __bool__(self) -> bool:
        return bool(self._snapshot)

    def __getitem__(self, key: Any) -> Tensor:
        return self._snapshot[key]


def _forward(name: str) -> Callable[..., Any]:
    def method(self: Variable, *args: Any) -> Any:
        return getattr(self.value(), name)(*args)

    method.__name__ = name
    return method


for _name in (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "div", "floordiv", "rfloordiv", "mod", "rmod",
    "pow", "rpow", "matmul", "rmatmul", "and", "rand", "or", "ror", "xor", "rxor", "lt", "le", "gt", "ge", "neg", "abs",
    "invert",
):  # fmt: skip
    setattr(Variable, f"__{_name}__", _forward(f"__{_name}__"))


def _convert(value: Variable, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Tensor:
    del name
    return convert_to_tensor(value._as_graph_element() if as_ref else value.value(), dtype)  # pyright: ignore[reportPrivateUsage] - the class's own module


register_tensor_conversion_function(Variable, _convert)
