"""`tf.compat.v1`: every public name of gradiente under TensorFlow 2's name for TensorFlow 1."""

from __future__ import annotations

from typing import Any

import gradiente
from gradiente.compat.v2_behavior import disable_control_flow_v2 as disable_control_flow_v2
from gradiente.compat.v2_behavior import disable_eager_execution as disable_eager_execution
from gradiente.compat.v2_behavior import disable_resource_variables as disable_resource_variables
from gradiente.compat.v2_behavior import disable_tensor_equality as disable_tensor_equality
from gradiente.compat.v2_behavior import disable_v2_behavior as disable_v2_behavior
from gradiente.compat.v2_behavior import enable_eager_execution as enable_eager_execution
from gradiente.compat.v2_behavior import enable_resource_variables as enable_resource_variables
from gradiente.compat.v2_behavior import enable_v2_behavior as enable_v2_behavior
from gradiente.compat.v2_behavior import executing_eagerly as executing_eagerly


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return __dir__()
    return getattr(gradiente, name)


def __dir__() -> list[str]:
    return [name for name in dir(gradiente) if not name.startswith("_")]
