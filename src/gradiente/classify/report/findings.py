"""What a report tells of a classifier beyond its scores, worked out once: pictures of its inside, suspects, mistakes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.model.classifier import Classifier
from gradiente.classify.preparation.datasets import Dataset, Part
from gradiente.classify.report.inside import Inside, Layer
from gradiente.classify.report.suspects import Suspect, find_suspects, out_of_fold

_MOST_SUSPECTS = 40
_MOST_CHECKED = 6000
_LEAST_ACCURACY = 0.8
_MOST_CHECKED_ANSWERS = 200_000
_MOST_FEATURES = 512
_SECONDS_FOR_FEATURES = 12.0
_LOOKED_AT = 12
_PIECE = 64


@dataclass(frozen=True)
class Checked:
    """The images whose labels were checked.

    Attributes:
        count: how many.
        total: of how many.
        suspects: the likely label errors; their indices are positions in ``images``.
        images: for each image checked, the part and the position in it.
        accuracy: how often the labels were predicted from the other images.
        unlearnt: whether what is known about an image was not learnt with these labels.
    """

    count: int
    total: int
    suspects: tuple[Suspect, ...]
    images: tuple[tuple[str, int], ...]
    accuracy: float
    unlearnt: bool

    @property
    def trustworthy(self) -> bool:
        """Whether labels are predicted well enough that one which is not may well be wrong."""
        return self.accuracy >= _LEAST_ACCURACY


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes:
        filters: the first layer's weights as pictures, or None.
        example: the test image whose way through the layers is shown, or None.
        layers: what the layers make of it.
        looked: test images, and where the network looked for what it said.
        checked: the labels that were checked, or None.
    """

    filters: npt.NDArray[np.float32] | None
    example: int | None
    layers: tuple[Layer, ...]
    looked: tuple[tuple[int, npt.NDArray[np.float32]], ...]
    checked: Checked | None


def look(
    classifier: Classifier,
    data: Dataset,
    probabilities: npt.NDArray[np.float32],
    features: Mapping[str, npt.NDArray[Any]] | None = None,
) -> Findings:
    """Look inside a classifier with the images of its run.

    Args:
        classifier: the classifier.
        data: the examples.
        probabilities: what it predicted for the test part.
        features: of each part, what a network that never saw a label of them knows about its images, ``[n, d]``. Without it,
            or where it tells classes apart too rarely, what the classifier itself knows is taken.
    """
    test = data.parts["test"]
    inside = Inside(classifier)
    try:
        example = _example(probabilities, test.labels)
        layers = () if example is None else tuple(inside.layers(test.images[example : example + 1][0]))
        checked = None if features is None else _check_labels(classifier, inside, data, features)
        if checked is None or not checked.trustworthy:
            checked = _check_labels(classifier, inside, data, None)
        return Findings(inside.filters(), example, layers, _looked(inside, test, probabilities), checked)
    finally:
        inside.close()


def _example(probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int32]) -> int | None:
    """The image that is classified right most surely; without one, the surest."""
    if not len(labels):
        return None
    own = probabilities[np.arange(len(labels)), labels]
    right = probabilities.argmax(1) == labels
    return int(np.argmax(np.where(right, own, own - 1)))


def _looked(
    inside: Inside, test: Part, probabilities: npt.NDArray[np.float32]
) -> tuple[tuple[int, npt.NDArray[np.float32]], ...]:
    """For each class a test image that is right, then the surest mistakes."""
    guesses, sure = probabilities.argmax(1), probabilities.max(1, initial=0)
    right = guesses == test.labels
    chosen: list[int] = []
    for c in sorted(set(test.labels[right].tolist())):
        of_class = np.flatnonzero(right & (test.labels == c))
        chosen.append(int(of_class[np.argsort(-sure[of_class], kind="stable")[len(of_class) // 4]]))
    wrong: list[int] = np.flatnonzero(~right)[np.argsort(-sure[~right], kind="stable")].tolist()
    some_right = chosen[: max(_LOOKED_AT // 2, _LOOKED_AT - len(wrong))]
    chosen = some_right + wrong[: _LOOKED_AT - len(some_right)]
    if not chosen:
        return ()
    try:
        maps = inside.attention(np.stack([test.images[i : i + 1][0] for i in chosen]), guesses[chosen])
    except LookupError:
        return ()
    return tuple(zip(chosen, maps, strict=True))


def _check_labels(
    classifier: Classifier, inside: Inside, data: Dataset, given: Mapping[str, npt.NDArray[Any]] | None
) -> Checked | None:
    where: list[tuple[str, int]] = [
        (name, i) for name in ("train", "validation") for i in range(len(data.parts[name]))
    ]
    rng = np.random.default_rng(0)
    most = min(_MOST_CHECKED, _MOST_CHECKED_ANSWERS // len(data.classes))
    if len(where) > most:
        kept: list[int] = np.sort(rng.permutation(len(where))[:most]).tolist()
        where = [where[i] for i in kept]
    if given is not None:
        features = _sketch(np.stack([np.asarray(given[name][i]).ravel() for name, i in where]))
    else:
        shuffled: list[int] = rng.permutation(len(where)).tolist()
        where = [where[i] for i in shuffled]
        features = _features(classifier, inside.features(), data, where)
        where = where[: len(features)]
    if len(where) < 8:
        return None
    labels = np.array([int(data.parts[name].labels[i]) for name, i in where])
    guesses = out_of_fold(features, labels, len(data.classes), pictures=_pictures(data, where))
    accuracy = float((guesses.argmax(1) == labels).mean())
    found = find_suspects(guesses, labels)
    total = sum(len(data.parts[name]) for name in ("train", "validation"))
    return Checked(
        len(where), total, tuple(found[:_MOST_SUSPECTS]), tuple(where), accuracy, given is not None
    )


def _pictures(data: Dataset, where: list[tuple[str, int]]) -> npt.NDArray[np.int64] | None:
    """A number for each of the images, the same one for images that are the same picture."""
    parts = {name: data.parts[name].pictures for name in {name for name, _ in where}}
    known = {name: pictures for name, pictures in parts.items() if pictures is not None}
    return np.array([known[name][i] for name, i in where]) if len(known) == len(parts) else None


def _features(
    classifier: Classifier, tensor: str, data: Dataset, where: list[tuple[str, int]]
) -> npt.NDArray[np.float32]:
    """The features of as many of the images as a few seconds allow."""
    found: list[npt.NDArray[np.float32]] = []
    size = min(_PIECE, classifier.batch)
    started = time.monotonic()
    for start in range(0, len(where), size):
        batch = where[start : start + size]
        pixels = np.zeros((size, *classifier.description.shape), np.uint8)
        for part in ("train", "validation"):
            slots = [k for k, (name, _) in enumerate(batch) if name == part]
            if slots:
                pixels[slots] = data.parts[part].images[np.array([batch[k][1] for k in slots])]
        (values,) = classifier.tensors(pixels, [tensor])
        found.append(_sketch(values[: len(batch)].reshape(len(batch), -1)))
        if time.monotonic() - started > _SECONDS_FOR_FEATURES:
            break
    return np.concatenate(found) if found else np.zeros((0, 1), np.float32)


def _sketch(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Features, ``[n, d]``, as at most 512: sums of random groups with random signs, which keep distances on average.

    A count sketch (Charikar et al. 2002). A network whose last layer takes whole pictures has a hundred thousand.
    """
    d = values.shape[1]
    if d <= _MOST_FEATURES:
        return np.asarray(values, np.float32)
    rng = np.random.default_rng(d)
    signed = values[:, rng.permutation(d)] * rng.choice(np.array([-1, 1], np.float32), d)
    starts = (np.arange(_MOST_FEATURES) * d) // _MOST_FEATURES
    return np.add.reduceat(signed, starts, axis=1).astype(np.float32)
