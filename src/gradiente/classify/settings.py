"""The settings of a training run, and the file that keeps them."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from gradiente.classify.problems import SettingsError

MNIST = "mnist"
"""The name of the data that comes with the package."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "optimizer": ("adam", "momentum", "sgd", "rmsprop"),
    "schedule": ("cosine", "constant"),
    "augment": ("none", "shift", "digits", "photos", "strong"),
    "class_weight": ("none", "balanced"),
    "sampling": ("shuffle", "balanced"),
    "precision": ("float32", "bfloat16"),
    "device": ("auto", "cpu", "gpu"),
    "lang": ("en", "es"),
}
"""The settings that are one of a few words."""


@dataclass(frozen=True)
class Settings:
    """What a training run is told. None leaves the choice to gradiente, which says what it chose.

    Attributes:
        data: ``"mnist"`` or a folder of images.
        categories: the file that says the images' classes, where it is not found by itself.
        model: the network's name, ``"auto"``, or ``"my_net.py:build"`` for a network of one's own.
        layers: a perceptron's layers.
        width: the neurons of its hidden layers.
        fine_tune: of a pretrained network, how many of its last blocks are trained beside its last layer; 0 for none.
        image_height: the rows to which images are resized.
        image_width: the columns.
        channels: 1 for grey, 3 for colours.
        epochs: how often every training image is seen.
        batch: images in a step.
        optimizer: ``"adam"``, ``"momentum"``, ``"sgd"`` or ``"rmsprop"``.
        lr: the learning rate at its highest.
        schedule: ``"cosine"``, along which it falls to zero, or ``"constant"``.
        warmup: in how many epochs it rises from zero at the start.
        weight_decay: the share of the weights that is taken off in each step, times the learning rate (decoupled).
        label_smoothing: the share of a label that is spread evenly over all classes.
        average: the share that a moving average of the weights keeps in each step; 0 for no average.
        augment: how training images are varied: ``"none"``, ``"shift"``, ``"digits"``, ``"photos"``, ``"strong"``.
        class_weight: ``"balanced"`` lets every class weigh the same in the loss.
        sampling: ``"balanced"`` takes images of every class equally often.
        patience: after how many epochs without a better validation training stops; 0 for never.
        precision: ``"float32"``, or ``"bfloat16"`` for the arithmetic of the layers.
        device: ``"cpu"``, ``"gpu"``, or ``"auto"`` for a GPU where there is one.
        validation: the proportion of a folder's images for validation.
        test: the proportion for test.
        seed: of the division into parts, the first weights, the batches, the variations and the dropout.
        lang: the report's language, ``"en"`` or ``"es"``.
    """

    data: str = MNIST
    categories: str | None = None
    model: str = "auto"
    layers: int | None = None
    width: int | None = None
    fine_tune: int | None = None
    image_height: int | None = None
    image_width: int | None = None
    channels: int | None = None
    epochs: int | None = None
    batch: int | None = None
    optimizer: str = "adam"
    lr: float | None = None
    schedule: str = "cosine"
    warmup: float | None = None
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    average: float | None = None
    augment: str | None = None
    class_weight: str = "none"
    sampling: str = "shuffle"
    patience: int | None = None
    precision: str | None = None
    device: str = "auto"
    validation: float = 0.15
    test: float = 0.2
    seed: int = 0
    lang: str = "en"

    def __post_init__(self) -> None:
        for name, least in (("layers", 1), ("width", 1), ("fine_tune", 0), ("image_height", 1), ("image_width", 1),
                            ("epochs", 1), ("batch", 1), ("seed", 0), ("patience", 0), ("warmup", 0),
                            ("weight_decay", 0)):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise SettingsError(f"{name} must be at least {least}, not {value}.")
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise SettingsError(f"{name} is one of {', '.join(choices)}, not {value!r}.")
        if self.channels not in (None, 1, 3):
            raise SettingsError(f"channels must be 1 (grey) or 3 (colours), not {self.channels}.")
        if self.lr is not None and not self.lr > 0:
            raise SettingsError(f"lr, the learning rate, must be above 0, not {self.lr}.")
        if self.average is not None and not 0 <= self.average < 1:
            raise SettingsError(f"average must be at least 0 and below 1, not {self.average}.")
        if not 0 <= self.label_smoothing < 1:
            raise SettingsError(
                f"label_smoothing must be at least 0 and below 1, not {self.label_smoothing}."
            )
        if not (0 <= self.validation < 1 and 0 < self.test < 1 and self.validation + self.test < 1):
            raise SettingsError(
                f"validation={self.validation} and test={self.test} are proportions: together below 1, test above 0."
            )

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
            near = difflib.get_close_matches(name, kinds, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{where}there is no setting {name!r}.{hint} There are {', '.join(kinds)}.")
        wanted = kinds[name].split(" | ")[0]
        if value is None and kinds[name].endswith("| None"):
            continue
        if wanted == "float" and type(value) is int:
            value = float(value)
        if type(value).__name__ != wanted:
            raise SettingsError(f"{where}{name} must be of the kind {wanted}, and is {value!r}.")
        checked[name] = value
    try:
        return Settings(**checked)
    except SettingsError as error:
        raise SettingsError(f"{where}{error}") from error
