"""Images that are read from the disk when they are asked for, and batches that are made in the background."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.images.decoded_cache import DecodedCache
from gradiente.images.loading import Resize, UnreadableError
from gradiente.images.problems import DataNotFoundError
from gradiente.images.readers import Reader
from gradiente.images.workers import in_parallel


class Streamed:
    """Images of one size that are decoded when they are asked for, as if they were an array.

    Args:
        reader: gives the images.
        chosen: which of its images, in order.
        shape: height, width and channels.
        resize: how images are brought to that size.
        cache: keeps images that were decoded, by their number in the reader; None for none.

    >>> streamed[:2].shape  # doctest: +SKIP
    (2, 224, 224, 3)
    """

    ndim = 4
    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        reader: Reader,
        chosen: npt.NDArray[np.intp],
        shape: tuple[int, int, int],
        resize: Resize,
        cache: DecodedCache | None = None,
    ) -> None:
        self._reader = reader
        self._chosen = chosen
        self._size = shape
        self._resize: Resize = resize
        self._cache = cache

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number, height, width and channels."""
        return (len(self._chosen), *self._size)

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, at: Any) -> npt.NDArray[np.uint8]:
        """One image for a number; several for a slice or an array of numbers or of truth values.

        Raises:
            DataNotFoundError: a file that could be read when the run began can't be any more.
            IndexError: there is no image of this number.
        """
        if not isinstance(at, slice | list | np.ndarray):
            number = operator.index(at)
            if not -len(self) <= number < len(self):
                raise IndexError(f"There is no image {number} among {len(self):,}.")
            return self._one(int(self._chosen[number]))
        wanted: list[int] = self._chosen[at].tolist()
        images = np.empty((len(wanted), *self._size), np.uint8)

        def put(row: int) -> None:
            images[row] = self._one(wanted[row])

        in_parallel(put, range(len(wanted)))
        return images

    def _one(self, at: int) -> npt.NDArray[np.uint8]:
        kept = None if self._cache is None else self._cache.get(at)
        if kept is not None:
            return kept
        try:
            image = self._reader.read(at, *self._size, self._resize)
            if self._cache is not None:
                self._cache.put(at, image)
            return image
        except UnreadableError as error:
            raise DataNotFoundError(
                f"{self._reader.place(at)} can't be read any more: {error}. It could be when the run began; put it back, "
                "and go on with --resume."
            ) from error
