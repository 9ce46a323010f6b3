"""Static shapes: what is known of a tensor's shape while the graph is built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

_MOST_DIMENSIONS = 254
"""TensorFlow's limit."""

Dims: TypeAlias = "tuple[int | None, ...] | None"
"""A shape's plain form: None for unknown rank, else a tuple in which None is an unknown size."""


class Dimension:
    """One size of a shape, possibly unknown (``value`` is None).

    Arithmetic with an unknown size gives an unknown size. Source: TensorFlow 1's ``tf.Dimension``.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = _as_size(value)

    @property
    def value(self) -> int | None:
        """The size, or None."""
        return self._value

    def is_compatible_with(self, other: Any) -> bool:
        """Whether the two sizes can be equal (an unknown one can equal any)."""
        size = _as_size(other)
        return self._value is None or size is None or self._value == size

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise ValueError if the two sizes cannot be equal."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible.")

    def merge_with(self, other: Any) -> Dimension:
        """The size known to either. Raises ValueError if both are known and differ."""
        self.assert_is_compatible_with(other)
        return Dimension(_as_size(other) if self._value is None else self._value)

    def _arithmetic(self, other: Any, name: str, reverse: bool = False) -> Any:
        try:
            size = _as_size(other)
        except TypeError:
            return NotImplemented
        if self._value is None or size is None:
            return Dimension(None)
        a, b = (size, self._value) if reverse else (self._value, size)
        return Dimension(getattr(a, name)(b))

    def __add__(self, other: Any) -> Any:
        return self._arithmetic(other, "__add__")

    def __radd__(self, other: Any) -> Any:
        return self._arithmetic(other, "__add__")

    def __sub__(self, other: Any) -> Any:
        return self._arithmetic(other, "__sub__")

    def __rsub__(self, other: Any) -> Any:
        return self._arithmetic(other, "__sub__", reverse=True)

    def __mul__(self, other: Any) -> Any:
        return self._arithmetic(other, "__mul__")

    def __rmul__(self, other: Any) -> Any:
        return self._arithmetic(other, "__mul__")

    def __floordiv__(self, other: Any) -> Any:
        return self._arithmetic(other, "__floordiv__")

    def __rfloordiv__(self, other: Any) -> Any:
        return self._arithmetic(other, "__floordiv__", reverse=True)

    __div__ = __floordiv__

    def __mod__(self, other: Any) -> Any:
        return self._arithmetic(other, "__mod__")

    def _compare(self, other: Any, name: str) -> bool | None:
        size = _as_size(other)
        if self._value is None or size is None:
            return None
        return bool(getattr(self._value, name)(size))

    def __eq__(self, other: object) -> Any:
        try:
            return self._compare(other, "__eq__")
        except (TypeError, ValueError):
            return NotImplemented

    def __ne__(self, other: object) -> Any:
        try:
            return self._compare(other, "__ne__")
        except (TypeError, ValueError):
            return NotImplemented

    def __lt__(self, other: Any) -> bool | None:
        return self._compare(other, "__lt__")

    def __le__(self, other: Any) -> bool | None:
        return self._compare(other, "__le__")

    def __gt__(self, other: Any) -> bool | None:
        return self._compare(other, "__gt__")

    def __ge__(self, other: Any) -> bool | None:
        return self._compare(other, "__ge__")

    def __hash__(self) -> int:
        return hash(self._value)

    def __int__(self) -> int:
        if self._value is None:
            raise TypeError(
                "This dimension is unknown while the graph is built; use tf.shape(x)[i] for its value."
            )
        return self._value

    __index__ = __int__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)

    def __repr__(self) -> str:
        return f"Dimension({self._value})"


def _as_size(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, Dimension):
        return value.value
    if isinstance(value, (str, bytes, bool, float)):
        raise TypeError(f"A dimension is a whole number or None, not {value!r}.")
    size = int(value.__index__()) if hasattr(value, "__index__") else int(value)
    if size < 0:
        raise ValueError(f"Dimension {size} must be >= 0.")
    return size


class TensorShape:
    """A tensor's shape as far as it is known: fully, partly (``[None, 784]``), or not even its rank.

    Args:
        dims: an iterable of sizes (int, None or Dimension), one size, another shape, or None for unknown rank.

    Source: TensorFlow 1's ``tf.TensorShape``.
    """

    __slots__ = ("_dims",)

    def __init__(self, dims: Any) -> None:
        self._dims: Dims = _as_dims(dims)

    @classmethod
    def of(cls, dims: Dims) -> TensorShape:
        """The shape of a plain tuple that is known to be well formed (the fast way in)."""
        shape = cls.__new__(cls)
        shape._dims = dims
        return shape

    @property
    def plain(self) -> Dims:
        """The shape as a tuple of int and None, or None for unknown rank."""
        return self._dims

    @property
    def dims(self) -> list[Dimension] | None:
        """The shape as a list of Dimension, or None for unknown rank."""
        return None if self._dims is None else [Dimension(d) for d in self._dims]

    @property
    def ndims(self) -> int | None:
        """The rank, or None."""
        return None if self._dims is None else len(self._dims)

    rank = ndims

    def num_elements(self) -> int | None:
        """The number of elements, or None where it is not known."""
        if self._dims is None or None in self._dims:
            return None
        count = 1
        for d in self._dims:
            count *= d or 0
        return count

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return self._dims is not None and None not in self._dims

    def assert_is_fully_defined(self) -> None:
        """Raise ValueError if some size is unknown."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined.")

    def is_compatible_with(self, other: Any) -> bool:
        """Whether some shape fits both."""
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return True
        return len(self._dims) == len(other._dims) and all(
            a is None or b is None or a == b for a, b in zip(self._dims, other._dims, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise ValueError if no shape fits both."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are incompatible.")

    def assert_same_rank(self, other: Any) -> None:
        """Raise ValueError if the ranks are known and differ."""
        other = as_shape(other)
        if self.ndims is not None and other.ndims is not None and self.ndims != other.ndims:
            raise ValueError(f"Shapes {self} and {other} must have the same rank.")

    def assert_has_rank(self, rank: int) -> None:
        """Raise ValueError if the rank is known and is not ``rank``."""
        if self.ndims not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}.")

    def has_rank(self, rank: int) -> bool:
        """Whether the rank is ``rank`` or unknown."""
        return self.ndims in (None, rank)

    def with_rank(self, rank: int) -> TensorShape:
        """This shape, with that rank. Raises ValueError if it has another."""
        if self._dims is None:
            return unknown_shape(rank)
        self.assert_has_rank(rank)
        return self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """This shape. Raises ValueError if its rank is known and smaller than ``rank``."""
        if self.ndims is not None and self.ndims < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}.")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """This shape. Raises ValueError if its rank is known and larger than ``rank``."""
        if self.ndims is not None and self.ndims > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}.")
        return self

    def merge_with(self, other: Any) -> TensorShape:
        """What either of the two shapes knows. Raises ValueError if they contradict each other."""
        other = as_shape(other)
        self.assert_is_compatible_with(other)
        if self._dims is None:
            return other
        if other._dims is None:
            return self
        return TensorShape.of(
            tuple(b if a is None else a for a, b in zip(self._dims, other._dims, strict=True))
        )

    def concatenate(self, other: Any) -> TensorShape:
        """The sizes of this shape followed by those of ``other``."""
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return TensorShape.of(None)
        return TensorShape.of(self._dims + other._dims)

    def as_list(self) -> list[int | None]:
        """The sizes as a list. Raises ValueError if the rank is unknown."""
        if self._dims is None:
            raise ValueError("as_list() is not defined on a shape of unknown rank.")
        return list(self._dims)

    def as_proto(self) -> Any:
        """The shape as a TensorShapeProto."""
        from gradiente.graph.protos import shape_to_proto

        return shape_to_proto(self)

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("A shape of unknown rank has no length.")
        return len(self._dims)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __iter__(self) -> Iterator[Dimension]:
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape of unknown rank.")
        return (Dimension(d) for d in self._dims)

    def __getitem__(self, key: Any) -> Any:
        if self._dims is None:
            return TensorShape.of(None) if isinstance(key, slice) else Dimension(None)
        if isinstance(key, slice):
            return TensorShape.of(self._dims[key])
        return Dimension(self._dims[key])

    def __eq__(self, other: object) -> bool:
        try:
            return self._dims == as_shape(other)._dims
        except (TypeError, ValueError):
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._dims)

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return as_shape(other).concatenate(self)

    def __str__(self) -> str:
        if self._dims is None:
            return "<unknown>"
        if len(self._dims) == 1:
            return f"({'?' if self._dims[0] is None else self._dims[0]},)"
        return "(" + ", ".join("?" if d is None else str(d) for d in self._dims) + ")"

    def __repr__(self) -> str:
        return f"TensorShape({None if self._dims is None else list(self._dims)})"


UNKNOWN = TensorShape.of(None)
SCALAR = TensorShape.of(())


def _as_dims(dims: Any) -> Dims:
    if dims is None:
        return None
    if isinstance(dims, TensorShape):
        return dims.plain
    if type(dims).__name__ == "TensorShapeProto":
        return None if dims.unknown_rank else tuple(None if d.size < 0 else int(d.size) for d in dims.dim)
    if isinstance(dims, (int, np.integer, Dimension)):
        return (_as_size(dims),)
    if isinstance(dims, (str, bytes)):
        raise TypeError(f"A shape is a list of whole numbers and None, not {dims!r}.")
    if getattr(dims, "ndim", 1) == 0:
        return (_as_size(dims.item()),)
    if not hasattr(dims, "__iter__"):
        raise TypeError(f"A shape is a list of whole numbers and None, not {dims!r}.")
    return tuple(_as_size(d) for d in dims)


def as_shape(shape: Any) -> TensorShape:
    """``shape`` as a TensorShape (see TensorShape for what is accepted)."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(ndims: int | None = None) -> TensorShape:
    """A shape of which only the rank is known, or nothing.

    Raises:
        ValueError: the rank is above TensorFlow's limit.
    """
    if ndims is None:
        return UNKNOWN
    if ndims > _MOST_DIMENSIONS:
        raise ValueError(f"A tensor has up to {_MOST_DIMENSIONS} dimensions, not {ndims:,}.")
    return TensorShape.of((None,) * ndims)


def broadcast_dims(a: Dims, b: Dims) -> Dims:
    """The shape of an elementwise operation on shapes ``a`` and ``b``, by NumPy's rule.

    Raises:
        ValueError: if two known sizes differ and neither is 1.
    """
    if a is None or b is None:
        return None
    rank = max(len(a), len(b))
    result: list[int | None] = []
    for x, y in zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True):
        if x == 1:
            result.append(y)
        elif y == 1 or x == y:
            result.append(x)
        elif x is None or y is None:
            result.append(y if x is None else x)
        else:
            raise ValueError(
                f"Incompatible shapes for broadcasting: {TensorShape.of(a)} and {TensorShape.of(b)}."
            )
    return tuple(result)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape of an elementwise operation on tensors of the two shapes (``tf.broadcast_static_shape``)."""
    return TensorShape.of(broadcast_dims(as_shape(shape_x).plain, as_shape(shape_y).plain))


def fully_defined(dims: Sequence[int | None]) -> tuple[int, ...] | None:
    """``dims`` as a tuple of int when every size is known, else None."""
    known = tuple(d for d in dims if d is not None)
    return known if len(known) == len(dims) else None
