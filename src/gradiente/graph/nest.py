"""Nested structures of lists, tuples, named tuples and dicts: flatten, rebuild, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import is_list, is_mapping


def is_nested(value: Any) -> bool:
    """Whether ``value`` is a list, a tuple or a mapping, which has parts."""
    return isinstance(value, (list, tuple, Mapping))


def _parts(structure: Any) -> list[Any]:
    if is_mapping(structure):
        return [structure[k] for k in sorted(structure)]
    return list(structure)


def flatten(structure: Any) -> list[Any]:
    """The leaves of a nested structure, in order; a mapping's by its sorted keys. A leaf gives a list of itself."""
    if not is_nested(structure):
        return [structure]
    return [leaf for part in _parts(structure) for leaf in flatten(part)]


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any]) -> Any:
    """A structure like ``structure`` with other leaves.

    Raises:
        ValueError: if there are not as many leaves.
    """
    wanted = len(flatten(structure))
    if wanted != len(flat_sequence):
        raise ValueError(f"The structure has {wanted} leaves, but {len(flat_sequence)} were given.")
    return _pack(structure, iter(flat_sequence))


def _pack(structure: Any, leaves: Iterator[Any]) -> Any:
    if not is_nested(structure):
        return next(leaves)
    if is_mapping(structure):
        packed = {k: _pack(structure[k], leaves) for k in sorted(structure)}
        kept: Any = {k: packed[k] for k in structure}
        kind: Any = _kind(structure) if type(structure) is dict else type(structure)
        return kind(kept)
    parts = [_pack(part, leaves) for part in structure]
    if hasattr(structure, "_fields"):
        return type(structure)(*parts)
    return type(structure)(parts)


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:
    """A structure of what ``function`` makes of the leaves of ``structures``, which are alike."""
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    return pack_sequence_as(
        structures[0], [function(*leaves) for leaves in zip(*map(flatten, structures), strict=True)]
    )


def assert_same_structure(first: Any, second: Any, check_types: bool = True) -> None:
    """Require that two structures are nested alike.

    Args:
        first: a structure.
        second: another.
        check_types: also require lists where there are lists, tuples where there are tuples.

    Raises:
        ValueError: if they are not nested alike.
        TypeError: if they are, but of other classes.
    """
    if is_nested(first) != is_nested(second):
        raise ValueError(_different(first, second))
    if not is_nested(first):
        return
    if check_types and _kind(first) is not _kind(second):
        raise TypeError(_different(first, second))
    if is_mapping(first) and is_mapping(second) and set(first) != set(second):
        raise ValueError(_different(first, second))
    if len(first) != len(second):
        raise ValueError(_different(first, second))
    for a, b in zip(_parts(first), _parts(second), strict=True):
        assert_same_structure(a, b, check_types)


def _kind(structure: Any) -> Any:
    found: Any = dict if is_mapping(structure) else type(structure)  # pyright: ignore[reportUnknownVariableType] - user input
    return found


def _different(first: Any, second: Any) -> str:
    return (
        f"The two structures don't have the same nested structure: {_outline(first)} and {_outline(second)}."
    )


def _outline(structure: Any) -> str:
    if is_mapping(structure):
        return "{" + ", ".join(f"{k!r}: {_outline(structure[k])}" for k in sorted(structure)) + "}"
    if is_list(structure):
        inside = ", ".join(_outline(part) for part in structure)
        return f"[{inside}]" if isinstance(structure, list) else f"({inside})"
    return "."


class Composite:
    """An object that stands for several tensors inside a structure, such as a TensorArray. Subclasses say which."""

    def to_tensors(self) -> list[Any]:
        """The tensors that carry the object's value."""
        raise NotImplementedError

    def invariant_shapes(self) -> list[TensorShape]:
        """What holds of these tensors' shapes in every turn of a loop."""
        return [t.shape for t in self.to_tensors()]

    def from_tensors(self, tensors: Sequence[Any]) -> Any:
        """An object like this one, carried by other tensors."""
        raise NotImplementedError


def expand(structure: Any) -> list[Any]:
    """The leaves of a structure, with the tensors of a Composite or of IndexedSlices in its place."""
    found: list[Any] = []
    for leaf in flatten(structure):
        found += _tensors(leaf)
    return found


def _tensors(leaf: Any) -> list[Any]:
    if isinstance(leaf, Composite):
        return leaf.to_tensors()
    if isinstance(leaf, IndexedSlices):
        return [leaf.values, leaf.indices, *([] if leaf.dense_shape is None else [leaf.dense_shape])]
    return [leaf]


def collapse(structure: Any, tensors: Sequence[Any]) -> Any:
    """The inverse of ``expand``: a structure like ``structure`` with other tensors."""
    leaves: list[Any] = []
    position = 0
    for leaf in flatten(structure):
        count = len(_tensors(leaf))
        part = tensors[position : position + count]
        position += count
        if isinstance(leaf, Composite):
            leaves.append(leaf.from_tensors(part))
        elif isinstance(leaf, IndexedSlices):
            leaves.append(IndexedSlices(*part))
        else:
            leaves.append(part[0])
    return pack_sequence_as(structure, leaves)
