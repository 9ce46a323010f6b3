"""What is chosen for a person who leaves a setting open, from what the data is."""

from __future__ import annotations

import math
from dataclasses import replace

from gradiente.classify.networks.own import is_own
from gradiente.classify.settings import Settings

_RATES = {"adam": 0.001, "rmsprop": 0.0005, "momentum": 0.02, "sgd": 0.1}


def usual_rate(optimizer: str) -> float:
    """The learning rate with which an optimizer usually does well."""
    return _RATES[optimizer]


def with_defaults(settings: Settings, training_images: int, colours: bool, on_gpu: bool) -> Settings:
    """The settings with every choice made that a network trained from scratch wants.

    - A small set needs many epochs until the network has taken enough steps, and smaller batches to have them.
    - The learning rate is the optimizer's usual one, with a warm-up of at most half an epoch in the beginning.
    - Grey images are taken for digits, letters and drawings, which a mirror would change: they are moved, turned and
      scaled a little. Photographs are mirrored as well, and vary in light.
    - Training stops when validation has not improved for a third of the epochs, and at least eight: with a falling
      learning rate the best weights usually come last.
    - On a GPU the layers compute in bfloat16, but for a network of one's own, which may make its variables in a way that
      takes float32 only.

    Args:
        settings: with the image size and the channels known.
        training_images: how many there are.
        colours: whether the images have colours.
        on_gpu: whether training runs on a GPU, where bfloat16 is quicker.
    """
    batch = settings.batch or (100 if training_images >= 5000 else 50 if training_images >= 1000 else 20)
    batch = min(batch, training_images)
    epochs = settings.epochs or max(10, min(40, round(60_000 / training_images)))
    steps = epochs * training_images / batch
    average = settings.average
    if average is None:
        # Over about the last twentieth of the steps; a short run keeps its latest weights.
        average = round(max(0.9, min(0.999, 1 - 20 / max(steps, 1))), 4) if steps >= 200 else 0.0
    return replace(
        settings,
        batch=batch,
        epochs=epochs,
        lr=settings.lr if settings.lr is not None else usual_rate(settings.optimizer),
        warmup=settings.warmup if settings.warmup is not None else min(0.5, epochs / 20),
        average=average,
        augment=settings.augment or ("photos" if colours else "digits"),
        patience=settings.patience if settings.patience is not None else max(8, math.ceil(epochs / 3)),
        precision=settings.precision or ("bfloat16" if on_gpu and not is_own(settings.model) else "float32"),
    )
