"""Finds images that are in a collection more than once: byte for byte, or as nearly the same picture.

Nearly the same are a picture and its copy that was saved anew, made smaller or larger, or a little brighter. The search
compares every picture's coarse pattern with every other's, as one product of matrices, and looks closer at the pairs that
come out: at more pixels, in colour, and at the details apart from the coarse pattern, so that two pages of text or two
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
_ALIKE = 0.975
_FLAT = 3.0
_BLOCK = 1024
_MOST_PAIRS = 200_000

CLOSE_SIDE = 64
"""Rows and columns at which two pictures are compared closely; less for smaller ones, which have no more details."""

_SAME = 0.985
_SAME_DETAILS = 0.9
_NO_DETAILS = 2.5
_MOST_APART = 20.0


@dataclass(frozen=True)
class Duplicates:
    """Images that are the same picture.

    Attributes:
        exact: groups of images that are equal byte for byte.
        near: pairs that are nearly the same; of equal images, only the first stands for all.
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


def find_duplicates(
    digests: Sequence[str],
    small: npt.NDArray[np.uint8] | None = None,
    close: Callable[[int], npt.NDArray[np.uint8]] | None = None,
) -> Duplicates:
    """Find the images that are there more than once.

    Args:
        digests: a digest of each image's bytes.
        small: a small picture of each, uint8 ``[n, side, side, 3]``; without it only equal bytes are found.
        close: gives an image as uint8 ``[height, width, 3]``, for the closer look.
    """
    first: dict[str, int] = {}
    members: dict[int, list[int]] = defaultdict(list)
    for at, digest in enumerate(digests):
        members[first.setdefault(digest, at)].append(at)
    exact = tuple(tuple(group) for group in members.values() if len(group) > 1)
    near: tuple[tuple[int, int], ...] = ()
    complete = True
    if small is not None and close is not None:
        different = np.array(sorted(members), np.intp)
        pairs, complete = _candidates(small[different])
        near = _confirmed([(int(different[a]), int(different[b])) for a, b in pairs], close)
    return Duplicates(exact, near, tuple(_joined([first[d] for d in digests], near)), complete)


def is_flat(small: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which pictures, uint8 ``[n, side, side, channels]``, show nothing: all of one colour, or nearly."""
    return small.reshape(len(small), -1, small.shape[-1]).std(1).max(1) < 1.0


def _joined(keys: list[int], pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Each image's key, once the keys of every pair are made one."""
    parent: dict[int, int] = {}

    def root(key: int) -> int:
        while (above := parent.get(key, key)) != key:
            parent[key] = parent.get(above, above)
            key = above
        return key

    for a, b in pairs:
        low, high = sorted((root(keys[a]), root(keys[b])))
        parent[high] = low
    return [root(key) for key in keys]


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


def _candidates(small: npt.NDArray[np.uint8]) -> tuple[list[tuple[int, int]], bool]:
    """Pairs of pictures with like patterns, and whether these are all."""
    vectors, rich = _patterns(small)
    at = np.flatnonzero(rich)
    # In the order of one coordinate, a picture's like are not far: what is further in it than they can be apart is skipped.
    at = at[np.argsort(vectors[at, 0], kind="stable")]
    vectors = vectors[at]
    reach = math.sqrt(2 - 2 * _ALIKE)
    found: list[tuple[int, int]] = []
    for start in range(0, len(at), _BLOCK):
        block = vectors[start : start + _BLOCK]
        last = float(block[-1, 0])
        stop = int(np.searchsorted(vectors[:, 0], last + reach, "right"))
        for other in range(start, stop, _BLOCK):
            products: _Floats = block @ vectors[other : min(stop, other + _BLOCK)].T
            rows, columns = np.nonzero(products >= _ALIKE)
            for row, column in zip((rows + start).tolist(), (columns + other).tolist(), strict=True):
                if row < column:
                    a, b = int(at[row]), int(at[column])
                    if _colours_alike(small[a], small[b]):
                        found.append((min(a, b), max(a, b)))
            if len(found) > _MOST_PAIRS:
                return sorted(found[:_MOST_PAIRS]), False
    return sorted(found), True


def _colours_alike(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> bool:
    difference = a.reshape(-1, 3).mean(0) - b.reshape(-1, 3).mean(0)
    # Brighter or darker altogether is alike; another hue is not.
    return float(np.abs(difference - difference.mean()).max()) < 12


def _confirmed(
    pairs: Sequence[tuple[int, int]], close: Callable[[int], npt.NDArray[np.uint8]]
) -> tuple[tuple[int, int], ...]:
    """The pairs that are the same at a closer look."""
    # Pictures of one neighbourhood are looked at together, so that each is read once or twice, not for every pair.
    kept: list[tuple[int, int]] = []
    for start in range(0, len(pairs), 2048):
        piece = pairs[start : start + 2048]
        needed = sorted({at for pair in piece for at in pair})
        pictures = dict(zip(needed, in_parallel(close, needed), strict=True))
        same = in_parallel(lambda pair: same_picture(pictures[pair[0]], pictures[pair[1]]), piece)  # noqa: B023 - used at once
        kept += [pair for pair, yes in zip(piece, same, strict=True) if yes]
    return tuple(kept)


def same_picture(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> bool:
    """Whether two images of one size, uint8 ``[height, width, channels]``, are copies of one picture.

    They are if, after the one is made as bright and as rich in contrast as the other, they agree in all, in their details
    alone, and in every part.
    """
    x, y = a.astype(np.float32), b.astype(np.float32)
    if _correlation(x, y) < _SAME:
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
