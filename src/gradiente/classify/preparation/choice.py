"""``--model auto``: which network, on images of which size, trained how; and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradiente.classify.networks.efficientnet_lite0 import BLOCKS, SIDE, STEP
from gradiente.classify.networks.imagenet import PRETRAINED, installed
from gradiente.classify.preparation.sharpness import effective_side
from gradiente.classify.settings import MNIST, Settings
from gradiente.images.collection import Collection
from gradiente.images.wording import Phrase

AUTO = "auto"

_LONGEST_SIDE = 64
"""To how many pixels images are brought at most for a network that starts from nothing."""

_PHOTOGRAPH = 64
"""From how many pixels on the shorter side images in colours are taken for photographs."""

_SHARP = 96
"""From how many pixels of true resolution on the features of ImageNet's sharp photographs fit as they are."""

_FEW = 1000
"""With fewer training images than this, tuning a whole network does more harm than good."""


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        settings: with the model, the image size, the channels, and what the model's training needs.
        reasons: why, as sentences.
    """

    settings: Settings
    reasons: tuple[Phrase, ...]


def choose(settings: Settings, collection: Collection) -> Choice:
    """Choose what the settings leave open about the network and its images.

    - Grey images, and small ones in colours, get a network that starts from nothing: ``cnn``, or ``resnet20`` for many
      small images in colours.
    - Photographs get ``efficientnet-lite0`` with ImageNet's weights, where they are installed. Where the photographs have
      as many pixels as they seem to have, its features are used as they are. Where they were scaled up from small
      ones, which shows in their spectrum, they look like nothing in ImageNet, and the whole network is tuned to them.

    Args:
        settings: what a person asked for.
        collection: the images, found and looked at.
    """
    if settings.model not in (AUTO, PRETRAINED):
        return Choice(_sized(settings, collection), ())
    reasons: list[Phrase] = []
    if settings.model == AUTO:
        model, why = _model(settings, collection)
        settings = replace(settings, model=model)
        reasons.append(why)
    if settings.model != PRETRAINED:
        return Choice(_sized(settings, collection), tuple(reasons))
    settings, why = _transfer(settings, collection)
    if why is not None:
        reasons.append(why)
    return Choice(settings, tuple(reasons))


def _model(settings: Settings, collection: Collection) -> tuple[str, Phrase]:
    """The network for ``auto``, and why."""
    if settings.layers is not None or settings.width is not None:
        return "perceptron", Phrase("chosen_layers")
    if settings.data == MNIST:
        return "cnn", Phrase("chosen_digits")
    channels = settings.channels or collection.channels
    side = min(settings.image_height or 1 << 20, settings.image_width or 1 << 20, _middle(collection))
    if channels == 1:
        return "cnn", Phrase("chosen_grey")
    if side >= _PHOTOGRAPH:
        return (
            (PRETRAINED, Phrase("chosen_photographs")) if installed() else ("cnn", Phrase("chosen_without"))
        )
    if len(collection) >= _FEW:
        return "resnet20", Phrase("chosen_small", side=side)
    return "cnn", Phrase("chosen_small_few", side=side)


def _middle(collection: Collection) -> int:
    """The middle one of the images' shorter sides."""
    return int(np.median(collection.sizes.min(1)))


def _sized(settings: Settings, collection: Collection) -> Settings:
    """The size that was asked for, else the images' own, up to 64; grey if all are grey."""
    height, width = collection.natural_size(_LONGEST_SIDE)
    return replace(
        settings,
        image_height=settings.image_height or height,
        image_width=settings.image_width or width,
        channels=settings.channels or collection.channels,
    )


def _transfer(settings: Settings, collection: Collection) -> tuple[Settings, Phrase | None]:
    """How the pretrained network is trained, unless the settings say, and why."""
    why: Phrase | None = None
    tuned = settings.fine_tune
    height, width = settings.image_height or SIDE, settings.image_width or SIDE
    if tuned is None or not (settings.image_height or settings.image_width):
        side = min(SIDE, max(STEP, _middle(collection)))
        true = effective_side(collection.sample(48, side, side, 3))
        sharp = true >= min(_SHARP, side)
        if tuned is None:
            tuned = 0 if sharp or len(collection) < _FEW else BLOCKS
            if sharp:
                why = Phrase("features_sharp", side=true)
            elif tuned:
                why = Phrase("tuned_blurred", pixels=_middle(collection), side=true)
            else:
                why = Phrase("features_few", side=true)
        if tuned and not sharp and not (settings.image_height or settings.image_width):
            height = width = _TUNED_SIDE
    changes: dict[str, Any] = {
        "image_height": height, "image_width": width, "channels": settings.channels or 3, "fine_tune": tuned,
    }  # fmt: skip
    if tuned and settings.fine_tune is None:
        # What was found to suit such images; a run that names --fine-tune says these itself.
        changes.update(
            label_smoothing=settings.label_smoothing or 0.1, weight_decay=settings.weight_decay or 0.05
        )
    usual = _TUNING if tuned else _HEAD
    changes.update({name: value for name, value in usual.items() if getattr(settings, name) is None})
    return replace(settings, **changes), why


_TUNED_SIDE = 96
"""To how many pixels blurred images are brought: about three for each true one, as the network halves them five times."""

_TUNING = {"epochs": 10, "batch": 32, "lr": 2e-4, "warmup": 1.0, "augment": "photos"}
_HEAD = {"epochs": 1, "augment": "none", "average": 0.0, "warmup": 0.0}
