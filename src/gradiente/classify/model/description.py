"""What ``model.json`` says: the classes, how images become the network's input, and what belongs to it."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy.typing as npt

from gradiente.classify.model.graph import IMAGES, PROBABILITIES
from gradiente.classify.problems import ModelError
from gradiente.images.loading import Resize

FORMAT = "gradiente classifier"
VERSION = 1
"""Of the format; a model with a higher one is refused."""

DESCRIPTION = "model.json"

RESIZES: tuple[Resize, ...] = get_args(Resize)
"""How images of other proportions are brought to the model's size."""

_MOST_PIXELS = 4096 * 4096
_MOST_CLASSES = 100_000


@dataclass(frozen=True)
class Description:
    """What a classifier takes and gives.

    Attributes:
        classes: the classes' names; the model's outputs are in this order.
        height: rows of the images that it takes.
        width: columns.
        channels: 1 for grey, 3 for RGB.
        network: the network's name.
        resize: how images are brought to that size, one of ``RESIZES``.
        temperature: what the logits are divided by, so that probabilities are as often right as they say.
    """

    classes: tuple[str, ...]
    height: int
    width: int
    channels: int
    network: str
    resize: Resize = "stretch"
    temperature: float = 1.0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.height, self.width, self.channels


@dataclass(frozen=True)
class Seals:
    """The SHA-256 sums that the graph's and the weights' file may have: one each, but for a moment while writing."""

    graph: tuple[str, ...]
    weights: tuple[str, ...]

    def joined(self, other: Seals) -> Seals:
        """Those of both."""
        return Seals(
            tuple(dict.fromkeys(self.graph + other.graph)), tuple(dict.fromkeys(self.weights + other.weights))
        )


def description_json(
    said: Description, weights: Mapping[str, npt.NDArray[Any]], per_image: int, seals: Seals
) -> bytes:
    """The contents of ``model.json``."""
    from importlib.metadata import version

    values: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "classes": list(said.classes),
        "network": said.network,
        "input": {
            "tensor": f"{IMAGES}:0", "dtype": "uint8", "height": said.height, "width": said.width,
            "channels": said.channels, "color": "grey" if said.channels == 1 else "rgb", "resize": said.resize,
            "interpolation": "bilinear, antialiased",
        },
        "output": {"tensor": f"{PROBABILITIES}:0", "dtype": "float32", "temperature": said.temperature},
        "memory": {"weights": sum(value.nbytes for value in weights.values()), "per_image": per_image},
        "weights": {
            name: {"dtype": value.dtype.name, "shape": list(value.shape)} for name, value in weights.items()
        },
        "versions": {
            name: version(name) for name in ("gradiente", "jax", "numpy", "pillow", "safetensors")
        },
        "sha256": {"graph": list(seals.graph), "weights": list(seals.weights)},
    }  # fmt: skip
    values["sha256"]["model"] = sum_of(values)
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()


def sum_of(values: Mapping[str, Any]) -> str:
    """The sum of all that a description says, but for this sum itself."""
    sums = {name: value for name, value in values["sha256"].items() if name != "model"}
    text = json.dumps({**values, "sha256": sums}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def description_from_json(content: bytes, what: str) -> tuple[Description, Seals, int]:
    """Read the contents of ``model.json``.

    Args:
        content: the bytes.
        what: how messages call the file.

    Returns:
        The description; the sums of the graph's and the weights' file; the bytes that an image takes.

    Raises:
        ModelError: the file is damaged, not ours, changed or newer than this version, or says what can't be.
    """
    try:
        values = json.loads(content)
        if values["format"] != FORMAT:
            raise ModelError(
                f"{what} describes no model of gradiente: its format is {values['format']!r:.100}."
            )
        if type(values["version"]) is not int or not 1 <= values["version"] <= VERSION:
            raise ModelError(
                f"{what} is of version {values['version']!r:.20}, and this gradiente reads up to {VERSION}. Install a "
                "newer one."
            )
        if values["sha256"]["model"] != sum_of(values):
            raise ModelError(f"{what} is not as it was written. It is damaged or was changed.")
        given, output = values["input"], values["output"]
        said = Description(
            tuple(values["classes"]), given["height"], given["width"], given["channels"], str(values["network"]),
            given["resize"], float(output["temperature"]),
        )  # fmt: skip
        seals = Seals(tuple(values["sha256"]["graph"]), tuple(values["sha256"]["weights"]))
        per_image = int(values["memory"]["per_image"])
    except ModelError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ModelError(f"{what} is no description of a model: {type(error).__name__}: {error}.") from error
    check_description(said, what)
    return said, seals, per_image


def check_description(said: Description, what: str) -> None:
    """Check that a description says what can be.

    Raises:
        ModelError: it does not; the message begins with ``what``.
    """
    sizes_fit = all(type(n) is int and n > 0 for n in said.shape) and said.height * said.width <= _MOST_PIXELS
    if not sizes_fit or said.channels not in (1, 3):
        raise ModelError(f"{what} says that the model takes images of {said.shape}, which can't be.")
    names = said.classes
    if not (
        2 <= len(names) <= _MOST_CLASSES
        and all(isinstance(name, str) for name in names)  # pyright: ignore[reportUnnecessaryIsInstance] - from a file
        and len(set(names)) == len(names)
    ):
        raise ModelError(f"{what} must name at least two classes, each once, and has {list(names)!r:.200}.")
    # They are printed on terminals, where control characters give orders.
    strange = [name for name in names if any(unicodedata.category(c) in ("Cc", "Cs") for c in name)]
    if strange:
        raise ModelError(f"{what} has a class with control characters in its name: {strange[0]!r:.100}.")
    if said.resize not in RESIZES:
        raise ModelError(
            f"{what} brings images to size by {said.resize!r:.100}; there are {', '.join(RESIZES)}."
        )
    if not (math.isfinite(said.temperature) and 1e-3 <= said.temperature <= 1e3):
        raise ModelError(f"{what} has the temperature {said.temperature}, which can't be.")
