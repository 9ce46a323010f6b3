"""A trained classifier: from images to probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.model.ahead import in_order
from gradiente.classify.model.bringing import bring
from gradiente.classify.model.description import Description
from gradiente.classify.model.files import ModelFiles, checked, read_model, with_temperature, write_model
from gradiente.classify.model.graph import IMAGES, LOGITS, PROBABILITIES, TEMPERATURE
from gradiente.classify.problems import ModelError, OutOfMemoryError, UnreadableImageError
from gradiente.classify.run_folder import find_model

if TYPE_CHECKING:
    from PIL.Image import Image

    ImageLike: TypeAlias = str | Path | bytes | Image | npt.NDArray[np.uint8]
    """A path, a file's contents, a Pillow image, or a uint8 array ``[height, width]`` or ``[height, width, 1, 3 or 4]``."""

_BYTES_IN_A_BATCH = 96 << 20
_MOST_IN_A_BATCH = 256


@dataclass(frozen=True)
class Prediction:
    """What a classifier says about one image.

    Attributes:
        label: the class with the highest probability.
        probability: its probability: of the images for which it says 0.9, nine in ten are of the class.
        probabilities: float32 ``[classes]``, those of all classes, in the order of ``Classifier.classes``.
        classes: the classes' names.
    """

    label: str
    probability: float
    probabilities: npt.NDArray[np.float32]
    classes: tuple[str, ...] = ()

    def top(self, count: int) -> list[tuple[str, float]]:
        """The most probable classes with their probabilities, the most probable first."""
        order: list[int] = np.argsort(-self.probabilities, kind="stable")[:count].tolist()
        return [(self.classes[i], float(self.probabilities[i])) for i in order]

    def known(self, at_least: float) -> bool:
        """Whether the highest probability is at least this: below it, say that the image is of none of the classes."""
        return self.probability >= at_least


class Classifier:
    """A network with its weights, as it is kept in a run folder.

    Args:
        files: the model's description, graph and weights.

    Raises:
        ModelError: the graph can't be built, or could not be loaded again.
    """

    def __init__(self, files: ModelFiles) -> None:
        self._files = files
        self._weights: dict[str, npt.NDArray[Any]] = {}
        graph = tf.Graph()
        with graph.as_default():
            try:
                tf.import_graph_def(files.graph_def, name="")
                images = graph.get_tensor_by_name(f"{IMAGES}:0")
                output = graph.get_tensor_by_name(f"{PROBABILITIES}:0")
            except (ValueError, KeyError, TypeError, LookupError) as error:
                raise ModelError(f"The model's graph can't be built: {error}") from error
            expected = [None, len(self.classes)]
            if output.shape.as_list() != expected or output.dtype != tf.float32:
                raise ModelError(
                    f"The model's output is {output.dtype.name} of the shape {output.shape}, and it has "
                    f"{expected[1]} classes."
                )
            self._assign: dict[str, tuple[Any, Any]] = {}
            for name, value in files.weights.items():
                placeholder = tf.placeholder(tf.float32, value.shape)
                self._assign[name] = (
                    placeholder,
                    tf.assign(graph.get_tensor_by_name(f"{name}:0"), placeholder).op,
                )
        graph.finalize()
        self._graph = graph
        self._session = tf.Session(graph=graph)
        # The temperature is fed, so that another one needs no other graph.
        self._feeds = [images] + [op.outputs[0] for op in graph.get_operations() if op.name == TEMPERATURE]
        self._run = self._session.make_callable(output, self._feeds)
        self.set_weights(files.weights)

    @classmethod
    def made(
        cls, description: Description, graph_def: Any, weights: Mapping[str, npt.NDArray[Any]]
    ) -> Classifier:
        """A classifier from a graph that was just built.

        Raises:
            ModelError: it has something that a model must not have, so that it could not be loaded again.
        """
        return cls(checked(description, graph_def, weights))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names."""
        return self._files.description.classes

    @property
    def description(self) -> Description:
        """What the model takes and gives."""
        return self._files.description

    @property
    def graph_def(self) -> Any:
        """The graph from raw uint8 images of the model's size to probabilities."""
        return self._files.graph_def

    @property
    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """The values of the network's variables, by their names."""
        return dict(self._weights)

    @property
    def batch(self) -> int:
        """How many images are classified together at most: so many that their intermediate values take about 100 MB."""
        return max(1, min(_MOST_IN_A_BATCH, _BYTES_IN_A_BATCH // max(1, self._files.per_image)))

    def set_weights(self, weights: Mapping[str, npt.NDArray[Any]]) -> None:
        """Give the network other weights, by the names of its variables."""
        feeds = {self._assign[name][0]: value for name, value in weights.items()}
        self._session.run([op for _, op in self._assign.values()], feeds)
        self._weights = dict(weights)

    def set_temperature(self, temperature: float) -> None:
        """Divide the logits by this: above 1, the probabilities become less sure of themselves.

        Raises:
            ModelError: the model's graph has no place for a temperature, or it is no positive number.
        """
        self._files = with_temperature(self._files, temperature)

    def probabilities(self, images: Any) -> npt.NDArray[np.float32]:
        """The probability of each class for each image.

        Args:
            images: uint8 ``[n, height, width, channels]`` of the model's size: an array, or what gives such arrays for
                slices, as a part of a data set that is read from its files does.

        Returns:
            float32 ``[n, classes]``.

        Raises:
            ValueError: the images are of another size or type.
        """
        return self._values(self._run, images)

    def logits(self, images: Any) -> npt.NDArray[np.float32]:
        """What the network gives for each image before the temperature and the softmax, see ``probabilities``."""
        output = self._graph.get_tensor_by_name(f"{LOGITS}:0")
        return self._values(self._session.make_callable(output, self._feeds), images)

    def tensors(self, images: npt.NDArray[np.uint8], names: Sequence[str]) -> list[npt.NDArray[Any]]:
        """Tensors of the model's graph by their names (``"conv1/Conv2D:0"``) for a few images."""
        fetches = [self._graph.get_tensor_by_name(name) for name in names]
        return list(self._session.make_callable(fetches, self._feeds)(*self._fed(images)))

    def _fed(self, images: npt.NDArray[np.uint8]) -> list[Any]:
        temperature = np.float32(self.description.temperature)
        return [images, temperature][: len(self._feeds)]

    def _values(self, run: Any, images: Any) -> npt.NDArray[np.float32]:
        shape = tuple(images.shape)
        if (
            len(shape) != 4
            or shape[1:] != self.description.shape
            or getattr(images, "dtype", np.uint8) != np.uint8
        ):
            raise ValueError(
                f"The model takes uint8 images {['n', *self.description.shape]}, not "
                f"{getattr(images, 'dtype', 'uint8')} of the shape {list(shape)}."
            )
        result = np.zeros((len(images), len(self.classes)), np.float32)
        # Few sizes of batch, as each is compiled anew: the last one is filled up.
        size = min(self.batch, 1 << max(0, len(images) - 1).bit_length())
        for start in range(0, len(images), size):
            batch = images[start : start + size]
            filled = batch
            if len(batch) < size:
                filled = np.zeros((size, *shape[1:]), np.uint8)
                filled[: len(batch)] = batch
            try:
                result[start : start + size] = run(*self._fed(filled))[: len(batch)]
            except (tf.errors.ResourceExhaustedError, MemoryError) as error:
                raise OutOfMemoryError(
                    f"Classifying {size} images of {shape[1]}x{shape[2]} together does not fit into the memory."
                ) from error
            except (tf.errors.OpError, ValueError, TypeError, NotImplementedError) as error:
                raise ModelError(f"The model's graph can't be run: {error}") from error
        return result

    def predict(self, images: Sequence[ImageLike] | npt.NDArray[np.uint8]) -> list[Prediction]:
        """Classify images of any size.

        Args:
            images: paths of files, files' contents as bytes, Pillow images, or uint8 arrays ``[height, width]``,
                ``[height, width, 1, 3 or 4]``; also one array of many. Files are decoded in parallel.

        Returns:
            One prediction for each.

        Raises:
            UnreadableImageError: an image can't be read; the message names it.
            TypeError: it is a single path: give a list.
        """
        if isinstance(images, (str, bytes, Path)):
            raise TypeError(f"predict takes a list of images; for one, predict([{images!r:.80}])[0].")
        return list(self.stream(images))

    def stream(self, images: Iterable[ImageLike]) -> Iterator[Prediction]:
        """Classify images of any size and number, a batch in memory at a time: see ``predict``."""
        for found in self.stream_readable(images):
            if isinstance(found, UnreadableImageError):
                raise found
            yield found

    def stream_readable(self, images: Iterable[ImageLike]) -> Iterator[Prediction | UnreadableImageError]:
        """As ``stream``, but an image that can't be read gives its error in its place."""
        decoded = in_order(self._as_array, images, ahead=2 * self.batch)
        while batch := list(islice(decoded, self.batch)):
            good = [image for image in batch if not isinstance(image, UnreadableImageError)]
            rows = iter(self.probabilities(np.stack(good)) if good else ())
            for image in batch:
                yield image if isinstance(image, UnreadableImageError) else self._prediction(next(rows))

    def _prediction(self, row: npt.NDArray[np.float32]) -> Prediction:
        best = int(row.argmax())
        return Prediction(self.classes[best], float(row[best]), row, self.classes)

    def _as_array(self, image: ImageLike) -> npt.NDArray[np.uint8] | UnreadableImageError:
        try:
            return bring(image, self.description.shape, self.description.resize)
        except UnreadableImageError as error:
            return error

    def save(self, folder: Path) -> None:
        """Write the model into a folder: ``graph.pb``, ``weights.safetensors`` and ``model.json``."""
        files = self._files
        write_model(folder, ModelFiles(files.description, files.graph_def, self._weights, files.per_image))

    def close(self) -> None:
        """Free the weights on the device."""
        self._session.close()


def load(run: str | Path) -> Classifier:
    """Load the classifier of a run.

    Args:
        run: the run's folder, or its ``model`` folder.

    Raises:
        RunNotFoundError: there is no such run, or it has no model.
        ModelError: the model's files are not ours, damaged or newer than this version. Loading runs no code from them.
    """
    return Classifier(read_model(find_model(run)))
