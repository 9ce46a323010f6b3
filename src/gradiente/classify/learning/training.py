"""The training run: steps, validation after each epoch, the best weights kept, and checkpoints to go on from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.evaluation.scores import Scores, score
from gradiente.classify.learning.augment import AUGMENTATIONS
from gradiente.classify.learning.balance import balanced_positions, balanced_weights
from gradiente.classify.learning.checkpoints import Checkpoints, Position
from gradiente.classify.learning.devices import session_config
from gradiente.classify.learning.graph import training_graph
from gradiente.classify.learning.history import Epoch
from gradiente.classify.learning.memory import check_batch
from gradiente.classify.learning.progress import Progress
from gradiente.classify.learning.recipe import Recipe, schedule
from gradiente.classify.learning.steps import Steps, steps_over
from gradiente.classify.model.classifier import Classifier
from gradiente.classify.model.description import Description
from gradiente.classify.model.graph import Preprocessing, inference_graph
from gradiente.classify.networks import Network
from gradiente.classify.preparation.datasets import Dataset
from gradiente.classify.preparation.defaults import usual_rate
from gradiente.classify.problems import CheckpointError, DivergedError, OutOfMemoryError
from gradiente.classify.settings import Settings

_PIXELS_IN_A_PIECE = 2_000_000
_SECONDS_BETWEEN_CHECKPOINTS = 60.0

Weights = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Seen:
    """What a trained network makes of the images of a part.

    Attributes:
        features: what stands before its last layer, float32 ``[n, d]``.
        logits: what it gives in the end, before the softmax, float32 ``[n, classes]``.
    """

    features: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float32]


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
        seen: by the part's name, what it makes of images, where training has found that out already.
        frozen: of a pretrained network, by the part's name, what it saw in the images before it learnt any of their labels,
            float32 ``[n, d]``.
    """

    classifier: Classifier
    history: tuple[Epoch, ...]
    best: Epoch | None
    validation: Scores | None
    interrupted: bool
    seconds: float
    seen: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    frozen: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict[str, npt.NDArray[np.float32]])

    @property
    def images_per_second(self) -> float:
        """Training images in a second, the mean of the epochs."""
        return float(np.mean([row.images_per_second for row in self.history])) if self.history else 0.0


@dataclass(frozen=True)
class Job:
    """What is trained, with what.

    Attributes:
        data: the examples.
        network: from images to logits.
        settings: with all that is needed filled in (see ``defaults``).
        reasons: why the network was chosen, where that was left open.
        preprocessing: of the images; measured on the training images without it.
        initial: first values of some of the network's variables, by name; the others start at random.
        trainable: which of the variables are changed, by name; None for all.
    """

    data: Dataset
    network: Network
    settings: Settings
    reasons: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None
    initial: Weights = field(default_factory=dict[str, npt.NDArray[Any]])
    trainable: Callable[[str], bool] | None = None


def fit(
    job: Job,
    progress: Progress | None = None,
    keep: Callable[[Classifier], None] | None = None,
    stop: Callable[[], bool] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Train a network, or go on from the checkpoint that there is.

    Args:
        job: what to train.
        progress: is told how it goes.
        keep: is given the classifier whenever it is better than before.
        stop: is asked now and then whether to stop.
        checkpoints: where the run stands is written there, after each epoch and at least every minute, and read from
            there in the beginning; None for none.

    Returns:
        The best weights by validation accuracy, then by validation loss; without validation the last ones.

    Raises:
        DivergedError: the loss is not finite any more.
        OutOfMemoryError: a step does not fit into the memory.
        CheckpointError: the checkpoint can't be read, or is that of another run.
        OSError: a checkpoint can't be written; the one before stays.
    """
    return _Fit(
        job, progress or Progress(), keep or (lambda _: None), stop or (lambda: False), checkpoints
    ).run()


class _Fit:
    def __init__(
        self,
        job: Job,
        progress: Progress,
        keep: Callable[[Classifier], None],
        stop: Callable[[], bool],
        checkpoints: Checkpoints | None,
    ) -> None:
        settings, data = job.settings, job.data
        if settings.batch is None or settings.epochs is None or settings.lr is None:
            raise ValueError("Fill the settings in first: with_defaults(settings, ...).")
        train = data.parts["train"]
        self._data, self._settings, self._progress = data, settings, progress
        self._keep, self._stop, self._checkpoints = keep, stop, checkpoints
        self._batch, self._epochs = settings.batch, settings.epochs
        self._positions = (
            balanced_positions(train.labels, settings.seed) if settings.sampling == "balanced" else None
        )
        count = len(train if self._positions is None else self._positions)
        pixels = math.prod(data.shape) * self._batch
        self._epoch_steps, self._piece = divide(
            round(count / self._batch) or 1, max(1, _PIXELS_IN_A_PIECE // pixels)
        )
        preprocessing = job.preprocessing or measure(train.images)
        self._graph = training_graph(
            job.network,
            data.shape,
            len(data.classes),
            preprocessing,
            recipe_of(settings, self._epoch_steps, data, job.trainable),
        )
        check_batch(self._graph, self._batch, train)
        graph_def = inference_graph(job.network, data.shape, len(data.classes), preprocessing)
        self._session = tf.Session(graph=self._graph.graph, config=session_config(settings.device))
        self._session.run(self._graph.initialize)
        if job.initial:
            self._session.import_state(job.initial)
            if settings.average:
                averages = self._graph.weights
                self._session.import_state(
                    {averages[n].op.name: v for n, v in job.initial.items() if averages[n].op.name != n}
                )
        description = Description(data.classes, *data.shape, settings.model)
        self._classifier = Classifier.made(description, graph_def, self._weights())
        self._position: Position = Position()
        self._best: Weights | None = None
        self._saved = time.monotonic()

    def run(self) -> Trained:
        started = time.monotonic()
        interrupted = False
        with self._session:
            try:
                steps = steps_over(
                    self._session, self._graph, self._data.parts["train"], self._batch, self._settings.seed,
                    self._positions,
                )  # fmt: skip
                self._resume(steps)
                self._progress.start(
                    self._epochs, self._epochs * self._epoch_steps, self._batch, self._position.steps
                )
                while not self._done:
                    row = self._epoch(steps)
                    if row is None:
                        interrupted = True
                        break
                    self._end_of_epoch(row)
            except (tf.errors.ResourceExhaustedError, MemoryError) as error:
                if isinstance(error, OutOfMemoryError):
                    raise
                raise OutOfMemoryError(
                    f"A step with batches of {self._batch} images does not fit into the memory. Use --batch "
                    f"{max(1, self._batch // 2)}, or a smaller --image-size."
                ) from error
            finally:
                self._progress.end()
            if self._best is None:
                # Stopped in the first epoch: what there is is the best so far.
                self._best = self._weights()
                self._classifier.set_weights(self._best)
                self._keep(self._classifier)
        self._classifier.set_weights(self._best)
        best = next((row for row in self._position.history if row.epoch == self._position.best), None)
        return Trained(
            self._classifier, self._position.history, best, self._validate(), interrupted, time.monotonic() - started
        )  # fmt: skip

    @property
    def _done(self) -> bool:
        history, patience = self._position.history, self._settings.patience
        waited = len(history) - self._position.best
        return len(history) >= self._epochs or bool(patience and self._position.best and waited >= patience)

    def _epoch(self, steps: Steps) -> Epoch | None:
        """Take the rest of an epoch's steps and validate; None if training is to stop."""
        number = len(self._position.history) + 1
        rate: list[float] = []
        while len(self._position.losses) < self._epoch_steps:
            if self._stop():
                self._save()
                return None
            if time.monotonic() - self._saved > _SECONDS_BETWEEN_CHECKPOINTS:
                self._save()
            before = time.monotonic()
            losses, accuracies = steps.run(self._piece)
            seconds = time.monotonic() - before
            if not np.isfinite(losses).all():
                raise DivergedError(self._diverged(number, float(losses[~np.isfinite(losses)][0])))
            at = self._position
            self._position = replace(
                at, steps=at.steps + self._piece, losses=(*at.losses, *losses.tolist()),
                accuracies=(*at.accuracies, *accuracies.tolist()), seconds=at.seconds + seconds,
            )  # fmt: skip
            rate.append(self._piece * self._batch / seconds)
            self._progress.steps(
                number, self._position.steps, float(losses.mean()), float(accuracies.mean()), rate[-1]
            )
        scores = self._validate(self._weights())
        if scores is not None and not math.isfinite(scores.loss):
            raise DivergedError(self._diverged(number, scores.loss, "validation loss"))
        # The first piece includes the compilation, which says nothing about the speed.
        pure = rate[1:] or rate or [0.0]
        at = self._position
        return Epoch(
            number, at.steps, float(np.mean(at.losses)), float(np.mean(at.accuracies)), scores and scores.loss,
            scores and scores.accuracy, at.seconds, len(pure) / sum(1 / max(r, 1e-9) for r in pure),
        )  # fmt: skip

    def _end_of_epoch(self, row: Epoch) -> None:
        history = self._position.history
        old = history[self._position.best - 1] if self._position.best else None
        better = old is None or row.better_than(old)
        if better:
            self._best = self._classifier.weights
            self._keep(self._classifier)
            if self._checkpoints is not None:
                self._checkpoints.save_best(row.epoch, self._best)
        self._position = Position(
            steps=row.step, history=(*history, row), best=row.epoch if better else self._position.best
        )
        self._save()
        self._progress.epoch(row)

    def _save(self) -> None:
        if self._checkpoints is not None:
            self._checkpoints.save_last(self._position, self._session.export_state())
        self._saved = time.monotonic()

    def _resume(self, steps: Steps) -> None:
        if self._checkpoints is None or not self._checkpoints.exist:
            return
        position, state = self._checkpoints.read_last()
        try:
            self._session.import_state(state)
        except (KeyError, ValueError) as error:
            raise CheckpointError(f"The checkpoint is not that of this run: {error}") from error
        if position.best:
            self._best = self._checkpoints.read_best()
        self._position = position
        steps.step = position.steps
        for row in position.history:
            self._progress.epoch(row, again=True)

    def _diverged(self, epoch: int, loss: float, what: str = "loss") -> str:
        best = self._position.best
        kept = f" The best model so far, of epoch {best}, is kept." if best else ""
        lr = min((self._settings.lr or 0.0) / 10, usual_rate(self._settings.optimizer))
        return (
            f"The {what} became {loss} in epoch {epoch}.{kept} Try a lower learning rate, --lr {lr:g}, a longer --warmup, "
            "or --find-lr, which looks for one."
        )

    def _weights(self) -> Weights:
        return self._session.run(dict(self._graph.weights))

    def _validate(self, weights: Weights | None = None) -> Scores | None:
        if weights is not None:
            self._classifier.set_weights(weights)
        part = self._data.parts["validation"]
        if not len(part):
            return None
        return score(self._data.classes, part.labels, self._classifier.probabilities(part.images))


def recipe_of(
    settings: Settings, epoch_steps: int, data: Dataset, trainable: Callable[[str], bool] | None = None
) -> Recipe:
    """The recipe that settings without gaps describe."""
    if settings.epochs is None or settings.lr is None:
        raise ValueError("Fill the settings in first: with_defaults(settings, ...).")
    weights: Sequence[float] | None = None
    if settings.class_weight == "balanced":
        weights = balanced_weights(data.parts["train"].labels, len(data.classes))
    warmup = round((settings.warmup or 0.0) * epoch_steps)
    return Recipe(
        rate=schedule(settings.schedule, settings.lr, settings.epochs * epoch_steps, warmup),
        optimizer=settings.optimizer,
        weight_decay=settings.weight_decay,
        label_smoothing=settings.label_smoothing,
        average=settings.average or 0.0,
        augmentation=AUGMENTATIONS[settings.augment or "none"],
        class_weights=weights,
        precision=settings.precision or "float32",
        trainable=trainable,
        seed=settings.seed,
    )


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


def measure(images: Any, most: int = 5000) -> Preprocessing:
    """Each channel's mean and standard deviation over the images; the deviation is at least 1.

    Args:
        images: uint8 ``[n, height, width, channels]``, in memory or not.
        most: of more images than this, evenly spread ones are measured.
    """
    images = images[np.unique(np.linspace(0, len(images) - 1, most).astype(np.intp))]
    count = images.shape[0] * images.shape[1] * images.shape[2]
    histograms = [np.bincount(images[..., c].ravel(), minlength=256) for c in range(images.shape[3])]
    values = np.arange(256)
    means = [float((h * values).sum() / count) for h in histograms]
    deviations = [
        max(1.0, math.sqrt(float((h * (values - mean) ** 2).sum()) / count))
        for h, mean in zip(histograms, means, strict=True)
    ]
    return Preprocessing(tuple(means), tuple(deviations))
