"""Training that starts from the weights of ImageNet: the last layer first, then, where it helps, the blocks before it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from gradiente.classify.evaluation.calibration import softmax
from gradiente.classify.evaluation.scores import score
from gradiente.classify.learning.balance import balanced_weights
from gradiente.classify.learning.checkpoints import Checkpoints
from gradiente.classify.learning.features import AS_THEY_ARE, MIRRORED, Extractor, Floats
from gradiente.classify.learning.head import Head, fit_head
from gradiente.classify.learning.history import Epoch
from gradiente.classify.learning.progress import Progress
from gradiente.classify.learning.training import Job, Seen, Trained, Weights, fit
from gradiente.classify.model.classifier import Classifier
from gradiente.classify.model.description import Description
from gradiente.classify.model.graph import Preprocessing, inference_graph
from gradiente.classify.networks.efficientnet_lite0 import BLOCKS, FEATURES
from gradiente.classify.networks.imagenet import DEVIATION, MEAN, imagenet_weights

PREPROCESSING = Preprocessing((MEAN,) * 3, (DEVIATION,) * 3)
"""Of its images, as it was trained."""

FEATURES_FOLDER = "features"
"""The folder of the features in the run folder."""

FEW = 50
"""With up to so many training images for each class, the last layer learns from their mirror images as well.

On the pets they helped with 10 for each, and not with 25 or more.
"""

_MOST_KEPT = 20_000
"""Of so many images at most what the network saw in them stays in memory until their labels are checked with it."""

View: TypeAlias = tuple[str, str]
"""A part of the data, and how its images are shown."""


def last_blocks(count: int) -> Callable[[str], bool]:
    """Which variables are trained when the last ``count`` of the 16 blocks are; with all of them, the stem is too."""

    def trained(name: str) -> bool:
        layer = name.split("/")[0]
        if layer.startswith("block"):
            return int(layer.removeprefix("block")) >= BLOCKS - count
        return layer != "stem" or count >= BLOCKS

    return trained


def fit_pretrained(
    job: Job,
    progress: Progress | None = None,
    keep: Callable[[Classifier], None] | None = None,
    stop: Callable[[], bool] | None = None,
    folder: Path | None = None,
) -> Trained:
    """Train efficientnet-lite0 from ImageNet's weights.

    With ``settings.fine_tune == 0`` only the last layer is trained, to convergence, on features that are computed once; the
    test part's are computed along with them, and are not learnt from.
    Otherwise the last blocks are trained as well after that, a step at a time, with batch normalization's
    statistics left as they are: they are folded into the filters.

    Args:
        job: what to train; its settings have no gaps.
        progress: as for ``fit``.
        keep: likewise.
        stop: likewise.
        folder: the run folder, for features and checkpoints; None for none.

    Returns:
        As of ``fit``.

    Raises:
        As of ``fit``; SettingsError if the weights are not installed.
    """
    weights = imagenet_weights()
    body = {name: value for name, value in weights.items() if not name.startswith("logits/")}
    progress, stop = progress or Progress(), stop or (lambda: False)
    first = _LastLayer(job, progress, stop, body, None if folder is None else folder / FEATURES_FOLDER)
    if not job.settings.fine_tune:
        return first.train(keep)
    initial = first.initial()
    if initial is None:
        return first.untrained(keep)
    tuned = replace(
        job, preprocessing=PREPROCESSING, initial=initial, trainable=last_blocks(job.settings.fine_tune)
    )
    trained = fit(tuned, progress, keep, stop, Checkpoints(folder) if folder is not None else None)
    return replace(trained, frozen=first.frozen)


class _LastLayer:
    """Trains the last layer on the features of all images."""

    def __init__(
        self, job: Job, progress: Progress, stop: Callable[[], bool], body: Weights, cache: Path | None
    ) -> None:
        self._job, self._progress, self._stop, self._body, self._cache = job, progress, stop, body, cache
        self._total = self._seen = 0
        self.frozen: dict[str, Floats] = {}
        self._started = time.monotonic()

    def train(self, keep: Callable[[Classifier], None] | None) -> Trained:
        """As all of a run: one epoch."""
        data = self._job.data
        wanted = [(part, AS_THEY_ARE) for part in ("train", "validation", "test")]
        if len(data.parts["train"]) <= FEW * len(data.classes):
            wanted.append(("train", MIRRORED))
        try:
            found = self._found(wanted)
            return self.untrained(keep) if found is None else self._trained(found, keep)
        finally:
            self._progress.end()

    def _trained(self, found: Mapping[View, Floats], keep: Callable[[Classifier], None] | None) -> Trained:
        head = self._head(found)
        classifier = self._classifier(head)
        seen = {
            part: Seen(features, head.logits(features))
            for (part, view), features in found.items()
            if view == AS_THEY_ARE
        }
        part = self._job.data.parts["validation"]
        scores = None
        if len(part):
            scores = score(self._job.data.classes, part.labels, softmax(seen["validation"].logits))
        seconds = time.monotonic() - self._started
        row = Epoch(1, self._total, head.loss, head.accuracy, scores and scores.loss, scores and scores.accuracy,
                    seconds, self._total / max(seconds, 1e-9))  # fmt: skip
        self._progress.epoch(row)
        if keep is not None:
            keep(classifier)
        frozen = {part: known.features for part, known in seen.items()}
        return Trained(classifier, (row,), row, scores, False, seconds, seen, frozen)

    def initial(self) -> Weights | None:
        """Of a run that trains more after it: the weights to begin with; None if it was stopped.

        A last layer that starts at random would disturb the blocks before it (Kumar et al. 2022).
        """
        try:
            found = self._found([("train", AS_THEY_ARE), ("validation", AS_THEY_ARE)])
        finally:
            self._progress.end()
        if found is None:
            return None
        if sum(map(len, found.values())) <= _MOST_KEPT:
            self.frozen = {part: features for (part, _), features in found.items()}
        return {**self._body, **_weights(self._head(found))}

    def untrained(self, keep: Callable[[Classifier], None] | None) -> Trained:
        """Stopped before there was anything to learn from."""
        classifier = self._classifier(None)
        if keep is not None:
            keep(classifier)
        return Trained(classifier, (), None, None, True, time.monotonic() - self._started)

    def _found(self, wanted: Sequence[View]) -> dict[View, Floats] | None:
        """The features of parts in views; None if it was stopped."""
        data, settings = self._job.data, self._job.settings
        self._total = sum(len(data.parts[part]) for part, _ in wanted)
        self._progress.start(1, self._total, 1)
        extractor = Extractor(data.shape, self._body, PREPROCESSING, self._cache, settings.device)
        found: dict[View, Floats] = {}
        try:
            for part, view in wanted:
                made = extractor.compute(data.parts[part].images, view, self._told, self._stop)
                if made is None:
                    return None
                found[part, view] = made
        finally:
            extractor.close()
        return found

    def _told(self, more: int) -> None:
        self._seen += more
        speed = self._seen / max(time.monotonic() - self._started, 1e-9)
        self._progress.steps(1, self._seen, math.nan, math.nan, speed)

    def _head(self, found: Mapping[View, Floats]) -> Head:
        data, settings = self._job.data, self._job.settings
        labels, classes = data.parts["train"].labels, len(data.classes)
        weighed = balanced_weights(labels, classes) if settings.class_weight == "balanced" else None
        views = [made for (part, _), made in found.items() if part == "train"]
        held = (found["validation", AS_THEY_ARE], data.parts["validation"].labels)
        examples, answers = np.concatenate(views), np.tile(labels, len(views))
        head = fit_head(examples, answers, classes, held, weighed, settings.device)
        by = ", the best of those tried by the validation part" if head.tried else ""
        self._progress.note(
            f"The last layer was trained to convergence on the features of {len(labels):,} images in "
            f"{len(views)} view{'s' * (len(views) > 1)}; L2 penalty {head.penalty:g}{by}."
        )
        return head

    def _classifier(self, head: Head | None) -> Classifier:
        job = self._job
        data, classes = job.data, len(job.data.classes)
        last = {
            "logits/weights": np.zeros((FEATURES, classes), np.float32),
            "logits/biases": np.zeros(classes, np.float32),
        }
        graph_def = inference_graph(job.network, data.shape, classes, PREPROCESSING)
        weights = {**self._body, **(last if head is None else _weights(head))}
        return Classifier.made(Description(data.classes, *data.shape, job.settings.model), graph_def, weights)


def _weights(head: Head) -> dict[str, Floats]:
    return {"logits/weights": head.weights, "logits/biases": head.biases}
