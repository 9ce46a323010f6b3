"""Checkpoints of a training run: everything from which it goes on as if nothing had happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.learning.history import Epoch
from gradiente.classify.problems import CheckpointError
from gradiente.classify.run_folder import write_whole

CHECKPOINTS = "checkpoints"
"""The sub-folder of a run."""

VERSION = 1
_KEY = "gradiente training"

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Position:
    """How far a training run has come.

    Attributes:
        steps: how many steps were taken.
        losses: the losses of the running epoch's steps.
        accuracies: the proportions of their batches that were classified right.
        seconds: how long the running epoch's steps took.
        history: the epochs that ended.
        best: the number of the best epoch so far; 0 for none.
    """

    steps: int = 0
    losses: tuple[float, ...] = ()
    accuracies: tuple[float, ...] = ()
    seconds: float = 0.0
    history: tuple[Epoch, ...] = ()
    best: int = 0


class Checkpoints:
    """The checkpoints of one run: ``best.safetensors``, the best weights, and ``last.safetensors``, where it stands.

    Each is written under another name and then renamed, so that a file of this name is always whole, whenever the process
    is killed or the disk is full. The best weights are written before the position that speaks of them.

    Args:
        run: the run's folder.
    """

    def __init__(self, run: Path) -> None:
        self._last = run / CHECKPOINTS / "last.safetensors"
        self._best = run / CHECKPOINTS / "best.safetensors"

    @property
    def exist(self) -> bool:
        """Whether there is one to go on from."""
        return self._last.is_file()

    def save_best(self, epoch: int, weights: Arrays) -> None:
        """Write the best weights.

        Raises:
            OSError: they can't be written; what was there stays.
        """
        _write(self._best, weights, {"epoch": epoch})

    def save_last(self, position: Position, state: Arrays) -> None:
        """Write where the run stands: the session's state and the position.

        Raises:
            OSError: it can't be written; what was there stays.
        """
        _write(self._last, state, {"position": asdict(position)})

    def read_last(self) -> tuple[Position, dict[str, npt.NDArray[Any]]]:
        """Where the run stood.

        Raises:
            CheckpointError: the file is missing, damaged or of a newer version.
        """
        state, said = _read(self._last)
        try:
            values = said["position"]
            position = Position(
                steps=int(values["steps"]),
                losses=tuple(map(float, values["losses"])),
                accuracies=tuple(map(float, values["accuracies"])),
                seconds=float(values["seconds"]),
                history=tuple(Epoch(**row) for row in values["history"]),
                best=int(values["best"]),
            )
            return position, state
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{self._last} is damaged: {type(error).__name__}: {error}.") from error

    def read_best(self) -> dict[str, npt.NDArray[Any]]:
        """The best weights.

        Raises:
            CheckpointError: the file is missing, damaged or of a newer version.
        """
        return _read(self._best)[0]


def _write(path: Path, arrays: Arrays, said: Mapping[str, Any]) -> None:
    from safetensors.numpy import save

    path.parent.mkdir(exist_ok=True)
    whole = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    # ascontiguousarray makes a scalar a vector of one.
    whole = {name: value.reshape(arrays[name].shape) for name, value in whole.items()}
    write_whole(path, save(whole, {_KEY: json.dumps({"version": VERSION, **said})}))


def _read(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    import safetensors

    opened: Any = safetensors.safe_open
    try:
        with opened(path, framework="numpy") as file:
            metadata: Any = file.metadata()
            said: Any = json.loads(metadata[_KEY])
            if said["version"] > VERSION:
                raise CheckpointError(
                    f"{path} is of version {said['version']}, and this gradiente reads up to {VERSION}. Install a newer one."
                )
            return {name: file.get_tensor(name) for name in file.keys()}, said  # noqa: SIM118 -- it is no mapping
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no checkpoint {path}. Start the run anew.") from error
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path} is no checkpoint of gradiente, or damaged: {error}.") from error
