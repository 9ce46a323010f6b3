"""Checkpoints, read whichever program and version wrote them; TensorFlow's are written as version 2."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from gradiente.formats.bundle_reader import BundleReader
from gradiente.formats.bundle_writer import BundleWriter as BundleWriter
from gradiente.formats.checkpoint_v1 import V1Reader
from gradiente.formats.saved_weights import WeightsReader, has_weights
from gradiente.graph.dtypes import DType
from gradiente.graph.errors import NotFoundError
from gradiente.graph.types import Array


class CheckpointReader:
    """Reads a checkpoint that TensorFlow or gradiente wrote.

    Partitioned variables appear whole. Several threads may use a reader.

    Args:
        prefix: the path that was given to ``Saver.save`` (with the step): ``model.ckpt-100`` for
            ``model.ckpt-100.index`` and its data files, or for the single file of TensorFlow's first versions.

    Raises:
        NotFoundError: there is no such checkpoint.
        DataLossError: it is damaged.

    Source: TensorFlow 1's ``tf.train.NewCheckpointReader``.
    """

    def __init__(self, prefix: str | Path) -> None:
        self._prefix = os.fspath(prefix)
        self._reader = _open(self._prefix)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shape of each tensor by its name."""
        return {name: list(self._reader.shape(name)) for name in self._reader.names()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """The dtype of each tensor by its name."""
        return {name: self._reader.dtype(name) for name in self._reader.names()}

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether the checkpoint has a tensor of this name."""
        return tensor_str in self._reader

    def get_tensor(self, tensor_str: str) -> Array:
        """The values of a tensor: a writable array, of bytes objects for strings.

        Raises:
            NotFoundError: the checkpoint has no such tensor, or a data file is missing.
            DataLossError: a data file is damaged: its checksum does not fit, or it is truncated.
        """
        return self._reader.read(tensor_str)

    def debug_string(self) -> str:
        """The names, dtypes and shapes of the tensors, a line each."""
        return "\n".join(
            f"{name} ({self._reader.dtype(name).name}) {list(self._reader.shape(name))}"
            for name in self._reader.names()
        )


def _open(prefix: str) -> BundleReader | V1Reader | WeightsReader:
    if has_weights(prefix):
        return WeightsReader(prefix)
    if os.path.isfile(prefix + ".index"):
        return BundleReader(prefix)
    if os.path.isfile(prefix):
        return V1Reader([prefix])
    shards = sorted(glob.glob(glob.escape(prefix) + "-?????-of-?????"))
    if shards:
        return V1Reader(shards)
    raise NotFoundError(
        None,
        None,
        f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {prefix}: "
        f"neither {prefix}.index nor {prefix} exists. Give the path that Saver.save returned.",
    )
