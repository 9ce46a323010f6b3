"""The settings of a training run, and the file that keeps them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from gradiente.classify.problems import SettingsError

MNIST = "mnist"
"""The name of the data that comes with the package."""


@dataclass(frozen=True)
class Settings:
    """What a training run is told. None leaves the choice to gradiente, which says what it chose.

    Attributes:
        data: ``"mnist"`` or a folder of images.
        categories: the file that says the images' classes, where it is not found by itself.
        model: the network's name.
        layers: a perceptron's layers.
        width: the neurons of its hidden layers.
        image_height: the rows to which images are resized.
        image_width: the columns.
        channels: 1 for grey, 3 for colours.
        epochs: how often every training image is seen.
        batch: images in a step.
        lr: Adam's learning rate at the start; it falls to zero along a cosine.
        average: the share that a moving average of the weights keeps in each step; 0 for no average.
        shift: by how many pixels at most training images are moved at random, a batch at a time; 0 for none.
        validation: the proportion of a folder's images for validation.
        test: the proportion for test.
        seed: of the division into parts, the first weights, the batches and the dropout.
    """

    data: str = MNIST
    categories: str | None = None
    model: str = "cnn"
    layers: int | None = None
    width: int | None = None
    image_height: int | None = None
    image_width: int | None = None
    channels: int | None = None
    epochs: int | None = None
    batch: int | None = None
    lr: float = 0.001
    average: float = 0.99
    shift: int | None = None
    validation: float = 0.15
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("layers", 1), ("width", 1), ("image_height", 1), ("image_width", 1), ("epochs", 1),
                            ("batch", 1), ("seed", 0), ("shift", 0)):  # fmt: skip
            value = getattr(self, name)
            if value is not None and value < least:
                raise SettingsError(f"{name} must be at least {least}, not {value}.")
        if self.channels not in (None, 1, 3):
            raise SettingsError(f"channels must be 1 (grey) or 3 (colours), not {self.channels}.")
        if not self.lr > 0:
            raise SettingsError(f"lr, the learning rate, must be above 0, not {self.lr}.")
        if not 0 <= self.average < 1:
            raise SettingsError(f"average must be at least 0 and below 1, not {self.average}.")
        if not (0 <= self.validation < 1 and 0 < self.test < 1 and self.validation + self.test < 1):
            raise SettingsError(
                f"validation={self.validation} and test={self.test} are proportions: together below 1, test above 0."
            )

    def with_defaults(self, training_images: int) -> Settings:
        """The settings with a number of epochs, a batch size and a shift that suit so many images of their size.

        A small set needs many epochs until the network has taken enough steps, and smaller batches to have them. Images
        are moved by up to a fourteenth of their side: 2 pixels of MNIST's 28.
        """
        batch = self.batch or (100 if training_images >= 5000 else 50 if training_images >= 1000 else 20)
        batch = min(batch, training_images)
        epochs = self.epochs or max(6, min(40, round(60_000 / training_images)))
        side = min(self.image_height or 0, self.image_width or 0)
        shift = side // 14 if self.shift is None else self.shift
        return replace(self, batch=batch, epochs=epochs, shift=shift)

    def as_toml(self) -> str:
        """The settings as a TOML file; what is None is left out."""
        lines = ["# The settings of this run. `gradiente train --config` with this file runs it again."]
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
                lines.append(f"{field.name} = {text}")
        return "\n".join(lines) + "\n"


def read_settings(path: str | Path) -> Settings:
    """Read settings from a TOML file, such as a run's ``config.toml``.

    Raises:
        SettingsError: the file can't be read, or has a setting that there is not or of another kind.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not a TOML file: {error}.") from error
    return from_mapping(values, f"{path}: ")


def from_mapping(values: Mapping[str, Any], where: str = "") -> Settings:
    """Settings from their names and values.

    Raises:
        SettingsError: a name or a value's kind is wrong; the message begins with ``where``.
    """
    kinds = {field.name: str(field.type) for field in fields(Settings)}
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in kinds:
            raise SettingsError(f"{where}there is no setting {name!r}. There are {', '.join(kinds)}.")
        wanted = kinds[name].split(" | ")[0]
        if wanted == "float" and type(value) is int:
            value = float(value)
        if type(value).__name__ != wanted:
            raise SettingsError(f"{where}{name} must be of the kind {wanted}, and is {value!r}.")
        checked[name] = value
    return Settings(**checked)
