"""SparseTensor: a tensor given by its non-zero elements, as three tensors. It can be fed and fetched whole."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from gradiente.graph.build import convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value_as_shape
from gradiente.graph.dtypes import DType, int64
from gradiente.graph.graph import Graph
from gradiente.graph.nest import Composite
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.shapes import TensorShape

SparseTensorValue = namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])  # pyright: ignore[reportUntypedNamedTuple] - as TensorFlow's


class SparseTensor(Composite):
    """The elements of a tensor that are not its default: ``dense[indices[i]] = values[i]``.

    Args:
        indices: int64 of shape [n, rank]: the elements' coordinates, in row-major order.
        values: n elements, of any type.
        dense_shape: int64 of shape [rank].

    Raises:
        ValueError: if the three shapes don't agree.

    Source: TensorFlow 1's ``tf.SparseTensor``.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any = None, shape: Any = None) -> None:
        if dense_shape is None:
            dense_shape = shape
        with name_scope(
            None, "SparseTensor", [t for t in (indices, values, dense_shape) if isinstance(t, Tensor)]
        ):
            self._indices = convert_to_tensor(indices, dtype=int64, name="indices")
            self._values = convert_to_tensor(values, name="values")
            self._dense_shape = convert_to_tensor(dense_shape, dtype=int64, name="dense_shape")
        places, sizes = self._indices.shape.with_rank(2), self._dense_shape.shape.with_rank(1)
        self._values.shape.with_rank(1)
        places[:1].assert_is_compatible_with(self._values.shape[:1])
        places[1:].assert_is_compatible_with(sizes)

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """The sparse tensor that a SparseTensorValue (or another SparseTensor) holds."""
        parts = sparse_tensor_value
        return cls(parts.indices, parts.values, parts.dense_shape)

    @property
    def indices(self) -> Tensor:
        """The coordinates, int64 of shape [n, rank]."""
        return self._indices

    @property
    def values(self) -> Tensor:
        """The elements, of shape [n]."""
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        """The dense tensor's shape, int64 of shape [rank]."""
        return self._dense_shape

    @property
    def op(self) -> Operation:
        """The operation that produces the values."""
        return self._values.op

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return self._values.dtype

    @property
    def graph(self) -> Graph:
        """The graph of the three tensors."""
        return self._values.graph

    @property
    def shape(self) -> TensorShape:
        """What is known of the dense tensor's shape."""
        return constant_value_as_shape(self._dense_shape)

    def get_shape(self) -> TensorShape:
        """What is known of the dense tensor's shape."""
        return self.shape

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """The SparseTensorValue, in ``session`` or in the default session."""
        from gradiente.graph.default_session import run_in_default_session

        return run_in_default_session(self, feed_dict, session, self.graph)

    def to_tensors(self) -> list[Any]:
        """Its indices, values and shape."""
        return [self._indices, self._values, self._dense_shape]

    def from_tensors(self, tensors: Sequence[Any]) -> SparseTensor:
        """A sparse tensor of other indices, values and shape."""
        return SparseTensor(*tensors)

    def _fetch_parts(self) -> tuple[Sequence[Tensor], Callable[[Sequence[Any]], Any]]:
        return (self._indices, self._values, self._dense_shape), _value

    def _feed_parts(self, value: Any) -> list[tuple[Tensor, Any]]:
        indices, values, dense_shape = value
        return [(self._indices, indices), (self._values, values), (self._dense_shape, dense_shape)]

    def __repr__(self) -> str:
        return (
            f"SparseTensor(indices={self._indices}, values={self._values}, dense_shape={self._dense_shape})"
        )


def _value(parts: Sequence[Any]) -> Any:
    return SparseTensorValue(*parts)
