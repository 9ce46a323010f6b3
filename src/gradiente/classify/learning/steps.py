"""Takes training steps: many at a time over images that lie on the device, or one by one over a stream of batches."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.learning.graph import TrainingGraph
from gradiente.classify.preparation.datasets import Part
from gradiente.images.batches import iterate
from gradiente.runtime.batches import BatchOrder

Positions = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float32]


class Steps(Protocol):
    """Takes steps of a training graph over a part of the data.

    Attributes:
        step: how many were taken; setting it goes on from there, with the batches that then follow.
    """

    @property
    def step(self) -> int: ...

    @step.setter
    def step(self, value: int) -> None: ...

    def run(self, count: int) -> tuple[Numbers, Numbers]:
        """Take steps; returns the loss and the accuracy of each."""
        ...


def steps_over(
    session: tf.Session,
    graph: TrainingGraph,
    part: Part,
    batch: int,
    seed: int,
    positions: Positions | None,
) -> Steps:
    """The quickest way of taking steps over ``part``.

    Args:
        session: over the graph, with its variables initialized.
        graph: the training graph.
        part: the training images.
        batch: images in a step.
        seed: of the order, which is the same either way.
        positions: the images that make an epoch; all without it.
    """
    if isinstance(part.images, np.ndarray):
        return _Resident(session, graph, part, batch, seed, positions)
    return _Streamed(session, graph, part, batch, seed, positions)


class _Resident:
    """Over images on the device: many steps in one executable."""

    def __init__(
        self, session: tf.Session, graph: TrainingGraph, part: Part, batch: int, seed: int,
        positions: Positions | None,
    ) -> None:  # fmt: skip
        self._loop = session.make_loop(
            [graph.step, graph.loss, graph.accuracy], {graph.images: part.images, graph.labels: part.labels}, batch,
            seed=seed, positions=positions,
        )  # fmt: skip

    @property
    def step(self) -> int:
        return self._loop.order.step

    @step.setter
    def step(self, value: int) -> None:
        self._loop.order.step = value

    def run(self, count: int) -> tuple[Numbers, Numbers]:
        _, losses, accuracies = self._loop.run(count)
        return losses, accuracies


class _Streamed:
    """Over images that are decoded as they are needed, some batches ahead."""

    def __init__(
        self, session: tf.Session, graph: TrainingGraph, part: Part, batch: int, seed: int,
        positions: Positions | None,
    ) -> None:  # fmt: skip
        self._part = part
        self._order = BatchOrder(len(part), batch, seed=seed, positions=positions)
        self._take = session.make_callable(
            [graph.step, graph.loss, graph.accuracy], [graph.images, graph.labels]
        )

    @property
    def step(self) -> int:
        return self._order.step

    @step.setter
    def step(self, value: int) -> None:
        self._order.step = value

    def run(self, count: int) -> tuple[Numbers, Numbers]:
        losses, accuracies = np.zeros(count, np.float32), np.zeros(count, np.float32)
        order = self._order.take(count)
        for at, (images, labels) in enumerate(iterate(self._part, order.astype(np.intp))):
            _, losses[at], accuracies[at] = self._take(images, labels)
        return losses, accuracies
