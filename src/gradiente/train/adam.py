"""Adam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.graph import get_default_graph
from gradiente.graph.indexed_slices import IndexedSlices, to_dense
from gradiente.ops import optimizer_updates as optimizer_updates
from gradiente.ops import state
from gradiente.ops.basic import group
from gradiente.train.optimizer import Optimizer


class AdamOptimizer(Optimizer):
    """Adam: steps of about the learning rate, from running means of the gradient and of its square.

    With g the gradient and t the number of the step::

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        w ← w − α · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments.
        beta1: β₁, how long the mean remembers.
        beta2: β₂, how long the mean of squares remembers.
        epsilon: ε, which keeps the quotient finite ("epsilon hat" in the paper).
        use_locking: accepted.
        name: the name of the operations and slots.

    A gradient of a few rows (IndexedSlices) moves the means of all rows, as in TensorFlow.

    Source: Kingma and Ba 2015, algorithm 1 with the last remark of section 2; TensorFlow 1's ``tf.train.AdamOptimizer``.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
        use_locking: bool = False, name: str = "Adam",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        graph = get_default_graph()
        first, second = (self._get_non_slot_variable(n, graph) for n in ("beta1_power", "beta2_power"))
        return first, second

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._call_if_callable(self._beta1), "beta1_power", first)
        self._create_non_slot_variable(self._call_if_callable(self._beta2), "beta2_power", first)
        for variable in var_list:
            self._zeros_slot(variable, "m", self._name)
            self._zeros_slot(variable, "v", self._name)

    def _prepare(self) -> None:
        self._lr_t = self._tensor(self._lr, "learning_rate")
        self._beta1_t = self._tensor(self._beta1, "beta1")
        self._beta2_t = self._tensor(self._beta2, "beta2")
        self._epsilon_t = self._tensor(self._epsilon, "epsilon")

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        powers = [p.value() for p in self._get_beta_accumulators()]
        settings = [
            self._like(s, var) for s in (*powers, self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        ]
        slots = self.get_slot(var, "m"), self.get_slot(var, "v")
        return apply("ApplyAdam", var, *slots, *settings, grad, use_locking=self._use_locking).op

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        if grad.dense_shape is None:
            grad = IndexedSlices(grad.values, grad.indices, apply("Shape", var))
        return self._apply_dense(to_dense(grad), var)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        powers = self._get_beta_accumulators()
        with get_default_graph().control_dependencies(update_ops):
            grown = [
                state.assign(p, apply("Mul", p, self._like(b, p), name="mul"), use_locking=self._use_locking)
                for p, b in zip(powers, (self._beta1_t, self._beta2_t), strict=True)
            ]
        return group(*update_ops, *(g.op for g in grown), name=name_scope)
