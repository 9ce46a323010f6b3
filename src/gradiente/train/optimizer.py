"""The base of all optimizers: gradients of a loss, and operations that apply them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gradiente.gradients import gradients
from gradiente.graph.build import apply, convert_to_tensor, graph_of, name_scope
from gradiente.graph.dtypes import FLOATS
from gradiente.graph.functions import init_scope
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Tensor
from gradiente.ops import state
from gradiente.ops.basic import group, tuple_
from gradiente.ops.partitioned_variables import PartitionedVariable
from gradiente.ops.variable_lists import trainable_variables
from gradiente.ops.variables import Variable
from gradiente.train import slot_creator
from gradiente.train.no_path import no_gradient_message

GradsAndVars = Sequence[tuple[Any, Any]]


class Optimizer:
    """Changes variables so that a loss becomes smaller. Subclasses say how.

    ``minimize`` computes the gradients and applies them. Programs that change the gradients in between call
    ``compute_gradients`` and ``apply_gradients``. A subclass implements ``_apply_dense`` and ``_apply_sparse``, and where
    it needs them ``_create_slots``, ``_prepare`` and ``_finish``.

    Args:
        use_locking: accepted; updates never interleave.
        name: the name of the operations and of the slots.

    Source: TensorFlow 1's ``tf.train.Optimizer``.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slot_dict: dict[tuple[str, Graph], Any] = {}

    def get_name(self) -> str:
        """The name."""
        return self._name

    # --- the public way ---------------------------------------------------------------------------------------------

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:  # fmt: skip
        """An operation that makes one step: computes the gradients of ``loss`` and applies them.

        Args:
            loss: the tensor to make smaller.
            global_step: a variable to increase by one after the step.
            var_list: the variables to update; all trainable ones by default.
            gate_gradients: accepted: GATE_NONE, GATE_OP or GATE_GRAPH.
            aggregation_method: accepted.
            colocate_gradients_with_ops: accepted.
            name: the operation's name; the optimizer's by default.
            grad_loss: the gradient that arrives at ``loss``; ones by default.

        Returns:
            The operation.

        Raises:
            ValueError: if ``loss`` has a gradient for none of the variables; the message says where the way ends.
        """
        grads_and_vars = self.compute_gradients(
            loss, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss
        )
        if all(g is None for g, _ in grads_and_vars):
            raise ValueError(no_gradient_message([v for _, v in grads_and_vars], loss))
        return self.apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def compute_gradients(
        self, loss: Any, var_list: Any = None, gate_gradients: int = GATE_OP, aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False, grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:  # fmt: skip
        """The gradients of ``loss``: the first half of ``minimize``.

        Args:
            loss: the tensor to make smaller.
            var_list: the variables; all trainable ones by default.
            gate_gradients: GATE_GRAPH makes each gradient wait for all others.
            aggregation_method: accepted.
            colocate_gradients_with_ops: accepted.
            grad_loss: the gradient that arrives at ``loss``.

        Returns:
            A list of (gradient, variable); the gradient is a Tensor, IndexedSlices, or None.

        Raises:
            TypeError: if an element of ``var_list`` is no variable.
            ValueError: if there is no variable, or one has a type without gradients.
        """
        if callable(loss) and not isinstance(loss, Tensor | Variable):
            raise RuntimeError("`loss` is a function: build its tensor first, and pass that.")
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(
                f"gate_gradients must be one of Optimizer.GATE_NONE, GATE_OP, GATE_GRAPH, not {gate_gradients}."
            )
        loss = convert_to_tensor(loss)
        _check_types([loss])
        with loss.graph.as_default():
            variables = trainable_variables() if var_list is None else list(_flattened(var_list))
            for variable in variables:
                if not isinstance(variable, Variable):
                    raise TypeError(
                        f"Argument is not a tf.Variable: {variable!r}. Optimizers update variables."
                    )
            if not variables:
                raise ValueError(
                    "No variables to optimize. Make the variables before the optimizer's step, as trainable ones, or pass "
                    "var_list."
                )
            grads = gradients(
                loss, variables, grad_ys=grad_loss, gate_gradients=gate_gradients == self.GATE_OP,
                aggregation_method=aggregation_method, colocate_gradients_with_ops=colocate_gradients_with_ops,
            )  # fmt: skip
            if gate_gradients == self.GATE_GRAPH and any(g is not None for g in grads):
                grads = tuple_(grads)
        _check_types([v for g, v in zip(grads, variables, strict=True) if g is not None])
        return list(zip(grads, variables, strict=True))

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Any = None, name: str | None = None
    ) -> Any:
        """An operation that applies gradients: the second half of ``minimize``.

        Args:
            grads_and_vars: pairs as ``compute_gradients`` returns them; those with gradient None are left out.
            global_step: a variable to increase by one after the step.
            name: the operation's name; the optimizer's by default.

        Returns:
            The operation.

        Raises:
            TypeError: if a gradient can't be made a tensor.
            ValueError: if no variable has a gradient.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("No variables provided.")
        converted: list[tuple[Any, Any]] = []
        for grad, variable in pairs:
            if grad is None:
                continue
            if not isinstance(variable, Variable):
                raise NotImplementedError(f"Trying to update {variable!r}: only variables can be updated.")
            if not isinstance(grad, Tensor | IndexedSlices):
                try:
                    grad = convert_to_tensor(grad, dtype=variable.dtype.base_dtype)
                except (TypeError, ValueError) as error:
                    raise TypeError(
                        f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {grad!r}"
                    ) from error
            converted.append((grad, variable))
        if not converted:
            raise ValueError(no_gradient_message([v for _, v in pairs], None))
        with graph_of([v for _, v in converted]).as_default():
            return self._build(converted, global_step, name)

    def _build(self, pairs: GradsAndVars, global_step: Any, name: str | None) -> Any:
        variables = [v for _, v in pairs]
        with init_scope():
            self._create_slots(variables)
        with name_scope(name, self._name) as scope:
            self._prepare()
            updates: list[Any] = []
            for grad, variable in pairs:
                with name_scope(f"update_{variable.op.name}"):
                    updates.append(self._update(grad, variable))
            if global_step is None:
                step = self._finish(updates, scope)
            else:
                with get_default_graph().control_dependencies([self._finish(updates, "update")]):
                    increment = convert_to_tensor(1, dtype=global_step.dtype.base_dtype, name="value")
                    step = state.assign_add(global_step, increment, name=scope)
        step = step.op if isinstance(step, Tensor) else step
        train_ops = get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
        if step not in train_ops:
            train_ops.append(step)
        return step

    def _update(self, grad: Any, variable: Any) -> Any:
        if isinstance(grad, IndexedSlices):
            if variable.constraint is not None:
                raise RuntimeError(
                    f"Cannot use a constraint on a sparse variable: {variable.name!r} has the gradient of a gather."
                    " Make the gradient dense with tf.convert_to_tensor, or leave out the constraint."
                )
            return self._apply_sparse_duplicate_indices(grad, variable)
        update = self._apply_dense(grad, variable)
        if variable.constraint is None:
            return update
        with get_default_graph().control_dependencies([update]):
            return variable.assign(variable.constraint(variable))

    # --- slots ------------------------------------------------------------------------------------------------------

    def get_slot(self, var: Any, name: str) -> Any:
        """The slot ``name`` of a variable (``"momentum"``), or None."""
        return self._slots.get(name, {}).get(var)

    def get_slot_names(self) -> list[str]:
        """The names of the slots."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """The optimizer's own variables in the default graph: slots and others, by name."""
        graph = get_default_graph()
        own = [v for (_, home), v in self._non_slot_dict.items() if home is graph]
        for slots in self._slots.values():
            own.extend(s for s in slots.values() if s.graph is graph)
        return sorted(own, key=lambda v: v.name)

    def _slot_dict(self, slot_name: str) -> dict[Any, Any]:
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        slots = self._slot_dict(slot_name)
        if var not in slots:
            slots[var] = slot_creator.create_slot(var, val, op_name)
        return slots[var]

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Callable[..., Any], shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        slots = self._slot_dict(slot_name)
        if var not in slots:
            slots[var] = slot_creator.create_slot_with_initializer(var, initializer, shape, dtype, op_name)
        return slots[var]

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        slots = self._slot_dict(slot_name)
        if var not in slots:
            slots[var] = slot_creator.create_zeros_slot(var, op_name)
        return slots[var]

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        key = (name, colocate_with.graph)
        if key not in self._non_slot_dict:
            self._non_slot_dict[key] = Variable(initial_value, name=name, trainable=False)
        return self._non_slot_dict[key]

    def _get_non_slot_variable(self, name: str, graph: Graph | None = None) -> Any:
        return self._non_slot_dict.get((name, graph or get_default_graph()))

    # --- what a subclass says ---------------------------------------------------------------------------------------

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        """Make the slots that the variables need."""

    def _prepare(self) -> None:
        """Make the tensors that all updates share, such as the learning rate."""

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        """The operation that updates ``var`` with a dense gradient."""
        raise NotImplementedError(f"{type(self).__name__} does not implement _apply_dense.")

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        """The operation that updates the rows of ``var`` that IndexedSlices name."""
        raise NotImplementedError(f"{type(self).__name__} does not implement _apply_sparse.")

    def _apply_sparse_duplicate_indices(self, grad: Any, var: Any) -> Any:
        """Like ``_apply_sparse``, where a row may come more than once; its gradients add up.

        The ``SparseApply`` ops add them up themselves, so nothing is to be done here. A subclass whose ``_apply_sparse``
        needs distinct rows makes them here.
        """
        return self._apply_sparse(grad, var)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        """The operation that has made all updates."""
        return group(*update_ops, name=name_scope)

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) and not isinstance(param, Tensor | Variable) else param

    def _tensor(self, value: Any, name: str) -> Tensor:
        """A setting (a number, tensor or function of no arguments) as a tensor."""
        return convert_to_tensor(self._call_if_callable(value), name=name)

    @staticmethod
    def _like(tensor: Tensor, var: Any) -> Tensor:
        """A setting in the variable's type."""
        dtype = var.dtype.base_dtype
        return tensor if tensor.dtype.base_dtype is dtype else apply("Cast", tensor, DstT=dtype)


def _flattened(variables: Any) -> Iterable[Any]:
    if isinstance(variables, Variable | Tensor) or not isinstance(variables, Iterable):
        yield variables
        return
    items: Any = variables.values() if isinstance(variables, dict) else variables  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - user input
    for item in items:
        if isinstance(item, list | tuple | PartitionedVariable):
            yield from _flattened(item)
        else:
            yield item


def _check_types(values: Iterable[Any]) -> None:
    for value in values:
        dtype = value.dtype.base_dtype
        if dtype not in FLOATS:
            allowed = ", ".join(t.name for t in FLOATS)
            raise ValueError(
                f"Invalid type {dtype.name} for {value.name}, expected: {allowed}. It was made at {value.op.source}. "
                "Gradients exist for floating-point types only: use tf.cast."
            )
