"""The networks of the benchmarks, as all frameworks have them: sizes of the data, weights to start from, work to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Layer(NamedTuple):
    """A convolution or a dense layer: the results of an image, and the products that each is a sum of."""

    results: int
    products: int


@dataclass(frozen=True)
class Network:
    """What an image is, how many classes there are, and the layers that do the work."""

    shape: tuple[int, ...]
    classes: int
    layers: tuple[Layer, ...] = ()

    def data(self, batch: int) -> tuple[Array, Array]:
        """A fixed batch: images (NHWC) and one-hot labels."""
        rng = np.random.default_rng(0)
        labels = rng.integers(0, self.classes, batch)
        return rng.random((batch, *self.shape), np.float32), np.eye(self.classes, dtype=np.float32)[labels]

    def step_operations(self, batch: int) -> float:
        """Multiplications and additions of a training step: forward, to the weights, to the inputs (not to the images)."""
        work = [2.0 * layer.results * layer.products for layer in self.layers]
        return batch * (3 * sum(work) - work[0])


def _residual() -> tuple[Layer, ...]:
    layers = [Layer(32 * 32 * 16, 9 * 3)]
    for inputs, channels, side in ((16, 16, 32), (16, 32, 16), (32, 64, 8)):
        results = side * side * channels
        layers += [Layer(results, 9 * inputs), *[Layer(results, 9 * channels)] * 5]
    return (*layers, Layer(10, 64))


NETWORKS = {
    "softmax": Network((784,), 10, (Layer(10, 784),)),
    "experts": Network(
        (28, 28, 1), 10,
        (Layer(28 * 28 * 32, 25), Layer(14 * 14 * 64, 25 * 32), Layer(1024, 3136), Layer(10, 1024)),
    ),
    "cifar": Network(
        (32, 32, 3), 10,
        (Layer(32 * 32 * 64, 9 * 3), Layer(16 * 16 * 128, 9 * 64), Layer(8 * 8 * 256, 9 * 128), Layer(10, 4096)),
    ),
    "resnet20": Network((32, 32, 3), 10, _residual()),
    "efficientnet-lite0": Network((224, 224, 3), 1000),
}  # fmt: skip
"""The course's two, three 3x3 convolutions with pooling, ResNet-20, and EfficientNet-Lite0 (for prediction only)."""

CIFAR_CHANNELS = (64, 128, 256)


def experts_weights() -> list[Array]:
    """Filters (height, width, inputs, outputs), matrices and biases of the experts' network, in the layers' order."""
    rng = np.random.default_rng(1)
    weights: list[Array] = []
    for shape in ((5, 5, 1, 32), (5, 5, 32, 64), (3136, 1024), (1024, 10)):
        deviation = np.sqrt(2 / np.prod(shape[:-1]))
        weights.append(rng.normal(0, deviation, shape).astype(np.float32))
        weights.append(rng.normal(0, 0.1, shape[-1:]).astype(np.float32))
    return weights
