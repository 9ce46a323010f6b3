"""Operations and tensors: the nodes and the edges of a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from gradiente.graph.default_session import run_in_default_session
from gradiente.graph.dtypes import DType
from gradiente.graph.registry import OpDef
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.source import SourceLine

if TYPE_CHECKING:
    from gradiente.graph.graph import Graph


class Operation:
    """A node of the graph. It is immutable, holds no runtime value, and remembers the user's line that made it.

    Operations are made by the functions of the library (``tf.matmul(...)``), never directly.
    """

    __slots__ = (
        "__weakref__", "_attrs", "_control_inputs", "_device", "_graph", "_id", "_inputs", "_name", "_op_def",
        "_outputs", "_source",
    )  # fmt: skip

    def __init__(
        self,
        graph: Graph,
        name: str,
        op_def: OpDef,
        inputs: tuple[Tensor, ...],
        control_inputs: tuple[Operation, ...],
        attrs: Mapping[str, Any],
        device: str,
        source: SourceLine,
        identifier: int,
    ) -> None:
        self._graph = graph
        self._name = name
        self._op_def = op_def
        self._inputs = inputs
        self._control_inputs = control_inputs
        self._attrs = attrs
        self._device = device
        self._source = source
        self._id = identifier
        self._outputs: tuple[Tensor, ...] = ()

    @property
    def graph(self) -> Graph:
        """The graph that contains the operation."""
        return self._graph

    @property
    def name(self) -> str:
        """The full name, unique in its graph."""
        return self._name

    @property
    def type(self) -> str:
        """TensorFlow's name of the op (``"MatMul"``)."""
        return self._op_def.name

    @property
    def op_def(self) -> OpDef:
        """The op's declaration."""
        return self._op_def

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The input tensors; a list input contributes each of its tensors."""
        return self._inputs

    @property
    def control_inputs(self) -> tuple[Operation, ...]:
        """The operations that run before this one though it uses none of their outputs."""
        return self._control_inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The output tensors."""
        return self._outputs

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The attributes, by TensorFlow's names, as Python values."""
        return self._attrs

    @property
    def device(self) -> str:
        """The device that the program asked for (a hint; empty if none)."""
        return self._device

    @property
    def source(self) -> SourceLine:
        """The user's line that made the operation."""
        return self._source

    @property
    def traceback(self) -> list[tuple[str, int, str, str]]:
        """The user's line in the form of a traceback entry: (file, line, function, text)."""
        return [(self._source.filename, self._source.lineno, self._source.function, self._source.text)]

    @property
    def node_def(self) -> Any:
        """The operation as a NodeDef protocol buffer."""
        from gradiente.graph.graph_def import node_def

        return node_def(self)

    @property
    def _id_value(self) -> int:
        return self._id

    @property
    def creation_index(self) -> int:
        """The operation's number in its graph, in the order of creation."""
        return self._id

    def values(self) -> tuple[Tensor, ...]:
        """The output tensors."""
        return self._outputs

    def get_attr(self, name: str) -> Any:
        """An attribute's value (types as DType, shapes as TensorShape, strings as bytes as in TensorFlow).

        Raises:
            ValueError: if the operation has no such attribute.
        """
        if name not in self._attrs:
            raise ValueError(f"Operation {self._name!r} ({self.type}) has no attribute named {name!r}.")
        value = self._attrs[name]
        return value.encode() if isinstance(value, str) else value

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Run the operation in ``session``, or in the default session."""
        run_in_default_session(self, feed_dict, session, self._graph)

    def with_inputs(self, inputs: Sequence[Tensor]) -> Operation:
        """The same operation on other tensors, for the runtime: it stands in no graph, and gives this one's outputs."""
        other = Operation(
            self._graph, self._name, self._op_def, tuple(inputs), self._control_inputs, self._attrs, self._device,
            self._source, self._id,
        )  # fmt: skip
        other._outputs = self._outputs
        return other

    def colocation_groups(self) -> list[bytes]:
        """The operation's colocation groups: just its own."""
        return [b"loc:@" + self._name.encode()]

    def __repr__(self) -> str:
        return f"<tf.Operation '{self._name}' type={self.type}>"


class Tensor:
    """An edge of the graph: one output of an operation. It has a type and a shape, but no value until a session runs.

    Python's operators build operations: ``+ - * / // % ** @ < <= > >= & | ^ ~ abs() -x`` and indexing. ``==`` compares
    identity, as in TensorFlow 1 (``tf.equal`` compares values).
    """

    __slots__ = ("__weakref__", "_constant", "_dtype", "_op", "_shape", "_value_index")

    operators: ClassVar[dict[str, Callable[..., Any]]] = {}
    """What Python's operators build, by the operator's name; filled in by ``gradiente.ops``."""

    __array_priority__ = 100

    def __init__(self, op: Operation, value_index: int, dtype: DType, shape: TensorShape) -> None:
        self._op = op
        self._value_index = value_index
        self._dtype = dtype
        self._shape = shape
        self._constant: Any = None

    @property
    def op(self) -> Operation:
        """The operation that produces the tensor."""
        return self._op

    @property
    def value_index(self) -> int:
        """The tensor's position among the operation's outputs."""
        return self._value_index

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape."""
        return self._shape

    @property
    def graph(self) -> Graph:
        """The graph that contains the tensor."""
        return self._op.graph

    @property
    def name(self) -> str:
        """``"operation:index"``."""
        return f"{self._op.name}:{self._value_index}"

    @property
    def device(self) -> str:
        """The device that the program asked for."""
        return self._op.device

    def get_shape(self) -> TensorShape:
        """What is known of the shape."""
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Add what the program knows of the shape. Raises ValueError if it contradicts what is known already."""
        shape = as_shape(shape)
        if not self._shape.is_compatible_with(shape):
            raise ValueError(
                f"Tensor {self.name!r} has shape {self._shape}, which is not compatible with {shape}."
            )
        self._shape = self._shape.merge_with(shape)

    def consumers(self) -> list[Operation]:
        """The operations that take this tensor as input."""
        return [op for op in self.graph.get_operations() if any(t is self for t in op.inputs)]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """The tensor's value in ``session``, or in the default session."""
        return run_in_default_session(self, feed_dict, session, self.graph)

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self._shape} dtype={self._dtype.name}>"

    def __str__(self) -> str:
        shape = f", shape={self._shape}" if self._shape.ndims is not None else ""
        return f'Tensor("{self.name}"{shape}, dtype={self._dtype.name})'

    __hash__ = object.__hash__  # in C: each run looks tensors up

    def __eq__(self, other: object) -> bool:
        return self is other

    def __bool__(self) -> bool:
        raise TypeError(
            f"Using the tensor {self.name!r} as a Python bool is not allowed: it has no value while the graph is built. "
            "Use tf.cond to choose by a tensor's value, or `if t is not None:` to test that it is there."
        )

    __nonzero__ = __bool__

    def __len__(self) -> int:
        raise TypeError(
            f"len() of tensor {self.name!r} is not defined; use tf.shape(t)[0] or t.shape.as_list()[0]."
        )

    def __float__(self) -> float:
        raise TypeError(
            f"Tensor {self.name!r} has no value while the graph is built; run it in a session first."
        )

    def __int__(self) -> int:
        raise TypeError(
            f"Tensor {self.name!r} has no value while the graph is built; run it in a session first."
        )

    def __index__(self) -> int:
        raise TypeError(
            f"Tensor {self.name!r} has no value while the graph is built; run it in a session first."
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NotImplementedError(
            f"Cannot convert the symbolic tensor {self.name!r} to a NumPy array: a NumPy function was called on it. "
            "Use the tf function of the same name, or run the tensor in a session first."
        )

    def __iter__(self) -> Iterator[Tensor]:
        raise TypeError(
            f"Tensor {self.name!r} is not iterable while the graph is built; use tf.unstack to split it along axis 0."
        )

    def __getitem__(self, key: Any) -> Tensor:
        return self.operators["getitem"](self, key)

    def __neg__(self) -> Tensor:
        return self.operators["neg"](self)

    def __abs__(self) -> Tensor:
        return self.operators["abs"](self)

    def __invert__(self) -> Tensor:
        return self.operators["invert"](self)

    def __add__(self, other: Any) -> Tensor:
        return self.operators["add"](self, other)

    def __radd__(self, other: Any) -> Tensor:
        return self.operators["radd"](self, other)

    def __sub__(self, other: Any) -> Tensor:
        return self.operators["sub"](self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self.operators["rsub"](self, other)

    def __mul__(self, other: Any) -> Tensor:
        return self.operators["mul"](self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return self.operators["rmul"](self, other)

    def __truediv__(self, other: Any) -> Tensor:
        return self.operators["truediv"](self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self.operators["rtruediv"](self, other)

    def __div__(self, other: Any) -> Tensor:
        return self.operators["truediv"](self, other)

    def __floordiv__(self, other: Any) -> Tensor:
        return self.operators["floordiv"](self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return self.operators["rfloordiv"](self, other)

    def __mod__(self, other: Any) -> Tensor:
        return self.operators["mod"](self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return self.operators["rmod"](self, other)

    def __pow__(self, other: Any) -> Tensor:
        return self.operators["pow"](self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return self.operators["rpow"](self, other)

    def __matmul__(self, other: Any) -> Tensor:
        return self.operators["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return self.operators["rmatmul"](self, other)

    def __and__(self, other: Any) -> Tensor:
        return self.operators["and"](self, other)

    def __rand__(self, other: Any) -> Tensor:
        return self.operators["rand"](self, other)

    def __or__(self, other: Any) -> Tensor:
        return self.operators["or"](self, other)

    def __ror__(self, other: Any) -> Tensor:
        return self.operators["ror"](self, other)

    def __xor__(self, other: Any) -> Tensor:
        return self.operators["xor"](self, other)

    def __rxor__(self, other: Any) -> Tensor:
        return self.operators["rxor"](self, other)

    def __lt__(self, other: Any) -> Tensor:
        return self.operators["lt"](self, other)

    def __le__(self, other: Any) -> Tensor:
        return self.operators["le"](self, other)

    def __gt__(self, other: Any) -> Tensor:
        return self.operators["gt"](self, other)

    def __ge__(self, other: Any) -> Tensor:
        return self.operators["ge"](self, other)
