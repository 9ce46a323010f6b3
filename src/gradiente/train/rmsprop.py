"""RMSProp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.ops.initializers import ones_initializer
from gradiente.train.fused_optimizer import FusedOptimizer


class RMSPropOptimizer(FusedOptimizer):
    """RMSProp: gradients divided by the root of a running mean of their squares.

    With g the gradient::

        s ← ρ s + (1 − ρ) g²,  and when centered  c ← ρ c + (1 − ρ) g
        m ← μ m + α g / √(s − c² + ε)         (c = 0 when not centered)
        w ← w − m

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments.
        decay: ρ.
        momentum: μ.
        epsilon: ε.
        use_locking: accepted.
        centered: subtract the squared mean: divide by the gradient's standard deviation.
        name: the name of the operations and slots.

    Source: Tieleman and Hinton 2012; Graves 2013 (centered); TensorFlow 1's ``tf.train.RMSPropOptimizer``.
    """

    def __init__(
        self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10, use_locking: bool = False,
        centered: bool = False, name: str = "RMSProp",
    ) -> None:  # fmt: skip
        super().__init__(
            use_locking, name,
            {"learning_rate": learning_rate, "decay": decay, "momentum": momentum, "epsilon": epsilon},
        )  # fmt: skip
        self._centered = centered

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            kind = variable.dtype.base_dtype
            self._get_or_make_slot_with_initializer(
                variable, ones_initializer(dtype=kind), variable.get_shape(), kind, "rms", self._name
            )
            if self._centered:
                self._zeros_slot(variable, "mg", self._name)
            self._zeros_slot(variable, "momentum", self._name)

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        slots = self.get_slot(var, "rms"), self.get_slot(var, "momentum")
        settings = (self._setting(n, var) for n in ("learning_rate", "decay", "momentum", "epsilon"))
        if self._centered:
            return self._op(
                prefix + "CenteredRMSProp", var, self.get_slot(var, "mg"), *slots, *settings, *grad
            )
        return self._op(prefix + "RMSProp", var, *slots, *settings, *grad)
