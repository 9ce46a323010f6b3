"""The file ``checkpoint`` of a training folder: which checkpoints there are, and which is the latest."""

from __future__ import annotations

import glob
import math
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gradiente.formats.proto_schema import Field, make_messages
from gradiente.formats.saved_weights import write_atomically
from gradiente.platform import tf_logging
from gradiente.platform.file_io import as_op_errors

CheckpointState: Any = make_messages(
    "gradiente/checkpoint_state.proto",
    {
        "CheckpointState": {
            "model_checkpoint_path": Field(1, "string"),
            "all_model_checkpoint_paths": Field(2, "string", repeated=True),
            "all_model_checkpoint_timestamps": Field(3, "double", repeated=True),
            "last_preserved_timestamp": Field(4, "double"),
        }
    },
)["CheckpointState"]
"""TensorFlow's message of this name, which the file holds as text."""


def generate_checkpoint_state_proto(
    save_dir: str, model_checkpoint_path: str, all_model_checkpoint_paths: Iterable[str] | None = None
) -> Any:
    """A CheckpointState; relative paths in it are relative to ``save_dir``.

    Args:
        save_dir: the folder that the state is for.
        model_checkpoint_path: the latest checkpoint.
        all_model_checkpoint_paths: all of them, the latest last.
    """
    paths = list(all_model_checkpoint_paths or ())
    if not paths or paths[-1] != model_checkpoint_path:
        paths.append(model_checkpoint_path)
    if not os.path.isabs(save_dir):
        paths = [p if os.path.isabs(p) else os.path.relpath(p, save_dir) for p in paths]
    return CheckpointState(model_checkpoint_path=paths[-1], all_model_checkpoint_paths=paths)


def update_checkpoint_state(
    save_dir: str | Path, model_checkpoint_path: str, all_model_checkpoint_paths: Sequence[str] | None = None,
    latest_filename: str | None = None, all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None, save_relative_paths: bool = False,
) -> None:  # fmt: skip
    """Write the file ``checkpoint`` of a folder.

    Args:
        save_dir: the folder.
        model_checkpoint_path: the latest checkpoint.
        all_model_checkpoint_paths: all of them, the latest last.
        latest_filename: another name for the file.
        all_model_checkpoint_timestamps: when each was written, in seconds since 1970.
        last_preserved_timestamp: accepted.
        save_relative_paths: write the paths relative to the folder, so that it can be moved.

    Raises:
        RuntimeError: if a checkpoint has the file's own name.
    """
    del all_model_checkpoint_timestamps, last_preserved_timestamp
    folder = os.fspath(save_dir)
    path = os.path.join(folder, latest_filename or "checkpoint")
    if path == model_checkpoint_path:
        raise RuntimeError(
            f"Save path {model_checkpoint_path!r} conflicts with path used for checkpoint state. Please use "
            "a different save path."
        )
    paths = list(all_model_checkpoint_paths or ())
    latest = model_checkpoint_path
    if save_relative_paths:
        latest = os.path.relpath(latest, folder)
        paths = [os.path.relpath(p, folder) for p in paths]
        state = CheckpointState(model_checkpoint_path=latest, all_model_checkpoint_paths=paths or [latest])
    else:
        state = generate_checkpoint_state_proto(folder, latest, paths)
    text = _as_text(state)
    with as_op_errors():
        write_atomically(path, lambda temporary: Path(temporary).write_text(text, encoding="utf-8"))


def _as_text(state: Any) -> str:
    from google.protobuf import text_format

    return text_format.MessageToString(state)


def get_checkpoint_state(checkpoint_dir: str | Path, latest_filename: str | None = None) -> Any:
    """The state that a folder's file ``checkpoint`` holds, its paths joined with the folder's.

    Args:
        checkpoint_dir: the folder.
        latest_filename: another name for the file.

    Returns:
        A CheckpointState with ``model_checkpoint_path`` and ``all_model_checkpoint_paths``, or None if there is no file or
        it can't be read.
    """
    from google.protobuf import text_format

    if isinstance(checkpoint_dir, list | tuple):
        raise TypeError("get_checkpoint_state takes one folder.")
    folder = os.fspath(checkpoint_dir)
    path = os.path.join(folder, latest_filename or "checkpoint")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        tf_logging.warning("%s: %s", path, error)
        return None
    try:
        state: Any = text_format.Parse(text, CheckpointState())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        tf_logging.warning("%s: %s", path, error)
        return None
    if not state.model_checkpoint_path:
        raise ValueError(f"Invalid checkpoint state loaded from {path}: it names no checkpoint.")
    paths = [os.path.join(folder, p) for p in state.all_model_checkpoint_paths]
    state.model_checkpoint_path = os.path.join(folder, state.model_checkpoint_path)
    del state.all_model_checkpoint_paths[:]
    state.all_model_checkpoint_paths.extend(paths)
    return state


def latest_checkpoint(checkpoint_dir: str | Path, latest_filename: str | None = None) -> str | None:
    """The path of the latest checkpoint of a folder, or None if there is none.

    Args:
        checkpoint_dir: the folder that ``Saver.save`` wrote to.
        latest_filename: another name for the file ``checkpoint``.
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    if checkpoint_exists(state.model_checkpoint_path):
        return state.model_checkpoint_path
    tf_logging.error("Couldn't match files for checkpoint %s", state.model_checkpoint_path)
    return None


def checkpoint_exists(checkpoint_prefix: str | Path) -> bool:
    """Whether a checkpoint stands at a path: one of gradiente's, or one of TensorFlow's two versions."""
    return bool(_files(os.fspath(checkpoint_prefix)))


def _files(prefix: str) -> list[str]:
    found = [prefix + s for s in (".index", ".safetensors") if os.path.isfile(prefix + s)]
    if not found and os.path.isfile(prefix):
        found = [prefix]
    return found or sorted(glob.glob(glob.escape(prefix) + "-?????-of-?????"))


def get_checkpoint_mtimes(checkpoint_prefixes: Iterable[str]) -> list[float]:
    """When each of some checkpoints was written, in seconds since 1970; those that are gone are left out."""
    times: list[float] = []
    for prefix in checkpoint_prefixes:
        files = _files(prefix)
        if files:
            times.append(os.path.getmtime(files[0]))
    return times


def remove_checkpoint(
    checkpoint_prefix: str, checkpoint_format_version: Any = None, meta_graph_suffix: str = "meta"
) -> None:
    """Delete a checkpoint's files, also its MetaGraphDef."""
    del checkpoint_format_version
    escaped = glob.escape(checkpoint_prefix)
    files = [
        f"{checkpoint_prefix}.{meta_graph_suffix}",
        checkpoint_prefix + ".index",
        checkpoint_prefix + ".safetensors",
    ]
    files += (
        glob.glob(escaped + ".data-?????-of-?????")
        + glob.glob(escaped + "-?????-of-?????")
        + [checkpoint_prefix]
    )
    for path in files:
        if os.path.isfile(path):
            with as_op_errors():
                os.unlink(path)


class KeptCheckpoints:
    """Which checkpoints a Saver keeps: the last ``max_to_keep``, and one every so many hours.

    Args:
        max_to_keep: how many; None or 0 for all.
        every_n_hours: of those that are too many, keep one for each so many hours of training.
    """

    def __init__(self, max_to_keep: int | None, every_n_hours: float) -> None:
        self._max = max_to_keep or 0
        self._every = every_n_hours * 3600
        self._next_kept = time.time() + self._every if math.isfinite(self._every) else math.inf
        self.times: list[tuple[str, float]] = []

    @property
    def paths(self) -> list[str]:
        """The checkpoints' paths, the latest last."""
        return [path for path, _ in self.times]

    def add(self, path: str) -> list[str]:
        """Note a new checkpoint, and say which ones to delete now."""
        self.times = [(p, t) for p, t in self.times if p != path]
        self.times.append((path, time.time()))
        dropped: list[str] = []
        while self._max and len(self.times) > self._max:
            old, written = self.times.pop(0)
            if written > self._next_kept:
                self._next_kept += self._every
                continue
            dropped.append(old)
        return dropped
