"""Files and folders (`tf.gfile`), with TensorFlow's errors."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from gradiente.graph import errors

Path: TypeAlias = str | bytes | os.PathLike[str]

_ERRORS: dict[int, type[errors.OpError]] = {
    errno.ENOENT: errors.NotFoundError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.ENOTEMPTY: errors.FailedPreconditionError,
    errno.ENOSPC: errors.ResourceExhaustedError,
}
_MODES = ("r", "w", "a", "r+", "w+", "a+")


@contextlib.contextmanager
def as_op_errors() -> Iterator[None]:
    """Raises the operating system's errors as TensorFlow's classes."""
    try:
        yield
    except OSError as error:
        cls = _ERRORS.get(error.errno or 0, errors.UnknownError)
        raise cls(None, None, f"{error.filename}; {error.strerror or error}") from error


class FileIO:
    """A file that is opened when it is first read or written.

    Args:
        name: its path.
        mode: `r`, `w`, `a`, `r+`, `w+` or `a+`; with a `b`, what is read is bytes and not text in UTF-8.

    Raises:
        InvalidArgumentError: for any other mode.
    """

    def __init__(self, name: Path, mode: str = "r") -> None:
        self._name = os.fsdecode(name)
        self._mode = mode
        self._plain_mode = mode.replace("b", "")
        self._file: Any = None
        if self._plain_mode not in _MODES:
            modes = ", ".join(_MODES)
            raise errors.InvalidArgumentError(None, None, f"A file's mode is one of {modes}, not {mode!r}.")

    @property
    def name(self) -> str:
        """The path, as it was given."""
        return self._name

    @property
    def mode(self) -> str:
        """The mode, as it was given."""
        return self._mode

    def _opened(self, *, reading: bool = False, writing: bool = False) -> Any:
        if reading and self._plain_mode in ("w", "a"):
            raise self._not_open_for("reading")
        if writing and self._plain_mode == "r":
            raise self._not_open_for("writing")
        if self._file is None:
            with as_op_errors():
                self._file = open(self._name, self._plain_mode + "b")  # noqa: SIM115 -- close() closes it
        return self._file

    def _not_open_for(self, purpose: str) -> errors.PermissionDeniedError:
        return errors.PermissionDeniedError(
            None, None, f"{self._name} is opened with mode {self._mode!r}, not for {purpose}."
        )

    def _decoded(self, data: bytes) -> Any:
        return data if "b" in self._mode else data.decode()

    def read(self, n: int = -1) -> Any:
        """Returns the next `n` bytes (with the rest of the character they end in), or all that is left."""
        file = self._opened(reading=True)
        data = file.read(n)
        while "b" not in self._mode and _ends_inside_character(data):
            rest = file.read(1)
            if not rest:
                break
            data += rest
        return self._decoded(data)

    def readline(self) -> Any:
        """Returns the next line with its newline, or an empty text at the end."""
        return self._decoded(self._opened(reading=True).readline())

    def readlines(self) -> list[Any]:
        """Returns all lines that are left."""
        return list(self)

    def write(self, file_content: str | bytes) -> None:
        """Appends text or bytes."""
        data = file_content.encode() if isinstance(file_content, str) else file_content
        self._opened(writing=True).write(data)

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Goes to byte `offset` from the start, from here (`whence=1`) or from the end (`whence=2`).

        `position` is the older name of `offset`.
        """
        target = position if offset is None else offset
        if target is None:
            raise TypeError("seek() wants the byte to go to: seek(offset).")
        self._opened().seek(target, whence)

    def seekable(self) -> bool:
        """Returns True."""
        return True

    def tell(self) -> int:
        """Returns the byte at which the next read or write starts."""
        return self._opened().tell()

    def size(self) -> int:
        """Returns the length in bytes."""
        self.flush()
        return stat(self._name).length

    def flush(self) -> None:
        """Writes out what is still held in memory."""
        if self._file is not None and self._plain_mode != "r":
            self._file.flush()

    def close(self) -> None:
        """Closes the file; the next read or write would open it anew."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __enter__(self) -> FileIO:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def _ends_inside_character(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def file_exists(filename: Path) -> bool:
    """Whether there is a file or a folder of this name."""
    return os.path.exists(filename)


def is_directory(dirname: Path) -> bool:
    """Whether there is a folder of this name."""
    return os.path.isdir(dirname)


def read_file_to_string(filename: Path, binary_mode: bool = False) -> Any:
    """Returns a file's contents as text, or as bytes."""
    with FileIO(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def write_string_to_file(filename: Path, file_content: str | bytes) -> None:
    """Writes a file that contains this text."""
    with FileIO(filename, "w") as file:
        file.write(file_content)


def create_dir(dirname: Path) -> None:
    """Makes a folder, whose parent exists; one that exists already is left as it is."""
    with as_op_errors(), contextlib.suppress(FileExistsError):
        os.mkdir(dirname)


def recursive_create_dir(dirname: Path) -> None:
    """Makes a folder with the folders above it; one that exists already is left as it is."""
    name = os.fsdecode(dirname)
    if name and os.path.exists(name) and not os.path.isdir(name):
        raise errors.FailedPreconditionError(None, None, f"{name} is not a directory")
    if name:
        with as_op_errors():
            os.makedirs(name, exist_ok=True)


def list_directory(dirname: Path) -> list[str]:
    """Returns the names in a folder.

    Raises:
        NotFoundError: when there is no such folder.
    """
    name = os.fsdecode(dirname)
    if not os.path.isdir(name):
        raise errors.NotFoundError(None, None, f"Could not find directory {name}")
    with as_op_errors():
        return sorted(os.listdir(name))


def get_matching_files(filename: Path | Iterable[Path]) -> list[str]:
    """Returns the paths that match a pattern, or any of several, in alphabetical order."""
    patterns = [filename] if isinstance(filename, str | bytes | os.PathLike) else list(filename)
    found: list[str] = []
    for pattern in patterns:
        found += sorted(glob.glob(os.fsdecode(pattern), include_hidden=True))
    return found


def delete_file(filename: Path) -> None:
    """Deletes a file.

    Raises:
        NotFoundError: when there is no such file.
        FailedPreconditionError: when it is a folder.
    """
    with as_op_errors():
        os.remove(filename)


def delete_recursively(dirname: Path) -> None:
    """Deletes a folder and all in it, or a file.

    Raises:
        NotFoundError: when there is neither.
    """
    with as_op_errors():
        if os.path.isdir(dirname) and not os.path.islink(dirname):
            shutil.rmtree(os.fsdecode(dirname))
        else:
            os.remove(dirname)


def copy(oldpath: Path, newpath: Path, overwrite: bool = False) -> None:
    """Copies a file.

    Raises:
        AlreadyExistsError: when `newpath` exists and `overwrite` is false.
        NotFoundError: when there is no file `oldpath`.
    """
    _check_free(newpath, overwrite)
    with as_op_errors():
        shutil.copyfile(os.fsdecode(oldpath), os.fsdecode(newpath))


def rename(oldname: Path, newname: Path, overwrite: bool = False) -> None:
    """Renames or moves a file or a folder.

    Raises:
        AlreadyExistsError: when `newname` exists and `overwrite` is false.
        NotFoundError: when there is no `oldname`.
    """
    _check_free(newname, overwrite)
    with as_op_errors():
        os.replace(oldname, newname)


def _check_free(path: Path, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise errors.AlreadyExistsError(
            None, None, f"{os.fsdecode(path)}: file already exists\n  Remedy: overwrite=True replaces it."
        )


def walk(top: Path, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yields (folder, names of its folders, names of its files) for `top` and each folder below it.

    Args:
        top: where to start; a path that does not exist yields nothing.
        in_order: a folder comes before those in it; otherwise after them.
    """
    for folder, folders, files in os.walk(os.fsdecode(top), topdown=in_order):
        folders.sort()
        yield folder, folders, sorted(files)


@dataclass(frozen=True, slots=True)
class FileStatistics:
    """What the file system knows of a file.

    Attributes:
        length: its size in bytes.
        mtime_nsec: when it was last changed, in nanoseconds since 1970.
        is_directory: whether it is a folder.
    """

    length: int
    mtime_nsec: int
    is_directory: bool


def stat(filename: Path) -> FileStatistics:
    """Returns a file's length, time and kind.

    Raises:
        NotFoundError: when there is no such file.
    """
    with as_op_errors():
        found = os.stat(filename)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(filename))
