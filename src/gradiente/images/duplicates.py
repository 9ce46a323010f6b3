"""Finds images that are in a collection more than once: byte for byte, or as nearly the same picture.

Nearly the same are a picture and its copy that was saved anew, made smaller or larger, or a little brighter. The search
takes every picture's coarse pattern as a point, finds the points that are near each other, and looks closer at the pairs
that come out: at more pixels, in colour, and at the details apart from the coarse pattern, so that two pages of text or two
handwritten digits are not taken for the same.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from gradiente.images.workers import in_parallel

_Floats = npt.NDArray[np.float32]

_FREQUENCIES = 8
_FLAT = 3.0
_DIRECTIONS = 6
"""Along how many directions the points are sorted: distances along some are no larger than those along all."""

_MOST_NEAR = 30_000_000
"""The most pairs of points that are near along these directions and are looked at."""

_MOST_PAIRS = 2_000_000
_PIECE = 1 << 16

CLOSE_SIDE = 64
"""Rows and columns at which two pictures are compared closely; less for smaller ones, which have no more details."""

_CLOSE_PIECE = 1024
_HUES_APART = 12.0
_SAME_DETAILS = 0.9
_NO_DETAILS = 2.5
_MOST_APART = 20.0


@dataclass(frozen=True)
class _Likeness:
    """From which correlation on two pictures are looked at closely (``pattern``), and may be the same (``all``)."""

    pattern: float
    all: float


_LARGE, _SMALL = _Likeness(0.975, 0.985), _Likeness(0.99, 0.995)

SMALL_SIDE = 32
"""Pictures of up to so many rows or columns have to be more alike, as different ones come close to each other: of MNIST's
70,000 handwritten digits, 81 pairs have a correlation of 0.985 and more, and none has one of 0.995."""


@dataclass(frozen=True)
class Duplicates:
    """Images that are the same picture.

    Attributes:
        exact: groups of images that are equal byte for byte.
        near: pairs that are nearly the same, as many as make a group of each; of equal images, the first stands for all.
        keys: a number for each image; the same one for all that are, or are nearly, the same.
        complete: whether all pairs that might be the same were looked at.
    """

    exact: tuple[tuple[int, ...], ...]
    near: tuple[tuple[int, int], ...]
    keys: tuple[int, ...]
    complete: bool = True

    def groups(self) -> list[tuple[int, ...]]:
        """The groups of at least two images that are the same or nearly."""
        members: dict[int, list[int]] = defaultdict(list)
        for at, key in enumerate(self.keys):
            members[key].append(at)
        return [tuple(group) for group in members.values() if len(group) > 1]


def not_compared(count: int) -> Duplicates:
    """Of so many images that nobody compared."""
    return Duplicates((), (), tuple(range(count)), complete=False)


def find_duplicates(
    digests: Sequence[str],
    small: npt.NDArray[np.uint8] | None = None,
    close: Callable[[Sequence[int]], npt.NDArray[np.uint8]] | None = None,
    tiny: npt.NDArray[np.bool_] | None = None,
) -> Duplicates:
    """Find the images that are there more than once.

    Args:
        digests: a digest of each image's bytes.
        small: a small picture of each, uint8 ``[n, side, side, 3]``; without it only equal bytes are found.
        close: gives some of the images as uint8 ``[n, height, width, channels]``, for the closer look.
        tiny: which images have so few pixels that different ones are much alike, see ``SMALL_SIDE``; none without it.
    """
    first: dict[str, int] = {}
    members: dict[int, list[int]] = defaultdict(list)
    for at, digest in enumerate(digests):
        members[first.setdefault(digest, at)].append(at)
    exact = tuple(tuple(group) for group in members.values() if len(group) > 1)
    near: list[tuple[int, int]] = []
    groups, complete = _Groups(), True
    if small is not None and close is not None:
        different = np.array(sorted(members), np.intp)
        tiny = np.zeros(len(small), np.bool_) if tiny is None else tiny
        pairs, complete = _candidates(small[different], (_SMALL if tiny.all() else _LARGE).pattern)
        near, groups = _confirmed(different[pairs], close, tiny)
    return Duplicates(exact, tuple(near), tuple(groups.key(first[digest]) for digest in digests), complete)


def is_flat(small: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which pictures, uint8 ``[n, side, side, channels]``, show nothing: all of one colour, or nearly."""
    return small.reshape(len(small), -1, small.shape[-1]).std(1).max(1) < 1.0


class _Groups:
    """Numbers that become one group pair by pair; a group's key is its least number."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def key(self, number: int) -> int:
        while (above := self._above.get(number, number)) != number:
            self._above[number] = self._above.get(above, above)
            number = above
        return number

    def join(self, a: int, b: int) -> None:
        low, high = sorted((self.key(a), self.key(b)))
        self._above[high] = low


def _patterns(small: npt.NDArray[np.uint8]) -> tuple[_Floats, npt.NDArray[np.bool_]]:
    """The low frequencies of each picture as a vector of length 1, without its mean; and which are not flat."""
    grey = small.astype(np.float32).mean(3)
    cosines = _cosines(grey.shape[1])
    vectors: _Floats = (cosines @ grey @ cosines.T).reshape(len(small), -1)[:, 1:]
    length = np.sqrt((vectors**2).sum(1))
    # A picture's deviation from its mean is this length by its side.
    rich = length / small.shape[1] >= _FLAT
    return vectors / np.maximum(length, 1e-6)[:, None], rich


def _cosines(side: int) -> _Floats:
    """The lowest rows of the orthonormal discrete cosine transform, ``[_FREQUENCIES, side]``."""
    angles = np.pi / side * np.arange(_FREQUENCIES)[:, None] * (np.arange(side) + 0.5)
    rows = np.cos(angles) * np.sqrt(2 / side)
    rows[0] = np.sqrt(1 / side)
    return rows.astype(np.float32)


def _candidates(small: npt.NDArray[np.uint8], likeness: float) -> tuple[npt.NDArray[np.intp], bool]:
    """Pairs of pictures with like patterns and colours, ``[n, 2]`` in order, and whether these are all."""
    vectors, rich = _patterns(small)
    at = np.flatnonzero(rich)
    near, complete = _near(vectors[at], likeness)
    means = small.reshape(len(small), -1, 3).mean(1, dtype=np.float32)
    kept = [np.zeros((0, 2), np.intp)]
    for start in range(0, len(near), _PIECE):
        pairs = near[start : start + _PIECE]
        alike = np.einsum("ij,ij->i", vectors[at[pairs[:, 0]]], vectors[at[pairs[:, 1]]]) >= likeness
        pairs = at[pairs[alike]]
        difference = means[pairs[:, 0]] - means[pairs[:, 1]]
        # Brighter or darker altogether is alike; another hue is not.
        apart = np.abs(difference - difference.mean(1, keepdims=True)).max(1, initial=0)
        kept.append(pairs[apart < _HUES_APART])
    found = np.sort(np.concatenate(kept), 1)
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    return found[:_MOST_PAIRS], complete and len(found) <= _MOST_PAIRS


def _near(vectors: _Floats, likeness: float) -> tuple[npt.NDArray[np.intp], bool]:
    """Pairs of points whose distance along the directions of most spread is small, and whether these are all."""
    from scipy import spatial

    if len(vectors) < 2:
        return np.zeros((0, 2), np.intp), True
    sample = vectors[:: max(1, len(vectors) // 20_000)]
    _, directions = np.linalg.eigh((sample - sample.mean(0)).T @ (sample - sample.mean(0)))
    points = vectors @ directions[:, -_DIRECTIONS:]
    tree: Any = cast(Any, spatial).cKDTree(points)
    reach = first = math.sqrt(2 - 2 * likeness)
    # Where nearly all are alike, as frames of a film that stands still, only the nearest are looked at.
    while len(points) ** 2 > 2 * _MOST_NEAR and tree.count_neighbors(tree, reach) > 2 * _MOST_NEAR + len(
        points
    ):
        if reach <= first / 100:
            return _beside_each_other(points), False
        reach /= 2
    return tree.query_pairs(reach, output_type="ndarray"), reach == first


def _beside_each_other(points: _Floats) -> npt.NDArray[np.intp]:
    """Each point and the next few in the order along the directions, the one of most spread first.

    Equal ones stay in the order in which they are given, where one frame of a film is most like the next.
    """
    order = np.lexsort(points.T)
    steps = range(1, min(len(points), max(2, _MOST_PAIRS // len(points))))
    return np.concatenate([np.stack([order[:-step], order[step:]], 1) for step in steps])


def _confirmed(
    pairs: npt.NDArray[np.intp],
    close: Callable[[Sequence[int]], npt.NDArray[np.uint8]],
    tiny: npt.NDArray[np.bool_],
) -> tuple[list[tuple[int, int]], _Groups]:
    """The pairs that are the same at a closer look, as many as make their groups, and these."""
    kept: list[tuple[int, int]] = []
    groups = _Groups()
    # Pictures of one neighbourhood are looked at together, so that each is read once or twice, not for every pair.
    for start in range(0, len(pairs), _CLOSE_PIECE):
        piece: list[list[int]] = pairs[start : start + _CLOSE_PIECE].tolist()
        # A thousand frames of a film that stands still are half a million pairs, a thousand of which tell all.
        unknown = [(a, b) for a, b in piece if groups.key(a) != groups.key(b)]
        for a, b in _same(unknown, close, tiny) if unknown else ():
            groups.join(a, b)
            kept.append((a, b))
    return kept, groups


def _same(
    pairs: Sequence[tuple[int, int]],
    close: Callable[[Sequence[int]], npt.NDArray[np.uint8]],
    tiny: npt.NDArray[np.bool_],
) -> list[tuple[int, int]]:
    """The pairs that are the same at a closer look."""
    needed, places = np.unique(pairs, return_inverse=True)
    places = places.reshape(-1, 2)
    pictures = close(needed.tolist())
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    flat /= np.maximum(np.sqrt((flat * flat).sum(1, keepdims=True)), 1e-6)
    # All at once and in colour first: few pairs are worth the closest look.
    least = np.where(tiny[np.asarray(pairs)].all(1), _SMALL.all, _LARGE.all)
    alike: list[int] = np.flatnonzero(
        np.einsum("ij,ij->i", flat[places[:, 0]], flat[places[:, 1]]) >= least
    ).tolist()
    same = in_parallel(lambda at: same_picture(pictures[places[at, 0]], pictures[places[at, 1]]), alike)
    return [pairs[at] for at, yes in zip(alike, same, strict=True) if yes]


def same_picture(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> bool:
    """Whether two images of one size, uint8 ``[height, width, channels]``, are copies of one picture.

    They are if, after the one is made as bright and as rich in contrast as the other, they agree in all, in their details
    alone, and in every part.
    """
    x, y = a.astype(np.float32), b.astype(np.float32)
    if _correlation(x, y) < _LARGE.all:
        return False
    details_x, details_y = x - _blurred(x, 5), y - _blurred(y, 5)
    # A smooth picture has no details but what saving it did to it.
    if _correlation(details_x, details_y) < _SAME_DETAILS and (details_x - details_y).std() > _NO_DETAILS:
        return False
    scale = x.std() / max(float(y.std()), 1e-6)
    apart = np.abs((x - x.mean()) - (y - y.mean()) * scale)
    return float(_blurred(apart, 8).max()) <= _MOST_APART


def _blurred(x: _Floats, width: int) -> _Floats:
    """The mean of the ``width`` by ``width`` pixels around each."""
    from scipy import ndimage

    return cast(Any, ndimage).uniform_filter(x, (width, width, 0))


def _correlation(x: _Floats, y: _Floats) -> float:
    x, y = x - x.mean(), y - y.mean()
    length = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / length if length > 1e-6 else 1.0
