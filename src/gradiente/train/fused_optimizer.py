"""Optimizers whose update of a variable is one operation, with a dense form and one for a few rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.operation import Tensor
from gradiente.ops import optimizer_updates as optimizer_updates
from gradiente.ops.initializers import constant_initializer
from gradiente.train.optimizer import Optimizer


class FusedOptimizer(Optimizer):
    """An optimizer that is a rule of ``gradiente.ops.optimizer_updates``.

    A subclass gives its settings by name and says in ``_apply`` how they, the slots and the gradient become the inputs of
    its op.
    """

    def __init__(self, use_locking: bool, name: str, settings: dict[str, Any]) -> None:
        super().__init__(use_locking, name)
        self._settings = settings
        self._tensors: dict[str, Tensor] = {}

    def _prepare(self) -> None:
        self._tensors = {name: self._tensor(value, name) for name, value in self._settings.items()}

    def _setting(self, name: str, var: Any) -> Tensor:
        """A setting in the type of ``var``."""
        return self._like(self._tensors[name], var)

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return self._apply("Apply", (grad,), var)

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._apply("SparseApply", (grad.values, grad.indices), var)

    def _apply(self, prefix: str, grad: Sequence[Any], var: Any) -> Any:
        """The update: ``prefix`` is ``Apply`` and ``grad`` one tensor, or ``SparseApply`` and rows with their indices."""
        raise NotImplementedError

    def _op(self, op_type: str, *inputs: Any, **attrs: Any) -> Any:
        return apply(op_type, *inputs, use_locking=self._use_locking, **attrs).op

    def _constant_slot(self, var: Any, value: Any, slot_name: str) -> Any:
        """A slot in which every element starts as ``value``."""
        start = constant_initializer(value)
        return self._get_or_make_slot_with_initializer(
            var, start, var.get_shape(), var.dtype.base_dtype, slot_name, self._name
        )


def required_positive(value: Any, what: str) -> Any:
    """``value``, which must be more than zero if it is a number.

    Raises:
        ValueError: if it is not.
    """
    if isinstance(value, int | float) and value <= 0:
        raise ValueError(f"{what} must be positive: {value}")
    return value


def required_at_least_zero(value: Any, what: str) -> Any:
    """``value``, which must not be negative if it is a number.

    Raises:
        ValueError: if it is.
    """
    if isinstance(value, int | float) and value < 0:
        raise ValueError(f"{what} {value} needs to be positive or zero")
    return value
