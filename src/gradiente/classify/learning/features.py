"""What a pretrained network sees in images, computed once and kept in the run folder."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.learning.devices import session_config
from gradiente.classify.model.graph import Preprocessing
from gradiente.classify.networks.efficientnet_lite0 import FEATURES, features
from gradiente.classify.run_folder import write_whole

Floats = npt.NDArray[np.float32]

AS_THEY_ARE, MIRRORED = "as they are", "mirrored"

VIEWS: Mapping[str, Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]] = {
    AS_THEY_ARE: lambda images: images,
    MIRRORED: lambda images: images[:, :, ::-1],
}
"""The views of an image that the network is shown: the last layer learns from each as from an image of its own."""

_CHUNK = 64
"""Images whose features are kept in one file."""

_BATCH = 8
"""Images that go through the network at a time: so few that what is between two layers stays in the processor's cache."""


class Extractor:
    """The frozen part of efficientnet-lite0 in a session.

    Args:
        shape: height, width and channels of the images.
        weights: of the network.
        preprocessing: of the images.
        cache: a folder for features that were computed; None for none. A file's name is the SHA-256 sum of the weights, of
            the preprocessing and of the images themselves, so that no other images' features can be taken for theirs.
        device: as in the settings.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        weights: Mapping[str, npt.NDArray[Any]],
        preprocessing: Preprocessing,
        cache: Path | None = None,
        device: str = "auto",
    ) -> None:
        self._cache = cache
        digest = hashlib.sha256(repr((shape, preprocessing)).encode())
        for name in sorted(weights):
            digest.update(name.encode() + np.ascontiguousarray(weights[name]).tobytes())
        self._key = digest.digest()
        with tf.Graph().as_default() as graph:
            images = tf.placeholder(tf.uint8, [None, *shape])
            output = features(preprocessing.apply(images))
        self._session = tf.Session(graph=graph, config=session_config(device))
        names = {op.name for op in graph.get_operations() if op.type == "VariableV2"}
        self._session.import_state({name: weights[name] for name in names})
        self._run = self._session.make_callable(output, [images])

    def close(self) -> None:
        """Free the network."""
        self._session.close()

    def compute(
        self,
        images: Any,
        view: str = AS_THEY_ARE,
        told: Callable[[int], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Floats | None:
        """The features of images, of a kept file where there is one.

        Args:
            images: uint8 ``[n, height, width, channels]``, in memory or not.
            view: one of ``VIEWS``.
            told: is told how many more images are done, now and then.
            stop: is asked now and then whether to stop.

        Returns:
            float32 ``[n, 1280]``; None if it was stopped.
        """
        result = np.empty((len(images), FEATURES), np.float32)
        for start in range(0, len(images), _CHUNK):
            if stop is not None and stop():
                return None
            chunk = images[start : start + _CHUNK]
            result[start : start + len(chunk)] = self._chunk(chunk, view)
            if told is not None:
                told(len(chunk))
        return result

    def _chunk(self, images: npt.NDArray[np.uint8], view: str) -> Floats:
        images = np.ascontiguousarray(VIEWS[view](images))
        if self._cache is None:
            return self._network(images)
        name = hashlib.sha256(self._key + str(images.shape).encode() + images.tobytes()).hexdigest()
        path = self._cache / f"{name}.npy"
        kept = _read(path, len(images))
        if kept is not None:
            return kept
        made = self._network(images)
        content = io.BytesIO()
        np.save(content, made, allow_pickle=False)
        self._cache.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.getvalue())
        return made

    def _network(self, images: npt.NDArray[np.uint8]) -> Floats:
        made = np.empty((len(images), FEATURES), np.float32)
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            if len(batch) < _BATCH:  # filled up, so that only one size of batch is compiled
                batch = np.concatenate([batch, np.zeros((_BATCH - len(batch), *images.shape[1:]), np.uint8)])
            made[start : start + _BATCH] = self._run(batch)[: len(images) - start]
        return made


def _read(path: Path, count: int) -> Floats | None:
    """Kept features, or None where there are none or the file is damaged."""
    try:
        kept: Any = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return kept if kept.dtype == np.float32 and kept.shape == (count, FEATURES) else None
