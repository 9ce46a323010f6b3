"""FTRL-proximal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply
from gradiente.ops.initializers import constant_initializer
from gradiente.train.fused_optimizer import FusedOptimizer, required_at_least_zero


class FtrlOptimizer(FusedOptimizer):
    """Follow the regularized leader: for large linear models, with weights that are exactly zero.

    With g the gradient, p the learning rate's power and g' = g + 2 λₛ w::

        z ← z + g' − ((a + g²)⁻ᵖ − a⁻ᵖ) / α · w,  a ← a + g²
        w ← (sign(z) λ₁ − z) / (a⁻ᵖ / α + 2 λ₂)   where |z| > λ₁, else 0

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments.
        learning_rate_power: p, not positive; −0.5 lets the rate fall with the root of the squared gradients' sum.
        initial_accumulator_value: what a starts from, not negative.
        l1_regularization_strength: λ₁, not negative.
        l2_regularization_strength: λ₂, not negative.
        use_locking: accepted.
        name: the name of the operations and slots.
        accum_name: another name for the first slot.
        linear_name: another name for the second slot.
        l2_shrinkage_regularization_strength: λₛ, not negative: a penalty on the size of the weights.
        beta: adds β / (2 α) to λ₂, as in the paper.

    Raises:
        ValueError: if a value has the wrong sign.

    Source: McMahan et al. 2013; TensorFlow 1's ``tf.train.FtrlOptimizer``.
    """

    def __init__(
        self, learning_rate: Any, learning_rate_power: Any = -0.5, initial_accumulator_value: Any = 0.1,
        l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0, use_locking: bool = False,
        name: str = "Ftrl", accum_name: str | None = None, linear_name: str | None = None,
        l2_shrinkage_regularization_strength: Any = 0.0, beta: Any = None,
    ) -> None:  # fmt: skip
        strengths = {
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        for what, strength in strengths.items():
            required_at_least_zero(strength, what)
        if isinstance(learning_rate_power, int | float) and learning_rate_power > 0:
            raise ValueError(f"learning_rate_power {learning_rate_power} needs to be negative or zero")
        self._initial = required_at_least_zero(initial_accumulator_value, "initial_accumulator_value")
        settings = {"learning_rate": learning_rate, **strengths, "learning_rate_power": learning_rate_power}
        super().__init__(use_locking, name, settings)
        shrinkage = l2_shrinkage_regularization_strength
        self._shrinks = not (isinstance(shrinkage, int | float) and shrinkage == 0)
        self._beta = beta or 0.0
        self._accum_name = accum_name or name
        self._linear_name = linear_name or name

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            self._get_or_make_slot_with_initializer(
                variable, constant_initializer(self._initial), variable.get_shape(), variable.dtype.base_dtype, "accum",
                self._accum_name,
            )  # fmt: skip
            self._zeros_slot(variable, "linear", self._linear_name)

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        slots = self.get_slot(var, "accum"), self.get_slot(var, "linear")
        rate = self._setting("learning_rate", var)
        l2 = self._setting("l2_regularization_strength", var)
        if self._beta:
            l2 = apply("AddV2", l2, apply("RealDiv", self._beta / 2, rate))
        settings = [rate, self._setting("l1_regularization_strength", var), l2]
        power = self._setting("learning_rate_power", var)
        if not self._shrinks:
            return self._op(prefix + "Ftrl", var, *slots, *grad, *settings, power)
        settings.append(self._setting("l2_shrinkage_regularization_strength", var))
        return self._op(prefix + "FtrlV2", var, *slots, *grad, *settings, power)
