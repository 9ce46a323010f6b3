"""Where a training run computes."""

from __future__ import annotations

from typing import Any

import gradiente as tf
from gradiente.classify.problems import SettingsError


def has_gpu() -> bool:
    """Whether XLA sees a GPU."""
    with tf.Session(graph=tf.Graph()) as session:
        return any(":GPU:" in name for name in session.list_devices())


def check_device(device: str) -> None:
    """Raise if the device that was asked for is not there.

    Raises:
        SettingsError: there is no GPU, and one was asked for.
    """
    if device == "gpu" and not has_gpu():
        raise SettingsError(
            'There is no GPU that XLA can use. Install JAX\'s build for it (`pip install "jax[cuda13]"`), or leave out '
            "--device gpu."
        )


def session_config(device: str) -> Any:
    """The session's configuration for ``"cpu"``, ``"gpu"`` or ``"auto"``."""
    return tf.ConfigProto(device_count={"GPU": 0} if device == "cpu" else {})
