from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradiente.images.problems import TooFewImagesError
from gradiente.images.splitting import split


@given(
    counts=st.lists(st.integers(2, 30), min_size=2, max_size=4),
    copies=st.lists(st.integers(0, 40), max_size=20),
    seed=st.integers(0, 5),
)
def test_what_holds_for_every_division(counts, copies, seed):
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    digests = [str(i) for i in range(len(labels))]
    for at in copies:
        at %= len(labels)
        if at and labels[at] == labels[at - 1]:
            digests[at] = digests[at - 1]
    classes = [f"class {i}" for i in range(len(counts))]
    parts = split(labels, digests, classes, seed)
    assert parts == split(labels, digests, classes, seed)
    for digest in set(digests):
        assert len({p for p, d in zip(parts, digests, strict=True) if d == digest}) == 1
    for label in range(len(counts)):
        mine = Counter(p for p, other in zip(parts, labels, strict=True) if other == label)
        different = len({d for d, other in zip(digests, labels, strict=True) if other == label})
        assert mine["train"]
        assert bool(mine["test"]) == (different >= 2)
        assert bool(mine["validation"]) == (different >= 3)


def test_proportions_in_each_class():
    labels = [0] * 100 + [1] * 40
    parts = split(labels, list(map(str, range(140))), ["a", "b"], 3, test=0.2, validation=0.1)
    assert Counter(zip(labels, parts, strict=True)) == {
        (0, "train"): 70, (0, "test"): 20, (0, "validation"): 10,
        (1, "train"): 28, (1, "test"): 8, (1, "validation"): 4,
    }  # fmt: skip
    assert parts != split(labels, list(map(str, range(140))), ["a", "b"], 4, test=0.2, validation=0.1)


def test_given_parts_stay_and_missing_ones_come_from_training():
    labels = [0, 1] * 10
    digests = list(map(str, range(20)))
    given_parts = ["test"] * 4 + ["train"] * 16
    parts = split(labels, digests, ["a", "b"], 0, given_parts, validation=0.25)
    assert parts[:4] == ["test"] * 4
    assert Counter(parts[4:]) == {"train": 12, "validation": 4}
    assert split(labels, digests, ["a", "b"], 0, given_parts, validation=0)[4:] == ["train"] * 16


def test_too_few_images():
    with pytest.raises(TooFewImagesError, match=r"at least two images.*'dog' has 1"):
        split([0, 0, 1], ["a", "b", "c"], ["cat", "dog"], 0)
    with pytest.raises(TooFewImagesError, match="No image for training is of the class 'dog'"):
        split([0, 0, 1], ["a", "b", "c"], ["cat", "dog"], 0, ["train", "train", "test"])
