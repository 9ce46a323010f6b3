"""Finds a network by the name that a person gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from gradiente.classify.networks.cnn import cnn
from gradiente.classify.networks.perceptron import perceptron
from gradiente.classify.networks.softmax import softmax
from gradiente.classify.problems import SettingsError

Network: TypeAlias = Callable[[Any, int, bool], Any]
"""``network(images, num_classes, training) -> logits``, built into the default graph."""

NETWORKS: dict[str, Callable[..., Any]] = {"cnn": cnn, "softmax": softmax, "perceptron": perceptron}
"""The networks that ``--model`` names."""


def find_network(name: str, layers: int | None = None, width: int | None = None) -> Network:
    """The network called ``name``.

    Args:
        name: a key of ``NETWORKS``.
        layers: how many layers a perceptron has; None for its own number.
        width: how many neurons its hidden layers have.

    Raises:
        SettingsError: there is no such network, or it has no such setting.
    """
    if name not in NETWORKS:
        raise SettingsError(f"There is no network {name!r}. There are {', '.join(sorted(NETWORKS))}.")
    sizes = {key: value for key, value in (("layers", layers), ("width", width)) if value is not None}
    if sizes and name != "perceptron":
        raise SettingsError(f"{' and '.join(sizes)} can be set for the perceptron only, not for {name}.")
    return partial(NETWORKS[name], **sizes)
