"""Where the pixels of a collection come from: files, or an array."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gradiente.images.loading import Resize, read_image, resized


class Reader(Protocol):
    """Gives single images, in any size; several threads may ask it at once."""

    def __len__(self) -> int: ...

    @property
    def identity(self) -> str:
        """A digest of all images: equal for equal pixels."""
        ...

    def place(self, at: int) -> Path:
        """Where image ``at`` comes from, for messages."""
        ...

    def read(self, at: int, height: int, width: int, channels: int, resize: Resize) -> npt.NDArray[np.uint8]:
        """Image ``at`` as uint8 ``[height, width, channels]``.

        Raises:
            UnreadableError: it can't be read.
        """
        ...


class FileReader:
    """Reads image files.

    Args:
        paths: the files.
        digests: their SHA-256 sums.
    """

    def __init__(self, paths: Sequence[Path], digests: Sequence[str]) -> None:
        self._paths = paths
        self._digests = digests

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def identity(self) -> str:
        return hashlib.sha256("\n".join(self._digests).encode()).hexdigest()

    def place(self, at: int) -> Path:
        return self._paths[at]

    def read(self, at: int, height: int, width: int, channels: int, resize: Resize) -> npt.NDArray[np.uint8]:
        return read_image(self._paths[at], height, width, channels, resize)


class ArrayReader:
    """Takes images out of arrays.

    Args:
        arrays: uint8 ``[n, height, width, channels]`` each, one behind the other.
        source: the file that they come from, for messages.
    """

    def __init__(self, arrays: Sequence[npt.NDArray[np.uint8]], source: Path) -> None:
        self._arrays = arrays
        self._starts: npt.NDArray[np.intp] = np.cumsum([0, *(len(array) for array in arrays)])
        self._source = source

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def identity(self) -> str:
        digest = hashlib.sha256()
        for array in self._arrays:
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def place(self, at: int) -> Path:
        return self._source / str(at)

    def pixels(self, at: int) -> npt.NDArray[np.uint8]:
        """Image ``at`` as it is, uint8 ``[height, width, channels]``."""
        array = int(np.searchsorted(self._starts, at, "right")) - 1
        return self._arrays[array][at - self._starts[array]]

    def read(self, at: int, height: int, width: int, channels: int, resize: Resize) -> npt.NDArray[np.uint8]:
        pixels = self.pixels(at)
        if pixels.shape == (height, width, channels):
            return pixels
        return resized(pixels, height, width, channels, resize)

    def whole(self, at: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
        """Several images in their own size: without a copy where they are a row of one array."""
        if len(at):
            first, last = int(at[0]), int(at[-1])
            array = int(np.searchsorted(self._starts, first, "right")) - 1
            if last < self._starts[array + 1] and np.array_equal(at, np.arange(first, last + 1)):
                start = first - int(self._starts[array])
                return self._arrays[array][start : start + len(at)]
        images = np.empty((len(at), *self._arrays[0].shape[1:]), np.uint8)
        for row in range(len(at)):
            images[row] = self.pixels(int(at[row]))
        return images
