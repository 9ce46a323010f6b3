"""TensorArray: tensors of one type under the indices 0, 1, ..., written and read one by one, for loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import DType, as_dtype, int32
from gradiente.graph.nest import Composite
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.source import user_line
from gradiente.ops import tensor_array_ops as tensor_array_ops


class TensorArray(Composite):
    """Tensors of one type and shape under the indices 0, 1, ..., for use in loops.

    A write gives a new TensorArray, which stands for the array after it; it can be a loop variable of ``while_loop``.

    Args:
        dtype: the elements' type.
        size: how many elements, a number or an int32 scalar.
        dynamic_size: let writes beyond the end make the array longer. Loops that write to it run in Python.
        clear_after_read: accepted: elements may be read again.
        tensor_array_name: accepted.
        handle: accepted.
        flow: the tensor that carries the elements; from another TensorArray.
        infer_shape: require that all elements have one shape, and use it.
        element_shape: the elements' shape.
        colocate_with_first_write_call: accepted.
        name: the name scope.

    Raises:
        ValueError: if neither ``size`` nor ``flow`` is given.

    Example:
        >>> squares = tf.TensorArray(tf.float32, size=3)
        >>> for i in range(3):
        ...     squares = squares.write(i, float(i * i))
        >>> with tf.Session() as sess:
        ...     sess.run(squares.stack())
        array([0., 1., 4.], dtype=float32)

    Source: TensorFlow 1's ``tf.TensorArray``.
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, handle: Any = None, flow: Tensor | None = None, infer_shape: bool = True,
        element_shape: Any = None, colocate_with_first_write_call: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        del clear_after_read, tensor_array_name, colocate_with_first_write_call
        flow = handle if flow is None else flow
        if size is None and flow is None:
            raise ValueError(
                f"TensorArray: give it its size (or dynamic_size=True and size=0), at {user_line()}."
            )
        self._dtype = as_dtype(dtype).base_dtype
        self._dynamic = bool(dynamic_size)
        self._infer_shape = infer_shape
        self._element_shape = [as_shape(element_shape)]
        if flow is not None:
            self._flow = flow
            self._size: Tensor | None = None
            return
        with name_scope(name, "TensorArray", []) as scope:
            count = convert_to_tensor(size, name="size")
            count = count if count.dtype.base_dtype is int32 else apply("Cast", count, DstT=int32)
            self._size = None if self._dynamic else count
            self._flow: Tensor = apply(
                "_TensorArrayNew", count, dtype=self._dtype, element_shape=self._element_shape[0], name=scope
            )

    # --- as a part of structures ------------------------------------------------------------------------------------

    def to_tensors(self) -> list[Any]:
        """The flow."""
        return [self._flow]

    def from_tensors(self, tensors: Sequence[Any]) -> TensorArray:
        """The array that another flow carries."""
        (flow,) = tensors
        return flow if not isinstance(flow, Tensor) else self._after(flow)

    def invariant_shapes(self) -> list[TensorShape]:
        """Nothing: the flow gets its shape by the first write."""
        return [TensorShape(None)]

    def _after(self, flow: Tensor) -> TensorArray:
        other = TensorArray(self._dtype, dynamic_size=self._dynamic, flow=flow, infer_shape=self._infer_shape)
        other._element_shape = self._element_shape
        other._size = self._size
        return other

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """The elements' type."""
        return self._dtype

    @property
    def flow(self) -> Tensor:
        """The tensor that carries the elements."""
        return self._flow

    @property
    def handle(self) -> Tensor:
        """The tensor that carries the elements."""
        return self._flow

    @property
    def dynamic_size(self) -> bool:
        """Whether writes beyond the end make the array longer."""
        return self._dynamic

    @property
    def element_shape(self) -> TensorShape:
        """What is known of the elements' shape."""
        return self._element_shape[0]

    def size(self, name: str | None = None) -> Tensor:
        """How many elements there are."""
        if self._size is not None:
            return self._size
        shape = apply("Shape", self._flow)
        return apply("StridedSlice", shape, [0], [1], [1], shrink_axis_mask=1, name=name)

    def identity(self) -> TensorArray:
        """The same array, under the current control dependencies."""
        return self._after(apply("Identity", self._flow))

    def close(self, name: str | None = None) -> Any:
        """An operation that does nothing: the memory is XLA's to manage."""
        from gradiente.ops.basic import no_op

        return no_op(name or "TensorArrayClose")

    def grad(self, source: str, flow: Tensor | None = None, name: str | None = None) -> TensorArray:
        """Not needed here.

        Raises:
            NotImplementedError: always; gradients flow through TensorArrays as through any tensor.
        """
        raise NotImplementedError(
            "TensorArray.grad is not needed: use tf.gradients on what the array is read into."
        )

    def _learn(self, shape: TensorShape) -> None:
        if not self._infer_shape:
            return
        known = self._element_shape[0]
        if not known.is_compatible_with(shape):
            raise ValueError(
                f"TensorArray: Inconsistent shapes: saw {shape} but expected {known}, at {user_line()}. All elements "
                "have one shape."
            )
        self._element_shape[0] = known.merge_with(shape)

    def _shape(self) -> TensorShape:
        return self._element_shape[0] if self._infer_shape else TensorShape(None)

    def _value(self, value: Any) -> Tensor:
        return convert_to_tensor(value, dtype=self._dtype, name="value")

    # --- reading and writing ----------------------------------------------------------------------------------------

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at ``index``."""
        return apply(
            "_TensorArrayRead",
            self._flow,
            _index(index),
            element_shape=self._shape(),
            name=name or "TensorArrayReadV3",
        )

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with ``value`` at ``index``.

        Raises:
            ValueError: if ``value`` has another shape than the elements.
        """
        with name_scope(name, "TensorArrayWrite", []):
            element = self._value(value)
            self._learn(element.shape)
            kind = "_TensorArrayGrow" if self._dynamic else "_TensorArrayWrite"
            return self._after(apply(kind, self._flow, _index(index), element, name="TensorArrayWriteV3"))

    def stack(self, name: str | None = None) -> Tensor:
        """All elements as one tensor, along a new first dimension."""
        with name_scope(name, "TensorArrayStack", []):
            return self._stacked("TensorArrayGatherV3")

    def _stacked(self, name: str) -> Tensor:
        count = None if self._size is None else constant_value(self._size)
        shape = TensorShape([None if count is None else int(count)]).concatenate(self._shape())
        return apply("_TensorArrayStack", self._flow, shape=shape, name=name)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at ``indices`` as one tensor, along a new first dimension."""
        return apply(
            "GatherV2", self._stacked("TensorArrayStack"), indices, 0, name=name or "TensorArrayGatherV3"
        )

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array whose elements are the rows of ``value``."""
        with name_scope(name, "TensorArrayUnstack", []):
            rows = self._value(value)
            self._learn(rows.shape[1:])
            if self._size is None:
                return self._after(apply("Identity", rows))
            return self._after(apply("_TensorArrayUnstack", self._size, rows, name="TensorArrayScatterV3"))

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of ``value`` at ``indices``."""
        with name_scope(name, "TensorArrayScatter", []):
            rows = self._value(value)
            self._learn(rows.shape[1:])
            where = convert_to_tensor(indices, dtype=int32, name="indices")
            return self._after(
                apply("_TensorArrayScatter", self._flow, where, rows, name="TensorArrayScatterV3")
            )

    def concat(self, name: str | None = None) -> Tensor:
        """The elements one after another, joined along their first dimension."""
        with name_scope(name, "TensorArrayConcat", []):
            rows = self._stacked("TensorArrayStack")
            rest = apply("StridedSlice", apply("Shape", rows), [2], [0], [1], end_mask=1)
            joined = apply("Reshape", rows, apply("ConcatV2", [np.asarray([-1], np.int32), rest], 0))
            shape = self._shape()
            if shape.ndims:
                joined.set_shape(TensorShape([None]).concatenate(shape[1:]))
            return joined

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array whose elements are pieces of ``value`` along its first dimension.

        Args:
            value: the tensor to cut.
            lengths: how long each piece is: numbers known while the graph is built, and all equal.
            name: the name scope.

        Raises:
            ValueError: if the lengths are not known or not equal, as elements of one array have one shape.
        """
        with name_scope(name, "TensorArraySplit", []):
            whole = self._value(value)
            known = constant_value(convert_to_tensor(lengths, name="lengths"))
            if known is None or len(set(known.tolist())) != 1:
                raise ValueError(
                    f"TensorArray.split: 'lengths' must be known and all equal, as the elements of an array have one shape; "
                    f"received {lengths!r}, at {user_line()}. Use tf.split for pieces of different lengths."
                )
            rest = apply("StridedSlice", apply("Shape", whole), [1], [0], [1], end_mask=1)
            sizes = np.asarray([len(known), int(known[0])], np.int32)
            rows = apply("Reshape", whole, apply("ConcatV2", [sizes, rest], 0))
            self._learn(rows.shape[1:])
            return self._after(rows)


def _index(index: Any) -> Tensor:
    tensor = convert_to_tensor(index, name="index")
    return tensor if tensor.dtype.base_dtype is int32 else apply("Cast", tensor, DstT=int32)
