"""The training run: steps, validation after each epoch, the best weights kept."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

import gradiente as tf
from gradiente.classify.classifier import Classifier
from gradiente.classify.datasets import Dataset
from gradiente.classify.description import Description
from gradiente.classify.graphs import Preprocessing, inference_graph, training_graph
from gradiente.classify.networks import find_network
from gradiente.classify.problems import DivergedError, OutOfMemoryError
from gradiente.classify.progress import Progress
from gradiente.classify.scores import Scores, score
from gradiente.classify.settings import Settings

_PIXELS_IN_A_PIECE = 2_000_000


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes:
        epoch: its number, from 1.
        step: how many steps were taken in all.
        loss: the mean cross-entropy of the epoch's batches, dropout included.
        accuracy: the proportion of them that was classified right.
        validation_loss: the mean cross-entropy of the validation part after the epoch; None without such a part.
        validation_accuracy: the proportion of it that was classified right.
        seconds: how long the epoch took, without the validation.
        images_per_second: training images in a second.
    """

    epoch: int
    step: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class Trained:
    """The outcome of training.

    Attributes:
        classifier: with the best weights.
        history: the epochs.
        best: the epoch that the weights are of; None if training was stopped in the first one.
        validation: the best weights' scores on the validation part; None without one.
        interrupted: whether training was stopped before its end.
        seconds: how long it took, validation and compilation included.
    """

    classifier: Classifier
    history: tuple[Epoch, ...]
    best: Epoch | None
    validation: Scores | None
    interrupted: bool
    seconds: float

    @property
    def images_per_second(self) -> float:
        """Training images in a second, the mean of the epochs."""
        return float(np.mean([row.images_per_second for row in self.history])) if self.history else 0.0


def fit(
    data: Dataset,
    settings: Settings,
    progress: Progress | None = None,
    keep: Callable[[Classifier], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trained:
    """Train a network.

    Args:
        data: the examples.
        settings: with all that is needed filled in (``Settings.with_defaults``).
        progress: is told how it goes.
        keep: is given the classifier whenever it is better than before.
        stop: is asked now and then whether to stop.

    Returns:
        The best weights by validation accuracy, then by validation loss; without validation the last ones.

    Raises:
        DivergedError: the loss is not finite any more.
        OutOfMemoryError: a step does not fit into the memory.
    """
    return _Fit(
        data, settings, progress or Progress(), keep or (lambda _: None), stop or (lambda: False)
    ).run()


class _Fit:
    def __init__(
        self,
        data: Dataset,
        settings: Settings,
        progress: Progress,
        keep: Callable[[Classifier], None],
        stop: Callable[[], bool],
    ) -> None:
        if settings.batch is None or settings.epochs is None:
            raise ValueError("Fill the settings in first: settings.with_defaults(training_images).")
        train = data.parts["train"]
        self._data, self._settings, self._progress, self._keep, self._stop = (
            data,
            settings,
            progress,
            keep,
            stop,
        )
        self._batch = settings.batch
        self._epochs = settings.epochs
        pixels = math.prod(data.shape) * self._batch
        self._epoch_steps, self._piece = divide(
            round(len(train) / self._batch) or 1, max(1, _PIXELS_IN_A_PIECE // pixels)
        )
        network = find_network(settings.model, settings.layers, settings.width)
        preprocessing = measure(train.images)
        total = self._epoch_steps * self._epochs
        self._graph = training_graph(
            network, data.shape, len(data.classes), preprocessing, lr=settings.lr, steps=total, average=settings.average,
            shift=settings.shift or 0, seed=settings.seed,
        )  # fmt: skip
        graph_def = inference_graph(network, data.shape, len(data.classes), preprocessing)
        self._session = tf.Session(graph=self._graph.graph)
        self._session.run(self._graph.initialize)
        description = Description(data.classes, *data.shape, settings.model)
        self._classifier = Classifier.made(description, graph_def, self._weights())
        self._history: list[Epoch] = []
        self._best: tuple[Epoch | None, Scores | None, dict[str, Any]] | None = None

    def run(self) -> Trained:
        started = time.monotonic()
        graph, train = self._graph, self._data.parts["train"]
        self._progress.start(self._epochs, self._epochs * self._epoch_steps, self._batch)
        interrupted = False
        with self._session:
            try:
                loop = self._session.make_loop(
                    [graph.step, graph.loss, graph.accuracy], {graph.images: train.images, graph.labels: train.labels},
                    self._batch, seed=self._settings.seed,
                )  # fmt: skip
                for number in range(1, self._epochs + 1):
                    row = self._epoch(number, loop)
                    if row is None:
                        interrupted = True
                        break
                    self._history.append(row)
                    self._progress.epoch(row)
            except tf.errors.ResourceExhaustedError as error:
                raise OutOfMemoryError(
                    f"A step with batches of {self._batch} images does not fit into the memory. Use --batch "
                    f"{max(1, self._batch // 2)}, or a smaller --image-size."
                ) from error
            finally:
                self._progress.end()
        if self._best is None:
            raise RuntimeError("Training ended without a model.")
        best, validation, weights = self._best
        self._classifier.set_weights(weights)
        return Trained(
            self._classifier, tuple(self._history), best, validation, interrupted, time.monotonic() - started
        )

    def _epoch(self, number: int, loop: Any) -> Epoch | None:
        """Take an epoch's steps and validate; None if training is to stop, once there are weights to keep."""
        losses: list[Any] = []
        accuracies: list[Any] = []
        times: list[float] = []
        for _ in range(self._epoch_steps // self._piece):
            if self._stop():
                if self._best is None:
                    self._consider(None, self._validate())
                return None
            before = time.monotonic()
            _, loss, accuracy = loop.run(self._piece)
            times.append(time.monotonic() - before)
            losses.append(loss)
            accuracies.append(accuracy)
            if not np.isfinite(loss).all():
                raise DivergedError(
                    f"The loss became {float(loss[~np.isfinite(loss)][0])} in epoch {number}. Use a lower learning "
                    f"rate: --lr {self._settings.lr / 10:g}."
                )
            self._progress.steps(
                number,
                loop.order.step,
                float(loss.mean()),
                float(accuracy.mean()),
                self._piece * self._batch / times[-1],
            )
        scores = self._validate()
        # The run's first piece includes the compilation, which says nothing about the speed.
        pure = times[1:] if not self._history and len(times) > 1 else times
        row = Epoch(
            number, loop.order.step, float(np.mean(losses)), float(np.mean(accuracies)), scores and scores.loss,
            scores and scores.accuracy, sum(times), len(pure) * self._piece * self._batch / sum(pure),
        )  # fmt: skip
        self._consider(row, scores)
        return row

    def _weights(self) -> dict[str, Any]:
        return self._session.run(self._graph.weights)

    def _validate(self) -> Scores | None:
        self._classifier.set_weights(self._weights())
        part = self._data.parts["validation"]
        if not len(part):
            return None
        return score(self._data.classes, part.labels, self._classifier.probabilities(part.images))

    def _consider(self, row: Epoch | None, scores: Scores | None) -> None:
        if self._best is not None and scores is not None:
            old = self._best[1]
            if old is not None and (old.accuracy, -old.loss) >= (scores.accuracy, -scores.loss):
                return
        self._best = row, scores, self._classifier.weights
        self._keep(self._classifier)


def divide(steps: int, most: int) -> tuple[int, int]:
    """A number of steps close to ``steps``, and how many of them to take at a time, so that they go in evenly.

    Every number of steps at a time is compiled on its own, so a smaller last piece would cost as much as many steps.

    >>> divide(550, 25)
    (550, 25)
    >>> divide(547, 25)
    (546, 21)
    """
    if steps <= most:
        return steps, steps
    near = range(max(1, steps - steps // 50), steps + steps // 50 + 1)
    for total in sorted(near, key=lambda n: (abs(n - steps), n)):
        for piece in range(most, most // 2, -1):
            if total % piece == 0:
                return total, piece
    pieces = math.ceil(steps / most)
    return pieces * math.ceil(steps / pieces), math.ceil(steps / pieces)


def measure(images: Any) -> Preprocessing:
    """Each channel's mean and standard deviation over the images; the deviation is at least 1."""
    count = images.shape[0] * images.shape[1] * images.shape[2]
    histograms = [np.bincount(images[..., c].ravel(), minlength=256) for c in range(images.shape[3])]
    values = np.arange(256)
    means = [float((h * values).sum() / count) for h in histograms]
    deviations = [
        max(1.0, math.sqrt(float((h * (values - mean) ** 2).sum()) / count))
        for h, mean in zip(histograms, means, strict=True)
    ]
    return Preprocessing(tuple(means), tuple(deviations))


def history_table(history: tuple[Epoch, ...]) -> str:
    """The epochs as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Epoch)])
    for row in history:
        writer.writerow(
            ["" if v is None else f"{v:.6g}" if isinstance(v, float) else v for v in asdict(row).values()]
        )
    return text.getvalue()
