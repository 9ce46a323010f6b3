"""Finds a network by the name that a person gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from gradiente.classify.networks.cnn import cnn
from gradiente.classify.networks.cs231n import cs231n
from gradiente.classify.networks.deep_cnn import deep_cnn
from gradiente.classify.networks.efficientnet_lite0 import efficientnet_lite0
from gradiente.classify.networks.own import is_own, own_network
from gradiente.classify.networks.perceptron import perceptron
from gradiente.classify.networks.resnet20 import resnet20
from gradiente.classify.networks.softmax import softmax
from gradiente.classify.problems import SettingsError

Network: TypeAlias = Callable[[Any, int, bool], Any]
"""``network(images, num_classes, training) -> logits``, built into the default graph."""

NETWORKS: dict[str, Callable[..., Any]] = {
    "cnn": cnn,
    "cs231n": cs231n,
    "deep-cnn": deep_cnn,
    "efficientnet-lite0": efficientnet_lite0,
    "perceptron": perceptron,
    "resnet20": resnet20,
    "softmax": softmax,
}
"""The networks that ``--model`` names."""


def find_network(name: str, layers: int | None = None, width: int | None = None) -> Network:
    """The network called ``name``.

    Args:
        name: a key of ``NETWORKS``, or a person's own as ``file.py:function``.
        layers: how many layers a perceptron has; None for its own number.
        width: how many neurons its hidden layers have.

    Raises:
        SettingsError: there is no such network, or it has no such setting.
    """
    if is_own(name):
        network = own_network(name)
    elif name in NETWORKS:
        network = NETWORKS[name]
    else:
        raise SettingsError(
            f"There is no network {name!r}. There are {', '.join(sorted(NETWORKS))}, and your own as my_net.py:build."
        )
    sizes = {key: value for key, value in (("layers", layers), ("width", width)) if value is not None}
    if sizes and name != "perceptron":
        raise SettingsError(f"{' and '.join(sizes)} can be set for the perceptron only, not for {name}.")
    return partial(network, **sizes)
