"""Adadelta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.train.fused_optimizer import FusedOptimizer


class AdadeltaOptimizer(FusedOptimizer):
    """Adadelta: steps in the units of the weights, from running means of squared gradients and squared steps.

    With g the gradient::

        a ← ρ a + (1 − ρ) g²
        d = √(u + ε) / √(a + ε) · g
        w ← w − α d,  u ← ρ u + (1 − ρ) d²

    Args:
        learning_rate: α; the paper has 1.
        rho: ρ, how long the means remember.
        epsilon: ε, which starts the steps and keeps the quotient finite.
        use_locking: accepted.
        name: the name of the operations and slots.

    Source: Zeiler 2012; TensorFlow 1's ``tf.train.AdadeltaOptimizer``.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-8, use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name, {"lr": learning_rate, "rho": rho, "epsilon": epsilon})

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "accum", self._name)
            self._zeros_slot(variable, "accum_update", self._name)

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        slots = self.get_slot(var, "accum"), self.get_slot(var, "accum_update")
        settings = (self._setting(n, var) for n in ("lr", "rho", "epsilon"))
        return self._op(prefix + "Adadelta", var, *slots, *settings, *grad)
