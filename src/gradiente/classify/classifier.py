"""A trained classifier: from images to probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.graphs import IMAGES, PROBABILITIES
from gradiente.classify.model_files import Description, ModelFiles, read_model, write_model
from gradiente.classify.problems import ModelError
from gradiente.classify.run_folder import find_model
from gradiente.images.loading import read_image

_PIXELS_IN_A_BATCH = 400_000
_MOST_IN_A_BATCH = 500


@dataclass(frozen=True)
class Prediction:
    """What a classifier says about one image.

    Attributes:
        label: the class with the highest probability.
        probability: its probability.
        probabilities: those of all classes, in the order of ``Classifier.classes``.
    """

    label: str
    probability: float
    probabilities: npt.NDArray[np.float32]


class Classifier:
    """A network with its weights, as it is kept in a run folder.

    Args:
        files: the model's description, graph and weights.

    Raises:
        ModelError: the graph can't be built.
    """

    def __init__(self, files: ModelFiles) -> None:
        self._said = files.description
        self._graph_def = files.graph_def
        self._weights: dict[str, npt.NDArray[Any]] = {}
        graph = tf.Graph()
        with graph.as_default():
            try:
                tf.import_graph_def(files.graph_def, name="")
                images = graph.get_tensor_by_name(f"{IMAGES}:0")
                output = graph.get_tensor_by_name(f"{PROBABILITIES}:0")
            except (ValueError, KeyError, TypeError, LookupError) as error:
                raise ModelError(f"The model's graph can't be built: {error}") from error
            expected = [None, len(self._said.classes)]
            if output.shape.as_list() != expected:
                raise ModelError(
                    f"The model's output is of the shape {output.shape}, and it has {expected[1]} classes."
                )
            self._assign: dict[str, tuple[Any, Any]] = {}
            for name, value in files.weights.items():
                placeholder = tf.placeholder(tf.float32, value.shape)
                self._assign[name] = (
                    placeholder,
                    tf.assign(graph.get_tensor_by_name(f"{name}:0"), placeholder).op,
                )
        graph.finalize()
        self._session = tf.Session(graph=graph)
        self._run = self._session.make_callable(output, [images])
        self.set_weights(files.weights)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names."""
        return self._said.classes

    @property
    def description(self) -> Description:
        """What the model takes and gives."""
        return self._said

    @property
    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """The values of the network's variables, by their names."""
        return dict(self._weights)

    def set_weights(self, weights: Mapping[str, npt.NDArray[Any]]) -> None:
        """Give the network other weights, by the names of its variables."""
        feeds = {self._assign[name][0]: value for name, value in weights.items()}
        self._session.run([op for _, op in self._assign.values()], feeds)
        self._weights = dict(weights)

    def probabilities(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The probability of each class for each image.

        Args:
            images: uint8 ``[n, height, width, channels]`` of the model's size.

        Returns:
            float32 ``[n, classes]``.

        Raises:
            ValueError: the images are of another size or type.
        """
        if images.ndim != 4 or images.shape[1:] != self._said.shape or images.dtype != np.uint8:
            raise ValueError(
                f"The model takes uint8 images {['n', *self._said.shape]}, not {images.dtype} of the shape "
                f"{list(images.shape)}."
            )
        result = np.zeros((len(images), len(self.classes)), np.float32)
        size = max(1, min(_MOST_IN_A_BATCH, _PIXELS_IN_A_BATCH // (self._said.height * self._said.width)))
        # Few sizes of batch, as each is compiled anew: the last one is filled up.
        size = min(size, 1 << max(0, len(images) - 1).bit_length())
        for start in range(0, len(images), size):
            batch = images[start : start + size]
            filled = batch
            if len(batch) < size:
                filled = np.zeros((size, *images.shape[1:]), np.uint8)
                filled[: len(batch)] = batch
            result[start : start + size] = self._run(filled)[: len(batch)]
        return result

    def predict(self, images: Sequence[Any] | npt.NDArray[np.uint8]) -> list[Prediction]:
        """Classify images of any size.

        Args:
            images: paths of files, files' contents as bytes, Pillow images, or uint8 arrays ``[height, width]``,
                ``[height, width, 1 or 3]``; also one array of many.

        Returns:
            One prediction for each.

        Raises:
            ValueError: an image can't be read.
        """
        if not len(images):
            return []
        batch = np.stack([self._as_array(image) for image in images])
        return [self._prediction(row) for row in self.probabilities(batch)]

    def _prediction(self, row: npt.NDArray[np.float32]) -> Prediction:
        best = int(row.argmax())
        return Prediction(self.classes[best], float(row[best]), row)

    def _as_array(self, image: Any) -> npt.NDArray[np.uint8]:
        if isinstance(image, (str, Path)):
            try:
                return read_image(Path(image), *self._said.shape)
            except ValueError as error:
                raise ValueError(f"{image}: {error}.") from error
        if isinstance(image, bytes):
            return read_image(image, *self._said.shape)
        return resized(image, *self._said.shape)

    def save(self, folder: Path) -> None:
        """Write the model into a folder: ``graph.pb``, ``weights.safetensors`` and ``model.json``."""
        write_model(folder, ModelFiles(self._said, self._graph_def, self._weights))

    def close(self) -> None:
        """Free the weights on the device."""
        self._session.close()


def resized(image: Any, height: int, width: int, channels: int) -> npt.NDArray[np.uint8]:
    """A Pillow image or an array as uint8 ``[height, width, channels]``.

    Raises:
        ValueError: it is an array of another kind than uint8 with one or three channels.
    """
    from gradiente.images.loading import fit

    if isinstance(image, np.ndarray):
        array: npt.NDArray[Any] = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - user input
        if array.dtype != np.uint8 or not (
            array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (3, 4))
        ):
            raise ValueError(
                f"An image is a uint8 array [height, width] or [height, width, 3], not {array.dtype} of the shape "
                f"{list(array.shape)}."
            )
        from PIL import Image

        image = Image.fromarray(array)
    return fit(image, height, width, channels)


def load(run: str | Path) -> Classifier:
    """Load the classifier of a run.

    Args:
        run: the run's folder, or its ``model`` folder.

    Raises:
        RunNotFoundError: there is no such run, or it has no model.
        ModelError: the model's files are not ours, damaged or newer than this version. Loading runs no code from them.
    """
    return Classifier(read_model(find_model(run)))
