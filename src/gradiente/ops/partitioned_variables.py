"""Variables kept in several pieces: the pieces, the whole, and the rules that cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope, register_tensor_conversion_function
from gradiente.graph.dtypes import DType, as_dtype, float32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.shapes import TensorShape, as_shape

Partitioner = Callable[..., Sequence[int]]
"""From ``shape`` and ``dtype`` to the number of pieces along each axis."""


class SaveSliceInfo:
    """Which part of a whole variable a piece is, for checkpoints.

    Attributes:
        full_name: the whole variable's name.
        full_shape: its shape.
        var_offset: where the piece begins.
        var_shape: the piece's shape.
    """

    def __init__(
        self, full_name: str, full_shape: Sequence[int], var_offset: Sequence[int], var_shape: Sequence[int]
    ) -> None:
        self.full_name = full_name
        self.full_shape = list(full_shape)
        self.var_offset = list(var_offset)
        self.var_shape = list(var_shape)

    @property
    def spec(self) -> str:
        """The slice as checkpoints write it: the full shape, then ``offset,length`` per axis."""
        sizes = " ".join(map(str, self.full_shape))
        cuts = ":".join(f"{o},{n}" for o, n in zip(self.var_offset, self.var_shape, strict=True))
        return f"{sizes} {cuts}"


class PartitionInfo:
    """What an initializer of one piece is told: the whole's shape and where the piece begins."""

    def __init__(self, full_shape: Sequence[int], var_offset: Sequence[int]) -> None:
        self.full_shape = list(full_shape)
        self.var_offset = list(var_offset)

    def single_offset(self, shape: Sequence[int]) -> int:
        """The offset along the axis that is cut (0 if none is)."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.var_offset[axis]

    def single_slice_dim(self, shape: Sequence[int]) -> int | None:
        """The axis that is cut, None if none is."""
        cut = [i for i, (full, part) in enumerate(zip(self.full_shape, shape, strict=True)) if full != part]
        return cut[0] if cut else None


class PartitionedVariable:
    """A variable in pieces along one axis; used in an operation it is their concatenation.

    Made by ``get_variable`` with a ``partitioner``. Iterating over it gives the pieces.
    """

    __array_priority__ = 100

    def __init__(
        self,
        name: str,
        shape: TensorShape,
        dtype: DType,
        variable_list: Sequence[Any],
        partitions: Sequence[int],
    ) -> None:
        self._name = name
        self._shape = shape
        self._dtype = dtype.base_dtype
        self._variables = list(variable_list)
        self._partitions = list(partitions)
        self._whole: Tensor | None = None

    @property
    def name(self) -> str:
        """The whole variable's name."""
        return self._name

    @property
    def dtype(self) -> DType:
        """The type of the values."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The whole variable's shape."""
        return self._shape

    @property
    def op(self) -> Operation:
        """The first piece's operation."""
        return self._variables[0].op

    def get_shape(self) -> TensorShape:
        """The whole variable's shape."""
        return self._shape

    def __len__(self) -> int:
        return len(self._variables)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._variables)

    def _get_variable_list(self) -> list[Any]:
        return self._variables

    def _get_partitions(self) -> list[int]:
        return self._partitions

    def as_tensor(self) -> Tensor:
        """The pieces joined."""
        if self._whole is not None:
            return self._whole
        axis = next((i for i, n in enumerate(self._partitions) if n > 1), 0)
        with name_scope(self._name + "/ConcatPartitions/"):
            joined = apply("ConcatV2", [v.value() for v in self._variables], axis, name="concat")
        with name_scope(None):
            whole: Tensor = apply("Identity", joined, name=self._name)
        self._whole = whole
        return whole

    def _as_graph_element(self) -> Tensor:
        return self.as_tensor()

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        """Assign to each piece its part of ``value``."""
        tensor = convert_to_tensor(value, dtype=self._dtype)
        assigned: list[Any] = []
        for variable in self._variables:
            info = variable._save_slice_info
            cut = apply("Slice", tensor, info.var_offset, info.var_shape)
            assigned.append(variable.assign(cut, use_locking=use_locking, name=name, read_value=read_value))
        return assigned

    def __repr__(self) -> str:
        return f"<tf.PartitionedVariable {self._name!r} shape={self._shape} dtype={self._dtype.name} parts={len(self)}>"


def _forward(name: str) -> Callable[..., Any]:
    def method(self: PartitionedVariable, *args: Any) -> Any:
        return getattr(self.as_tensor(), name)(*args)

    method.__name__ = name
    return method


for _name in (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "matmul", "rmatmul", "neg", "abs",
    "getitem", "lt", "le", "gt", "ge",
):  # fmt: skip
    setattr(PartitionedVariable, f"__{_name}__", _forward(f"__{_name}__"))


def _convert(
    value: PartitionedVariable, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    del name
    if as_ref:
        raise TypeError(
            f"Partitioned variable {value.name!r} can't be assigned as a whole here: assign its parts."
        )
    return convert_to_tensor(value.as_tensor(), dtype)


register_tensor_conversion_function(PartitionedVariable, _convert)


def partition_counts(partitioner: Partitioner, name: str, shape: TensorShape, dtype: DType) -> list[int]:
    """What a partitioner says, checked.

    Raises:
        ValueError: if the shape is not known, or the partitioner's answer does not fit it.
    """
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable ({name}) must be fully defined, but instead was {shape}."
        )
    counts = [int(n) for n in partitioner(shape=shape, dtype=dtype)]
    if len(counts) != shape.ndims:
        raise ValueError(
            f"The partitioner of {name} returned {counts}: one count per axis of shape {shape} is wanted."
        )
    if any(n < 1 for n in counts):
        raise ValueError(f"The partitioner of {name} returned zero or negative counts: {counts}.")
    if sum(n > 1 for n in counts) > 1:
        raise ValueError(f"The partitioner of {name} returned {counts}: only one axis can be partitioned.")
    return counts


def slices_of(shape: Sequence[int], counts: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """The offset and shape of each piece; the first pieces are longer by one where the sizes don't divide."""
    axis = next((i for i, n in enumerate(counts) if n > 1), 0)
    pieces: list[tuple[list[int], list[int]]] = []
    length, extra = divmod(shape[axis], counts[axis])
    start = 0
    for i in range(counts[axis]):
        size = length + (i < extra)
        offset = [0] * len(shape)
        offset[axis] = start
        pieces.append((offset, [*shape[:axis], size, *shape[axis + 1 :]]))
        start += size
    return pieces


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """A partitioner that cuts along ``axis`` into a fixed number of pieces (never more than the axis is long)."""

    def partitioner(shape: Any, **_: Any) -> list[int]:
        sizes = as_shape(shape).as_list()
        counts = [1] * len(sizes)
        counts[axis] = min(num_shards, sizes[axis] or 1)
        return counts

    return partitioner


def variable_axis_size_partitioner(
    max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16, max_shards: int | None = None
) -> Partitioner:
    """A partitioner that cuts along ``axis`` into pieces of at most ``max_shard_bytes`` bytes.

    Args:
        max_shard_bytes: the largest size of a piece.
        axis: the axis to cut.
        bytes_per_string_element: what a string counts.
        max_shards: never more pieces than this.

    Raises:
        ValueError: if a limit is not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1 or (max_shards is not None and max_shards < 1):
        raise ValueError("max_shard_bytes, bytes_per_string_element and max_shards must be positive.")

    def partitioner(shape: Any, dtype: Any = float32, **_: Any) -> list[int]:
        sizes = [int(d or 0) for d in as_shape(shape).as_list()]
        kind = as_dtype(dtype)
        element = bytes_per_string_element if kind.name == "string" else kind.size
        per_row = element * math.prod(s for i, s in enumerate(sizes) if i != axis)
        rows = max(1, max_shard_bytes // per_row)
        count = min(sizes[axis], math.ceil(sizes[axis] / rows))
        counts = [1] * len(sizes)
        counts[axis] = count if max_shards is None else min(count, max_shards)
        return counts

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Partitioner:
    """A partitioner that makes at most ``max_partitions`` pieces of at least ``min_slice_size`` bytes along ``axis``."""

    def partitioner(shape: Any, dtype: Any = float32, **_: Any) -> list[int]:
        sizes = [int(d or 0) for d in as_shape(shape).as_list()]
        kind = as_dtype(dtype)
        element = bytes_per_string_element if kind.name == "string" else kind.size
        total = element * math.prod(sizes)
        counts = [1] * len(sizes)
        counts[axis] = max(1, min(max_partitions, sizes[axis], math.ceil(total / min_slice_size)))
        return counts

    return partitioner
