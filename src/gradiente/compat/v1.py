"""`tf.compat.v1`: every public name of gradiente under TensorFlow 2's name for TensorFlow 1."""

from __future__ import annotations

from typing import Any

import gradiente


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return __dir__()
    return getattr(gradiente, name)


def __dir__() -> list[str]:
    return [name for name in dir(gradiente) if not name.startswith("_")]
