"""Gradient descent and Adagrad with proximal steps: an L1 norm that makes weights exactly zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.train.fused_optimizer import FusedOptimizer, required_positive

_STRENGTHS = "l1_regularization_strength", "l2_regularization_strength"


class ProximalGradientDescentOptimizer(FusedOptimizer):
    """Gradient descent, followed by the proximal step of an L1 and an L2 norm.

    With g the gradient::

        p = w − α g
        w ← sign(p) · max(|p| − α λ₁, 0) / (1 + α λ₂)

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments.
        l1_regularization_strength: λ₁.
        l2_regularization_strength: λ₂.
        use_locking: accepted.
        name: the name of the operations.

    Source: Duchi and Singer 2009 (FOBOS); TensorFlow 1's ``tf.train.ProximalGradientDescentOptimizer``.
    """

    def __init__(
        self, learning_rate: Any, l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0,
        use_locking: bool = False, name: str = "ProximalGradientDescent",
    ) -> None:  # fmt: skip
        strengths = dict(
            zip(_STRENGTHS, (l1_regularization_strength, l2_regularization_strength), strict=True)
        )
        super().__init__(use_locking, name, {"learning_rate": learning_rate, **strengths})

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        settings = (self._setting(n, var) for n in ("learning_rate", *_STRENGTHS))
        return self._op(prefix + "ProximalGradientDescent", var, *settings, *grad)


class ProximalAdagradOptimizer(FusedOptimizer):
    """Adagrad, followed by the proximal step of an L1 and an L2 norm.

    With g the gradient::

        a ← a + g²,  r = α / √a,  p = w − r g
        w ← sign(p) · max(|p| − r λ₁, 0) / (1 + r λ₂)

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments.
        initial_accumulator_value: what a starts from, more than zero.
        l1_regularization_strength: λ₁.
        l2_regularization_strength: λ₂.
        use_locking: accepted.
        name: the name of the operations and of the slot.

    Raises:
        ValueError: if ``initial_accumulator_value`` is not positive.

    Source: Duchi and Singer 2009; TensorFlow 1's ``tf.train.ProximalAdagradOptimizer``.
    """

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: Any = 0.1, l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0, use_locking: bool = False, name: str = "ProximalAdagrad",
    ) -> None:  # fmt: skip
        strengths = dict(
            zip(_STRENGTHS, (l1_regularization_strength, l2_regularization_strength), strict=True)
        )
        super().__init__(use_locking, name, {"learning_rate": learning_rate, **strengths})
        self._initial = required_positive(initial_accumulator_value, "initial_accumulator_value")

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            self._constant_slot(variable, self._initial, "accumulator")

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        settings = (self._setting(n, var) for n in ("learning_rate", *_STRENGTHS))
        return self._op(prefix + "ProximalAdagrad", var, self.get_slot(var, "accumulator"), *settings, *grad)
