"""IndexedSlices: the gradient of a gather, which is zero but in a few rows."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, register_tensor_conversion_function
from gradiente.graph.dtypes import DType
from gradiente.graph.graph import Graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.shapes import TensorShape


class IndexedSlices:
    """Rows of a larger tensor: ``dense[indices[i]] += values[i]``, zero elsewhere.

    Attributes:
        values: the rows, of shape [n, ...].
        indices: their positions in the dense tensor, of shape [n]; a position may come more than once.
        dense_shape: the dense tensor's shape, as a rank-1 tensor, or None.

    Source: TensorFlow's ``tf.IndexedSlices``.
    """

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> None:
        self.values = values
        self.indices = indices
        self.dense_shape = dense_shape

    @property
    def dtype(self) -> DType:
        """The type of the values."""
        return self.values.dtype

    @property
    def graph(self) -> Graph:
        """The graph of the values."""
        return self.values.graph

    @property
    def op(self) -> Operation:
        """The operation that produces the values."""
        return self.values.op

    @property
    def name(self) -> str:
        """The name of the values."""
        return self.values.name

    @property
    def device(self) -> str:
        """The device of the values."""
        return self.values.device

    @property
    def shape(self) -> TensorShape:
        """What is known of the dense tensor's shape."""
        from gradiente.graph.constants import constant_value_as_shape

        if self.dense_shape is None:
            return TensorShape([None]).concatenate(self.values.shape[1:])
        return constant_value_as_shape(self.dense_shape)

    def get_shape(self) -> TensorShape:
        """What is known of the dense tensor's shape."""
        return self.shape

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices!r}, values={self.values!r}, dense_shape={self.dense_shape!r})"


def to_dense(slices: IndexedSlices, name: str | None = None) -> Tensor:
    """The dense tensor that ``slices`` stands for.

    Raises:
        ValueError: if its dense shape is not known.
    """
    if slices.dense_shape is None:
        raise ValueError(
            f"IndexedSlices {slices.name!r} can't be made dense: its dense_shape is unknown. Give it when making them."
        )
    rows = apply("StridedSlice", slices.dense_shape, [0], [1], [1], shrink_axis_mask=1)
    return apply("UnsortedSegmentSum", slices.values, slices.indices, rows, name=name)


def densified(value: Any) -> Any:
    """``value``, as a tensor if it is IndexedSlices."""
    return to_dense(value) if isinstance(value, IndexedSlices) else value


def _convert(
    value: IndexedSlices, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    del as_ref
    return convert_to_tensor(to_dense(value, name), dtype)


register_tensor_conversion_function(IndexedSlices, _convert)
