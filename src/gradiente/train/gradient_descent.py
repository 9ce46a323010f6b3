"""Gradient descent."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply
from gradiente.ops import optimizer_updates as optimizer_updates
from gradiente.ops import state
from gradiente.train.optimizer import Optimizer


class GradientDescentOptimizer(Optimizer):
    """Gradient descent: w ← w − α · ∂E/∂w.

    Args:
        learning_rate: α, a number, a tensor, or a function of no arguments that gives one of these.
        use_locking: accepted.
        name: the name of the operations.

    Source: the course's equation 14 (Δw = −α · ∂E/∂w); TensorFlow 1's ``tf.train.GradientDescentOptimizer``.

    Example:
        >>> w = tf.Variable(2.0)
        >>> step = tf.train.GradientDescentOptimizer(0.25).minimize(w * w)
        >>> with tf.Session() as sess:
        ...     sess.run(tf.global_variables_initializer())
        ...     sess.run(step)
        ...     float(sess.run(w))
        1.0
    """

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        rate = self._like(self._learning_rate_tensor, var)
        return apply("ApplyGradientDescent", var, rate, grad, use_locking=self._use_locking).op

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        delta = apply("Mul", grad.values, self._like(self._learning_rate_tensor, var), name="mul")
        return state.scatter_sub(var, grad.indices, delta, use_locking=self._use_locking)
