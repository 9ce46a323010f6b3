"""Exponential moving averages of variables, which often test better than the last values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import FLOATS, float32
from gradiente.graph.functions import init_scope
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Operation, Tensor
from gradiente.ops import state
from gradiente.ops.basic import group
from gradiente.ops.initializers import zeros_initializer
from gradiente.ops.variable_lists import global_variables, moving_average_variables, trainable_variables
from gradiente.ops.variable_store import default_store
from gradiente.ops.variables import Variable
from gradiente.train import slot_creator


class ExponentialMovingAverage:
    """Keeps moving averages of variables: after each update, average ← d · average + (1 − d) · value.

    Args:
        decay: d, near 1 for a long memory.
        num_updates: a counter of updates; then d is min(decay, (1 + n) / (10 + n)), small at the start.
        zero_debias: correct the averages of tensors for their start from zero.
        name: the averages' name, after the variable's.

    Source: TensorFlow 1's ``tf.train.ExponentialMovingAverage``; Kingma and Ba 2015, section 3 (the correction).
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Variable] = {}

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    def apply(self, var_list: Iterable[Any] | None = None) -> Operation:
        """An operation that updates the averages; the first call for a variable makes its average.

        The average of a variable starts from the variable's initial value, that of another tensor from zero.

        Args:
            var_list: variables or tensors of floating types; the trainable variables by default.

        Raises:
            TypeError: if one has no floating type.
        """
        averaged = trainable_variables() if var_list is None else list(var_list)
        debiased: set[Any] = set()
        for value in averaged:
            if value.dtype.base_dtype not in FLOATS:
                raise TypeError(
                    f"The variables must be half, float, or double: {value.name} has type {value.dtype.base_dtype.name}. It "
                    f"was made at {value.op.source}"
                )
            if value not in self._averages:
                self._averages[value] = self._make(value)
            if self._zero_debias and not isinstance(value, Variable):
                debiased.add(value)
        with name_scope(self._name) as scope:
            decay = convert_to_tensor(self._decay, dtype=float32, name="decay")
            if self._num_updates is not None:
                count = apply("Cast", self._num_updates, DstT=float32, name="num_updates")
                decay = apply("Minimum", decay, apply("RealDiv", 1.0 + count, 10.0 + count, name="truediv"))
            updates = [
                assign_moving_average(self._averages[v], v, decay, zero_debias=v in debiased)
                for v in averaged
            ]
            return group(*updates, name=scope)

    def _make(self, value: Any) -> Variable:
        with init_scope():
            if not isinstance(value, Variable):
                return slot_creator.create_zeros_slot(value, self._name)
            average = slot_creator.create_slot(value, value.initialized_value(), self._name)
            graph = get_default_graph()
            if value not in graph.get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES):
                graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, value)
            return average

    def average(self, var: Any) -> Variable | None:
        """The variable that holds the average of ``var``, or None before ``apply``."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """The name under which the average of ``var`` is saved."""
        if var in self._averages:
            return self._averages[var].op.name
        return get_default_graph().unique_name(f"{var.op.name}/{self._name}", mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Iterable[Any] | None = None) -> dict[str, Any]:
        """A dictionary for ``Saver`` that restores the averages into the variables themselves, for testing.

        Args:
            moving_avg_variables: the variables that have averages; by default the trainable ones and those in
                ``GraphKeys.MOVING_AVERAGE_VARIABLES``.

        Returns:
            Variables by the name to restore them from: the averages' names where there is one, their own otherwise.
        """
        given = moving_avg_variables
        averaged = set(trainable_variables() + moving_average_variables() if given is None else given)
        names = {self.average_name(v): v for v in averaged}
        taken = {v.op.name for v in averaged}
        for variable in global_variables():
            if variable.op.name not in taken and variable.op.name not in names:
                names[variable.op.name] = variable
        return names


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Tensor:
    """Update a moving average: variable ← variable − (1 − decay) · (variable − value).

    Args:
        variable: the variable that holds the average.
        value: the tensor to average, of its shape.
        decay: how much of the old average stays, 0 to 1.
        zero_debias: correct for a start from zero; keeps two more variables, ``biased`` and ``local_step``.
        name: the operation's name.

    Returns:
        The variable's reference, which reads the new average.
    """
    with name_scope(name, "AssignMovingAvg", [variable, value]) as scope:
        dtype = variable.dtype.base_dtype
        kept = convert_to_tensor(decay, name="decay")
        rate = apply("Sub", convert_to_tensor(1, dtype=kept.dtype.base_dtype), kept, name="sub")
        rate = rate if rate.dtype.base_dtype is dtype else apply("Cast", rate, DstT=dtype)
        value = convert_to_tensor(value, dtype=dtype)
        if not zero_debias:
            difference = apply("Sub", variable, value, name="sub")
            return state.assign_sub(variable, apply("Mul", difference, rate, name="mul"), name=scope)
        return state.assign_sub(variable, _debiased_change(variable, value, rate), name=scope)


def _debiased_change(variable: Any, value: Tensor, rate: Tensor) -> Tensor:
    """What to take from an average so that it is the corrected one: biased / (1 − decayᵗ)."""
    dtype = variable.dtype.base_dtype
    biased = _beside(variable, "biased", variable.get_shape())
    step = _beside(variable, "local_step", [])
    difference = apply("Sub", biased, value, name="sub")
    moved = state.assign_sub(biased, apply("Mul", difference, rate, name="mul"))
    counted = state.assign_add(step, convert_to_tensor(1, dtype=dtype))
    with get_default_graph().control_dependencies([moved, counted]):
        one = convert_to_tensor(1, dtype=dtype)
        correction = apply("Sub", one, apply("Pow", apply("Sub", one, rate), step.read_value()))
        return apply("Sub", variable, apply("RealDiv", biased.read_value(), correction))


def _beside(variable: Any, name: str, shape: Any) -> Any:
    """A new variable of zeros that is called ``<variable>/<name>``, with a number where that is taken."""
    store = default_store()
    full = first = f"{variable.op.name}/{name}"
    number = 0
    while full in store.variables:
        number += 1
        full = f"{first}_{number}"
    with init_scope(), name_scope(None):
        return store.get_variable(
            full, shape, variable.dtype.base_dtype, zeros_initializer(), trainable=False
        )
