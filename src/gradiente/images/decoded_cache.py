"""A file on the disk with the decoded images of a collection, so that each is decoded once and not once for each epoch.

It is read and written at positions (``pread``, ``pwrite``), never mapped into memory: what the system keeps of it in its own
cache does not count as this process's memory and goes when something else needs the room. Beside each image stands the sum
of its bytes; what a run that was killed, or another one at the same time, left half-written is thus decoded anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gradiente.images.wording import Phrase

VARIABLE = "GRADIENTE_CACHE"
"""The environment variable that names another folder for the cache, or says ``off``."""

LARGEST = 32 << 30
"""The most bytes that all files of the cache take together."""

_ENTRY = 8
_WRITTEN = 1 << 32


def cache_folder() -> Path | None:
    """Where decoded images are kept; None where they are not to be."""
    named = os.environ.get(VARIABLE, "")
    if named.casefold() == "off":
        return None
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else home / "gradiente" / "decoded"


def clear(keep: Path | None = None, room: int = 0) -> None:
    """Delete the files that were used least lately, until there is room for so many bytes; ``keep`` stays."""
    folder = cache_folder()
    if folder is None or not folder.is_dir():
        return
    files: list[tuple[float, int, Path]] = []
    for path in folder.glob("*.images"):
        # Another run may delete it meanwhile.
        with contextlib.suppress(FileNotFoundError):
            if path != keep:
                stat = path.stat()
                files.append((stat.st_mtime, stat.st_blocks * 512, path))
    used = room
    for _, size, path in sorted(files, reverse=True):
        used += size
        if used > LARGEST:
            with contextlib.suppress(OSError):
                path.unlink()


class DecodedCache:
    """The decoded images of one collection in one size.

    Args:
        identity: a digest of the images and of how they are decoded.
        count: how many images there are.
        shape: height, width and channels.

    Attributes:
        path: the file.
        room: how many images there was room for at the beginning.
        trouble: why no more images are kept, once that is so.

    Raises:
        OSError: the file can't be made.
    """

    def __init__(self, identity: str, count: int, shape: tuple[int, int, int]) -> None:
        folder = cache_folder()
        if folder is None:
            raise OSError(f"{VARIABLE} says off")
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(f"1 {identity} {count} {shape}".encode()).hexdigest()[:32]
        self.path = folder / f"{name}.images"
        self._shape = shape
        self._bytes = int(np.prod(shape))
        self._start = count * _ENTRY
        clear(self.path, min(LARGEST, count * self._bytes))
        free = shutil.disk_usage(folder).free
        # Half of what is free stays free for others, for the run's checkpoints above all.
        self._room = min(LARGEST, free // 2) // self._bytes
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.room = self._room + os.fstat(self._file).st_blocks * 512 // self._bytes
        os.utime(self.path)
        self._lock = threading.Lock()
        self.trouble: Phrase | None = None

    def get(self, at: int) -> npt.NDArray[np.uint8] | None:
        """Image ``at``; None if it is not there, or not whole."""
        try:
            entry = os.pread(self._file, _ENTRY, at * _ENTRY)
            value = int.from_bytes(entry, "little")
            if len(entry) < _ENTRY or not value & _WRITTEN:
                return None
            data = os.pread(self._file, self._bytes, self._start + at * self._bytes)
        except OSError:
            return None
        if len(data) < self._bytes or zlib.crc32(data) != value & (_WRITTEN - 1):
            return None
        return np.frombuffer(data, np.uint8).reshape(self._shape)

    def put(self, at: int, image: npt.NDArray[np.uint8]) -> None:
        """Keep image ``at``, where there is room; a full disk is no error, as images can be decoded anew."""
        with self._lock:
            if self._room <= 0:
                return
            self._room -= 1
        data = np.ascontiguousarray(image).tobytes()
        try:
            self._write(data, self._start + at * self._bytes)
            self._write((zlib.crc32(data) | _WRITTEN).to_bytes(_ENTRY, "little"), at * _ENTRY)
        except OSError as error:
            with self._lock:
                self._room = 0
            why = error.strerror or str(error)
            self.trouble = Phrase("cache_full", path=str(self.path), why=why)

    def _write(self, data: bytes, position: int) -> None:
        while data:
            written = os.pwrite(self._file, data, position)
            data, position = data[written:], position + written

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._file)
