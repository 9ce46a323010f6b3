"""The MNIST handwritten digits that ship with the package: 60,000 training and 10,000 test images."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gradiente.images.idx import read_idx

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"

SHA256 = {
    TRAIN_IMAGES: "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    TRAIN_LABELS: "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    TEST_IMAGES: "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    TEST_LABELS: "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}
"""The SHA-256 sum of each of the four files as shipped."""


class Examples(NamedTuple):
    """Images and their labels, in the files' order."""

    images: npt.NDArray[np.uint8]
    """uint8 ``[n, 28, 28, 1]``, 0 (background) to 255 (ink)."""
    labels: npt.NDArray[np.uint8]
    """uint8 ``[n]``, the digit 0 to 9."""


class Mnist(NamedTuple):
    """The data set as its authors divided it."""

    train: Examples
    test: Examples


def packaged(name: str) -> bytes:
    """The bytes of one of the four packaged files.

    Args:
        name: one of ``TRAIN_IMAGES``, ``TRAIN_LABELS``, ``TEST_IMAGES``, ``TEST_LABELS``.

    Returns:
        The file as its authors published it, compressed with gzip.

    Raises:
        ValueError: the file's SHA-256 sum is not the published file's.
        FileNotFoundError: the installation lacks the file.
    """
    file = resources.files("gradiente.images") / "mnist_data" / name
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"The MNIST file {file} is missing. Install gradiente anew.") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256[name]:
        raise ValueError(
            f"The MNIST file {file} is damaged: its SHA-256 sum is {digest}, not {SHA256[name]}. "
            "Install gradiente anew."
        )
    return data


def load() -> Mnist:
    """Load MNIST from the package.

    Returns:
        ``(train, test)``, 60,000 and 10,000 examples, each ``(images, labels)``: uint8 arrays of shapes
        ``[n, 28, 28, 1]`` and ``[n]``.

    Raises:
        ValueError: a packaged file is damaged (its SHA-256 sum is checked).

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".

    >>> load().test.images.shape
    (10000, 28, 28, 1)
    """
    return Mnist(_examples(TRAIN_IMAGES, TRAIN_LABELS), _examples(TEST_IMAGES, TEST_LABELS))


def _examples(images: str, labels: str) -> Examples:
    return Examples(read_idx(packaged(images), rank=3)[..., np.newaxis], read_idx(packaged(labels), rank=1))
