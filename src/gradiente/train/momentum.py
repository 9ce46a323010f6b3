"""Gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.train.fused_optimizer import FusedOptimizer


class MomentumOptimizer(FusedOptimizer):
    """Gradient descent that keeps going in the direction it came from.

    With g the gradient::

        a ← μ a + g
        w ← w − α a                    or, with Nesterov's momentum:    w ← w − α (g + μ a)

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments.
        momentum: μ.
        use_locking: accepted.
        name: the name of the operations and of the slot.
        use_nesterov: use Nesterov's momentum.

    Source: Polyak 1964; Sutskever et al. 2013 (Nesterov); TensorFlow 1's ``tf.train.MomentumOptimizer``.
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name, {"learning_rate": learning_rate, "momentum": momentum})
        self._use_nesterov = use_nesterov

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "momentum", self._name)

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        return self._op(
            prefix + "Momentum", var, self.get_slot(var, "momentum"), self._setting("learning_rate", var), *grad,
            self._setting("momentum", var), use_nesterov=self._use_nesterov,
        )  # fmt: skip
