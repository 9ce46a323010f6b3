"""The folder of a run: named so that it overwrites none, and written file by file, each whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from gradiente.classify.problems import RunInUseError, RunNotFoundError

RUNS = Path("runs")
"""Where runs go that are given no folder."""

CONFIG = "config.toml"
"""The settings of a run."""

MODEL = "model"
"""The sub-folder with all that is needed to predict."""


def default_folder(data: str) -> Path:
    """``runs/mnist``, or ``runs/`` and the name of the data's folder."""
    return RUNS / (Path(data).resolve().name or "run")


class RunFolder:
    """A folder that one run writes into.

    Args:
        path: the folder that exists.
        made: the folders above it that were made for it, the uppermost first.
    """

    def __init__(self, path: Path, made: Sequence[Path] = ()) -> None:
        self.path = path
        self._made = made
        self._locked = -1

    @classmethod
    def create(cls, wanted: Path) -> RunFolder:
        """Make a new folder and lock it: ``wanted``, or with a number behind its name where there is something already.

        Raises:
            OSError: it can't be made.
        """
        made = [p for p in reversed(wanted.parents) if not p.exists()]
        wanted.parent.mkdir(parents=True, exist_ok=True)
        named = wanted if wanted.name not in ("", "..") else wanted.resolve()
        number = 1
        while True:
            path = wanted if number == 1 else named.parent / f"{named.name or 'run'}-{number}"
            number += 1
            try:
                path.mkdir()
            except FileExistsError:
                # A file, somebody's folder, or one that another process has made just now.
                with contextlib.suppress(OSError, RunInUseError):
                    if not any(path.iterdir()):
                        return cls(path).lock()
                continue
            with contextlib.suppress(RunInUseError):
                return cls(path, made).lock()

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """The folder of a run that began earlier.

        Raises:
            RunNotFoundError: there is none, or it can't be read.
        """
        if not _is_file(path / CONFIG):
            what = "has no config.toml: it is not the folder of a run" if path.is_dir() else "does not exist"
            raise RunNotFoundError(f"{path} {what}. Name the folder that `gradiente train` made.")
        return cls(path)

    def lock(self) -> RunFolder:
        """Keep other processes from training in this folder, as long as this one lives.

        Returns:
            This folder.

        Raises:
            RunInUseError: one does.
        """
        if self._locked >= 0:
            return self
        opened = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._locked = opened
        except OSError as error:
            os.close(opened)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise RunInUseError(
                    f"Another process is training in {self.path}. Wait for it, or stop it."
                ) from error
            # A file system without locks: then nothing is locked.
        for left in self.path.rglob(".*.partial"):
            left.unlink(missing_ok=True)  # by a process that was killed while it wrote
        return self

    def unlock(self) -> None:
        """Let others train in it."""
        if self._locked >= 0:
            os.close(self._locked)
            self._locked = -1

    @property
    def model(self) -> Path:
        """The model's folder."""
        return self.path / MODEL

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one file whole: it has the new content, or if that fails what it had before.

        Args:
            name: the file's name inside the folder; folders before it are made.
            content: text, written as UTF-8, or bytes. What is no text in a path, bytes that are no UTF-8, is escaped.

        Returns:
            The file's path.

        Raises:
            OSError: it can't be written.
        """
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.encode(errors="backslashreplace") if isinstance(content, str) else content)
        return path

    def remove(self) -> None:
        """Delete the folder, after a run that came to nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):
            for path in reversed(self._made):
                path.rmdir()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name, then give it its own.

    Raises:
        OSError: it can't be written, with its own name; what was there stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            _to_disk(file)
        os.replace(temporary, path)
        _folder_to_disk(path.parent)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # A full disk names no file, and the other name is none that a person knows.
            error.filename, error.filename2 = str(path), None
        raise


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems can't
            raise


def _folder_to_disk(folder: Path) -> None:
    """Let the new name survive a power cut, too."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def find_model(run: str | Path) -> Path:
    """The model's folder of a run; ``run`` may also name that folder itself.

    Raises:
        RunNotFoundError: there is none, or it can't be read.
    """
    run = Path(run)
    for folder in (run / MODEL, run):
        if _is_file(folder / "model.json"):
            return folder
    if not run.exists():
        near = sorted(str(p) for p in RUNS.glob("*") if (p / MODEL).is_dir()) if RUNS.is_dir() else []
        known = f" There are {', '.join(near)}." if near else " `gradiente train` makes one."
        raise RunNotFoundError(f"There is no run folder {run}.{known}")
    raise RunNotFoundError(
        f"{run} has no model: {run / MODEL / 'model.json'} is missing. It is not the folder of a run, or of one that was "
        "stopped before its first model."
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise RunNotFoundError(f"{path} can't be read: {error.strerror or error}.") from error
