"""Divides examples into parts for training, validation and test."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from gradiente.images.problems import TooFewImagesError


def split(
    labels: Sequence[int],
    digests: Sequence[Hashable],
    classes: Sequence[str],
    seed: int,
    given: Sequence[str | None] | None = None,
    test: float = 0.2,
    validation: float = 0.15,
) -> list[str]:
    """Divide examples, each class in the same proportions, with equal files in one part.

    Every class has at least one example in training; it has one for test where it has two different files, and one for
    validation where it has three. The result depends on the order of the examples and on the seed, on nothing else.

    Args:
        labels: the class of each example.
        digests: a digest of each example's file; examples with the same one stay together.
        classes: the classes' names, for the error.
        seed: of the division.
        given: the part that each example was put into already; parts that no example has are taken from training.
        test: the proportion for test.
        validation: the proportion for validation.

    Returns:
        ``"train"``, ``"validation"`` or ``"test"`` for each example.

    Raises:
        TooFewImagesError: a class has fewer than two examples, or none for training.

    >>> split([0] * 4 + [1] * 4, list("abcdefgh"), ["cat", "dog"], seed=0, test=0.25, validation=0.25).count("train")
    4
    """
    parts: list[str | None] = list(given) if given is not None else [None] * len(labels)
    asked = {name for name in parts if name is not None}
    wanted = {
        "test": 0.0 if "test" in asked else test,
        "validation": 0.0 if "validation" in asked else validation,
    }
    if asked:
        # What lies in the folder for training may still give the parts that the folders lack.
        parts = [None if part == "train" else part for part in parts]
    else:
        _check_counts(labels, classes)
    groups: dict[Hashable, list[int]] = {}
    for at, digest in enumerate(digests):
        if parts[at] is None:
            groups.setdefault(digest, []).append(at)
    by_class: dict[int, list[list[int]]] = {label: [] for label in range(len(classes))}
    for group in groups.values():
        by_class[labels[group[0]]].append(group)
    for label, members in by_class.items():
        _divide(members, wanted, np.random.default_rng((seed, label)), parts)
    result = [part or "train" for part in parts]
    _check_training(labels, result, classes)
    return result


def _divide(
    groups: list[list[int]], wanted: dict[str, float], rng: np.random.Generator, parts: list[str | None]
) -> None:
    total = sum(map(len, groups))
    shuffled: list[int] = rng.permutation(len(groups)).tolist()
    order = [groups[i] for i in shuffled]
    # A group of duplicates goes where there is most room: to training, which comes last.
    order.sort(key=len)
    for part, share in wanted.items():
        if not share:
            continue
        quota = max(1, round(total * share))
        while quota > 0 and len(order) > 1:
            group = order.pop(0)
            for at in group:
                parts[at] = part
            quota -= len(group)


def _check_counts(labels: Sequence[int], classes: Sequence[str]) -> None:
    counts = np.bincount(np.asarray(labels, np.int64), minlength=len(classes))
    few = [f"{name!r} has {count}" for name, count in zip(classes, counts, strict=True) if count < 2]
    if few:
        raise TooFewImagesError(
            f"Every class needs at least two images, one to learn from and one to test with: {', '.join(few)}. Add "
            "images of it, or leave the class out."
        )


def _check_training(labels: Sequence[int], parts: Sequence[str], classes: Sequence[str]) -> None:
    learnt = {label for label, part in zip(labels, parts, strict=True) if part == "train"}
    missing = [name for label, name in enumerate(classes) if label not in learnt]
    if missing:
        raise TooFewImagesError(
            f"No image for training is of the class {missing[0]!r}. Put some of its images into the folder for training."
        )
