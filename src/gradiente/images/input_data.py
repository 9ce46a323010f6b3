"""MNIST as TensorFlow 1's tutorials read it (``tensorflow.examples.tutorials.mnist.input_data``)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradiente.graph.types import Array
from gradiente.images.idx import Source, read_idx
from gradiente.images.mnist import SHA256, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, packaged
from gradiente.ops.random_seed import get_seed

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
"""Where TensorFlow 1 downloaded the files from. gradiente never downloads: the package carries them."""

_NUM_CLASSES = 10
_NUM_PIXELS = 784
_NUM_FAKE_EXAMPLES = 10000


class DataSet:
    """Examples that are handed out in shuffled batches, epoch after epoch.

    The order is drawn from NumPy's global generator, as in TensorFlow 1, so that ``seed``, or a program's own
    ``numpy.random.seed``, decides it.

    Args:
        images: uint8 ``[n, rows, columns, depth]``.
        labels: ``[n]`` or one-hot ``[n, classes]``.
        fake_data: make a set without data, for programs that only exercise a graph.
        one_hot: with ``fake_data``, whether the labels are one-hot.
        dtype: float32 rescales the values from 0..255 to 0..1; uint8 leaves them.
        reshape: make each image a vector of rows * columns values; the depth must be 1.
        seed: the seed of the order; None takes the graph's (``set_random_seed``), or where it has none goes on with
            NumPy's generator as it stands.

    Raises:
        TypeError: ``dtype`` is neither float32 nor uint8.
        ValueError: there are not as many labels as images, or ``reshape`` was asked of a depth other than 1.

    Source: TensorFlow 1's ``contrib.learn.datasets.mnist.DataSet``.

    >>> data = DataSet(np.full([4, 2, 2, 1], 255, np.uint8), np.arange(4), seed=1)
    >>> images, labels = data.next_batch(3)
    >>> images.shape, float(images.max()), data.epochs_completed
    ((3, 4), 1.0, 0)
    """

    def __init__(
        self,
        images: Array,
        labels: Array,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = "float32",
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        graph_seed, op_seed = get_seed(seed)
        chosen = graph_seed if seed is None else op_seed
        if chosen is not None:
            np.random.seed(chosen)  # noqa: NPY002 - TensorFlow 1 draws from the global generator
        wanted = _image_dtype(dtype)
        self.one_hot = one_hot
        if fake_data:
            self._num_examples = _NUM_FAKE_EXAMPLES
        else:
            if len(images) != len(labels):
                raise ValueError(
                    "DataSet needs one label for each image: "
                    f"images.shape: {images.shape} labels.shape: {labels.shape}"
                )
            self._num_examples = len(images)
            if reshape:
                images = _flatten(images)
            if wanted == np.float32:
                images = np.multiply(images.astype(np.float32), np.float32(1.0 / 255.0))
        self._images = images
        self._labels = labels
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self) -> Array:
        """The images, in this epoch's order."""
        return self._images

    @property
    def labels(self) -> Array:
        """The labels, in the order of the images."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many examples an epoch has."""
        return self._num_examples

    @property
    def epochs_completed(self) -> int:
        """How many times all the examples have been handed out."""
        return self._epochs_completed

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[Array, Array]:
        """The next examples.

        The first epoch is shuffled before its first batch, and each later one when it begins. A batch that
        goes past the end of an epoch joins its rest with the beginning of the next.

        Args:
            batch_size: how many examples.
            fake_data: return lists of white images instead, all of them labelled 0.
            shuffle: whether to shuffle where an epoch begins.

        Returns:
            ``(images, labels)`` with ``batch_size`` rows each.

        Raises:
            ValueError: ``batch_size`` is negative, or the set has no examples.
        """
        if fake_data:
            label = [1] + [0] * (_NUM_CLASSES - 1) if self.one_hot else 0
            return [[1] * _NUM_PIXELS for _ in range(batch_size)], [label for _ in range(batch_size)]
        if batch_size < 0 or (batch_size and not self._num_examples):
            raise ValueError(f"next_batch can't give {batch_size} examples of a set of {self._num_examples}.")
        start = self._index_in_epoch
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        images: list[Array] = []
        labels: list[Array] = []
        missing = batch_size
        while start + missing > self._num_examples:
            images.append(self._images[start:])
            labels.append(self._labels[start:])
            missing -= self._num_examples - start
            self._epochs_completed += 1
            if shuffle:
                self._shuffle()
            start = 0
        self._index_in_epoch = start + missing
        images.append(self._images[start : self._index_in_epoch])
        labels.append(self._labels[start : self._index_in_epoch])
        if len(images) == 1:
            return images[0], labels[0]
        return np.concatenate(images), np.concatenate(labels)

    def _shuffle(self) -> None:
        order = np.arange(self._num_examples)
        np.random.shuffle(order)  # noqa: NPY002 - TensorFlow 1 draws from the global generator
        self._images = self._images[order]
        self._labels = self._labels[order]


class Datasets(NamedTuple):
    """The three parts of a data set."""

    train: DataSet
    validation: DataSet
    test: DataSet


def read_data_sets(
    train_dir: str | Path,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = "float32",
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = DEFAULT_SOURCE_URL,
) -> Datasets:
    """Read MNIST, or a data set in its format, and divide it into three.

    The four files are read from ``train_dir`` when they are there, else from the package. Nothing is
    downloaded and nothing is written.

    Args:
        train_dir: a folder that may hold the four files in gzip form, under MNIST's names.
        fake_data: make data sets without data.
        one_hot: labels as one-hot float64 rows ``[n, 10]`` instead of uint8 digits ``[n]``.
        dtype: float32 for values in 0..1, uint8 for 0..255.
        reshape: images as vectors ``[n, 784]`` instead of ``[n, 28, 28, 1]``.
        validation_size: how many of the 60,000 training examples, from the first on, are the validation set.
        seed: the seed of the batches' order, as in ``DataSet``.
        source_url: accepted for TensorFlow 1's sake; nothing is downloaded.

    Returns:
        ``Datasets(train, validation, test)`` of 55,000, 5,000 and 10,000 examples, each a ``DataSet``.

    Raises:
        ValueError: ``validation_size`` does not fit, a file in ``train_dir`` is damaged (the message names
            it), or ``train_dir`` holds some, but not all, of the files of another data set.
        TypeError: ``dtype`` is neither float32 nor uint8.

    Source: TensorFlow 1's ``contrib.learn.datasets.mnist.read_data_sets``.

    >>> mnist = read_data_sets("MNIST_data", one_hot=True)
    >>> mnist.train.num_examples, mnist.validation.num_examples, mnist.test.images.shape
    (55000, 5000, (10000, 784))
    """
    del source_url
    if fake_data:
        train, validation, test = (
            DataSet([], [], fake_data=True, one_hot=one_hot, dtype=dtype, seed=seed) for _ in Datasets._fields
        )
        return Datasets(train, validation, test)
    _image_dtype(dtype)
    sources = _sources(Path(train_dir))
    train_images, train_labels = _read_pair(sources, TRAIN_IMAGES, TRAIN_LABELS, one_hot)
    test_images, test_labels = _read_pair(sources, TEST_IMAGES, TEST_LABELS, one_hot)
    if not 0 <= validation_size <= len(train_images):
        raise ValueError(
            f"Validation size should be between 0 and {len(train_images)}. Received: {validation_size}."
        )

    def data_set(images: Array, labels: Array) -> DataSet:
        return DataSet(images, labels, dtype=dtype, reshape=reshape, seed=seed)

    return Datasets(
        train=data_set(train_images[validation_size:], train_labels[validation_size:]),
        validation=data_set(train_images[:validation_size], train_labels[:validation_size]),
        test=data_set(test_images, test_labels),
    )


def load_mnist(train_dir: str | Path = "MNIST-data") -> Datasets:
    """``read_data_sets`` with its defaults: float32 vectors and digits."""
    return read_data_sets(train_dir)


def extract_images(f: Source) -> npt.NDArray[np.uint8]:
    """Read a file of images.

    Args:
        f: the file's path, an open binary file, or its bytes; compressed with gzip or plain.

    Returns:
        uint8 ``[n, rows, columns, 1]``.

    Raises:
        ValueError: it is not an IDX file of images, or is damaged.
    """
    return read_idx(f, rank=3)[..., np.newaxis]


def extract_labels(f: Source, one_hot: bool = False, num_classes: int = _NUM_CLASSES) -> Array:
    """Read a file of labels.

    Args:
        f: the file's path, an open binary file, or its bytes; compressed with gzip or plain.
        one_hot: return one-hot rows.
        num_classes: the length of a one-hot row.

    Returns:
        uint8 ``[n]``, or float64 ``[n, num_classes]`` with ``one_hot``.

    Raises:
        ValueError: it is not an IDX file of labels, is damaged, or has a label that is no class.
    """
    labels = read_idx(f, rank=1)
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


def dense_to_one_hot(labels_dense: Array, num_classes: int = _NUM_CLASSES) -> npt.NDArray[np.float64]:
    """Turn class numbers into one-hot rows.

    Args:
        labels_dense: integers ``[n]`` in 0..num_classes - 1.
        num_classes: the length of a row.

    Returns:
        float64 ``[n, num_classes]``: 1 at the label, 0 elsewhere.

    Raises:
        ValueError: a label is not in 0..num_classes - 1.

    >>> dense_to_one_hot(np.array([2, 0]), 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    labels = np.asarray(labels_dense).ravel()
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"dense_to_one_hot received labels from {labels.min()} to {labels.max()}, and {num_classes} "
            f"classes are numbered 0 to {num_classes - 1}."
        )
    one_hot = np.zeros([labels.size, num_classes])
    one_hot[np.arange(labels.size), labels] = 1
    return one_hot


def _image_dtype(dtype: Any) -> np.dtype[Any]:
    """NumPy's form of a gradiente or NumPy dtype or a dtype's name, which must be uint8 or float32."""
    wanted = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))
    if wanted not in (np.dtype(np.uint8), np.dtype(np.float32)):
        raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
    return wanted


def _flatten(images: Array) -> Array:
    if images.ndim != 4 or images.shape[3] != 1:
        raise ValueError(
            "DataSet(reshape=True) makes vectors of grey images [n, rows, columns, 1], and received the "
            f"shape {images.shape}. Pass reshape=False to keep the images as they are."
        )
    return images.reshape(len(images), images.shape[1] * images.shape[2])


def _sources(train_dir: Path) -> dict[str, Source]:
    """For each of the four names, where it is read from."""
    found: dict[str, Source] = {name: train_dir / name for name in SHA256 if (train_dir / name).is_file()}
    missing = [name for name in SHA256 if name not in found]
    if missing and not all(_is_mnist(train_dir / name) for name in found):
        raise ValueError(
            f"The folder {train_dir} holds {', '.join(sorted(found))}, not MNIST's own, "
            f"without {', '.join(missing)}. Put all four files there, or name a folder without them to read "
            "the MNIST of the package."
        )
    return {name: packaged(name) for name in SHA256} if missing else found


def _is_mnist(path: Path) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == SHA256[path.name]


def _read_pair(sources: dict[str, Source], images: str, labels: str, one_hot: bool) -> tuple[Array, Array]:
    image_values = extract_images(sources[images])
    label_values = extract_labels(sources[labels], one_hot)
    if len(image_values) != len(label_values):
        raise ValueError(
            f"{sources[images]} has {len(image_values)} images, and {sources[labels]} has "
            f"{len(label_values)} labels: they don't belong together."
        )
    return image_values, label_values
