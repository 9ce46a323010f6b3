"""Adagrad, and its dual averaging form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import int64
from gradiente.train.fused_optimizer import FusedOptimizer, required_positive


class AdagradOptimizer(FusedOptimizer):
    """Adagrad: each weight has its own learning rate, smaller the more it moved already.

    With g the gradient::

        a ← a + g²
        w ← w − α g / √a

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments.
        initial_accumulator_value: what a starts from, more than zero.
        use_locking: accepted.
        name: the name of the operations and of the slot.

    Raises:
        ValueError: if ``initial_accumulator_value`` is not positive.

    Source: Duchi, Hazan, Singer 2011; TensorFlow 1's ``tf.train.AdagradOptimizer``.
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: Any = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        super().__init__(use_locking, name, {"learning_rate": learning_rate})
        self._initial = required_positive(initial_accumulator_value, "initial_accumulator_value")

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            self._constant_slot(variable, self._initial, "accumulator")

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        return self._op(
            prefix + "Adagrad",
            var,
            self.get_slot(var, "accumulator"),
            self._setting("learning_rate", var),
            *grad,
        )


class AdagradDAOptimizer(FusedOptimizer):
    """Adagrad with dual averaging: weights follow from the sums of all gradients, and many are exactly zero.

    With g the gradient and t the step::

        s ← s + g,  a ← a + g²
        w ← −α · shrink(s, λ₁ t) / (λ₂ t α + √a)        shrink(s, k) = sign(s) · max(|s| − k, 0)

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments.
        global_step: the variable that counts the steps; t is its value plus one.
        initial_gradient_squared_accumulator_value: what a starts from, more than zero.
        l1_regularization_strength: λ₁.
        l2_regularization_strength: λ₂.
        use_locking: accepted.
        name: the name of the operations and slots.

    Raises:
        ValueError: if the accumulator's start is not positive.

    Source: Duchi, Hazan, Singer 2011, section 5; TensorFlow 1's ``tf.train.AdagradDAOptimizer``.
    """

    def __init__(
        self, learning_rate: Any, global_step: Any, initial_gradient_squared_accumulator_value: Any = 0.1,
        l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0, use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:  # fmt: skip
        super().__init__(
            use_locking, name,
            {"learning_rate": learning_rate, "l1": l1_regularization_strength, "l2": l2_regularization_strength},
        )  # fmt: skip
        self._initial = required_positive(
            initial_gradient_squared_accumulator_value, "initial_gradient_squared_accumulator_value"
        )
        self._global_step = global_step

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "gradient_accumulator", self._name)
            self._constant_slot(variable, self._initial, "gradient_squared_accumulator")

    def _prepare(self) -> None:
        super()._prepare()
        step = convert_to_tensor(self._global_step)
        step = step if step.dtype.base_dtype is int64 else apply("Cast", step, DstT=int64)
        # The identity is evaluated before the step is counted, whatever waits for the update.
        self._step = apply("AddV2", apply("Identity", step), 1, name="add")

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        slots = (self.get_slot(var, n) for n in ("gradient_accumulator", "gradient_squared_accumulator"))
        settings = (self._setting(n, var) for n in ("learning_rate", "l1", "l2"))
        return self._op(prefix + "AdagradDA", var, *slots, *grad, *settings, self._step)
