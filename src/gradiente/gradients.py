"""Backpropagation: from the gradient of ``ys`` back to ``xs``, as more graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import int64
from gradiente.graph.functions import FuncGraph, depth
from gradiente.graph.graph import get_default_graph
from gradiente.graph.indexed_slices import IndexedSlices, densified
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, gradient_rule
from gradiente.graph.types import is_list
from gradiente.ops import control_flow_gradients
from gradiente.ops.control_flow_gradients import TAKE_NONE

Gradient = Tensor | IndexedSlices

_PASS_SLICES_ON = frozenset({"Identity", "RefIdentity"})
"""Ops whose rule hands IndexedSlices on; the others get a dense gradient."""


class AggregationMethod:
    """How gradients that meet are added (``tf.AggregationMethod``). XLA fuses the sum whatever is asked for."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False, aggregation_method: int | None = None, stop_gradients: Any = None,
    unconnected_gradients: Any = None,
) -> list[Any]:  # fmt: skip
    """The sum of the derivatives of ``ys`` with respect to each of ``xs``, as tensors of the graph.

    For each x: sum over y of grad_y * dy/dx, by the chain rule, in one walk from ``ys`` back to ``xs``.

    Args:
        ys: a tensor or a list of them.
        xs: a tensor or variable, or a list of them.
        grad_ys: the gradient that arrives at each of ``ys``, of its shape; ones where it is None.
        name: the name scope of the new operations.
        colocate_gradients_with_ops: accepted; XLA places the whole program.
        gate_gradients: accepted; the order of a step is fixed already.
        aggregation_method: accepted, see AggregationMethod.
        stop_gradients: tensors to treat as constants: nothing flows through them, so the derivatives are partial ones.
        unconnected_gradients: ``"zero"`` gives zeros instead of None for an x that no y depends on.

    Returns:
        One gradient per x: a Tensor, IndexedSlices where x is only gathered from, or None where no y depends on x.

    Raises:
        LookupError: if an operation on the way has no gradient rule.
        TypeError: if an element of ``ys`` has a type without derivative, or is complex and has no ``grad_ys``.
        ValueError: if ``grad_ys`` does not fit ``ys``.

    Source: Rumelhart, Hinton, Williams 1986; the course's equations 5 to 14.
    """
    del colocate_gradients_with_ops, gate_gradients, aggregation_method
    ys, xs = [_element(y) for y in _listed(ys)], [_element(x) for x in _listed(xs)]
    stops = {_element(t) for t in _listed(stop_gradients)}
    with name_scope(name, "gradients", [*ys, *xs]) as scope:
        waiting: dict[Tensor, list[Gradient]] = {}
        for i, (y, grad_y) in enumerate(zip(ys, _given(grad_ys, len(ys)), strict=True)):
            waiting.setdefault(y, []).append(_start(y, grad_y, i))
        for op in sorted(_between(ys, xs, stops), key=_made, reverse=True):
            received = [None if t in stops else _added(waiting.get(t)) for t in op.outputs]
            if any(g is not None for g in received):
                for tensor, grad in zip(_inputs(op), _apply_rule(op, received, scope), strict=True):
                    if grad is not None:
                        waiting.setdefault(tensor, []).append(grad)
        found = [_added(waiting.get(x)) for x in xs]
        if getattr(unconnected_gradients, "value", unconnected_gradients) == "zero":
            found = [apply("ZerosLike", x) if g is None else g for x, g in zip(xs, found, strict=True)]
        return found


def hessians(
    ys: Any, xs: Any, name: str = "hessians", colocate_gradients_with_ops: bool = False, gate_gradients: bool = False,
    aggregation_method: int | None = None,
) -> list[Tensor]:  # fmt: skip
    """The second derivatives of the sum of ``ys`` with respect to each of ``xs``.

    For an x of shape S: H[i, j] = d²y / dx_i dx_j, of shape S + S. It is built from one backward walk for each element
    of x, so x should be small.

    Args:
        ys: a tensor or a list of them.
        xs: a tensor or variable, or a list of them, of known shapes.
        name: the name scope of the new operations.
        colocate_gradients_with_ops: accepted, see ``gradients``.
        gate_gradients: accepted.
        aggregation_method: accepted.

    Returns:
        One tensor of shape ``x.shape + x.shape`` per x.

    Raises:
        ValueError: if no y depends on some x, or an x's shape is not known.
        LookupError: if an operation on the way has no gradient rule.
    """
    del colocate_gradients_with_ops, gate_gradients, aggregation_method
    found: list[Tensor] = []
    elements = [_element(x) for x in _listed(xs)]
    with name_scope(name, "hessians", elements):
        for x, first in zip(elements, gradients(ys, elements), strict=True):
            if first is None:
                raise ValueError(
                    f"No y depends on {x.name!r}, made at {x.op.source}: its Hessian is not defined."
                )
            sizes, count = x.shape.plain, x.shape.num_elements()
            if sizes is None or count is None:
                raise ValueError(
                    f"The Hessian of {x.name!r} needs its whole shape, which is {x.shape}; use set_shape."
                )
            flat = apply("Reshape", densified(first), [-1])
            rows = [gradients(flat[i], [x], unconnected_gradients="zero")[0] for i in range(count)]
            found.append(apply("Reshape", apply("Pack", [densified(r) for r in rows]), [*sizes, *sizes]))
    return found


def _between(ys: Sequence[Tensor], xs: Sequence[Tensor], stops: set[Tensor]) -> set[Operation]:
    """The operations on a path from some x to some y; paths end at ``xs`` that nothing leads to and at ``stops``."""
    behind: set[Operation] = set()
    inside = all(x.graph is get_default_graph() for x in xs)
    pending = [y.op for y in ys if y not in stops]
    while pending:
        op = pending.pop()
        if op not in behind:
            behind.add(op)
            pending.extend(t.op for t in (op.inputs if inside else _inputs(op)) if t not in stops)
    targets, between = set(xs), set[Operation]()
    for op in sorted(behind, key=_made):
        if any(t in targets or (t not in stops and t.op in between) for t in _inputs(op)):
            between.add(op)
    return between


def _made(op: Operation) -> tuple[int, int]:
    """Orders operations: those of a body after all of the graph around it, and each graph's as they were made."""
    return depth(op.graph), op.creation_index


def _inputs(op: Operation) -> Sequence[Tensor]:
    """The inputs of an operation; of one that stands in a body for a tensor from outside, that tensor."""
    if op.type == "_Arg" and isinstance(op.graph, FuncGraph):
        outer = op.graph.outside(op.outputs[0])
        return () if outer.op is op else (outer,)
    return op.inputs


def _apply_rule(op: Operation, received: list[Any], scope: str) -> Sequence[Gradient | None]:
    if op.type == "_Arg":
        return received
    rule: Any = gradient_rule(op.attrs.get("_gradient_op_type", op.type))
    if rule is NOT_DIFFERENTIABLE:
        return [None] * len(op.inputs)
    if rule is None:
        raise LookupError(
            f"No gradient defined for operation '{op.name}' (op type: {op.type}), made at {op.source}. Register one with "
            f'@tf.RegisterGradient("{op.type}"), or stop the gradient there with tf.stop_gradient.'
        )
    if op.type not in _PASS_SLICES_ON:
        received = [densified(g) for g in received]
    with name_scope(f"{scope}{op.name}_grad/"):
        for i, (grad, output) in enumerate(zip(received, op.outputs, strict=True)):
            if grad is None and op.type not in TAKE_NONE and _has_derivative(output):
                received[i] = apply("ZerosLike", output)
        result: Any = rule(op, *received)
    grads: list[Any] = list(result) if is_list(result) else [result]  # pyright: ignore[reportUnknownArgumentType] - a rule's own result
    if len(grads) != len(op.inputs):
        raise ValueError(
            f"The gradient rule of '{op.name}' ({op.type}) gave {len(grads)} gradients for {len(op.inputs)} inputs."
        )
    for grad, tensor in zip(grads, op.inputs, strict=True):
        if isinstance(grad, Tensor) and not grad.shape.is_compatible_with(tensor.shape):
            raise ValueError(
                f"The gradient rule of '{op.name}' ({op.type}) gave shape {grad.shape} for input {tensor.name!r} of shape "
                f"{tensor.shape}; a gradient has its input's shape."
            )
    return grads


def _added(grads: list[Any] | None) -> Any:
    """The sum of the gradients that arrive at one tensor; None if none does."""
    if not grads or len(grads) == 1:
        return grads[0] if grads else None
    if all(isinstance(g, IndexedSlices) for g in grads):
        parts: list[IndexedSlices] = grads
        values = apply("ConcatV2", [g.values for g in parts], 0)
        rows = [g.indices for g in parts]
        if any(i.dtype is not rows[0].dtype for i in rows):
            rows = [i if i.dtype is int64 else apply("Cast", i, DstT=int64) for i in rows]
        return IndexedSlices(values, apply("ConcatV2", rows, 0), parts[0].dense_shape)
    return apply("AddN", [densified(g) for g in grads])


def _start(y: Tensor, grad_y: Any, index: int) -> Gradient:
    if not _has_derivative(y):
        raise TypeError(
            f"Tensor {y.name!r} of type {y.dtype.name}, made at {y.op.source}, has no derivative: gradients flow through "
            "floating-point and complex tensors only. Use tf.cast before the computation, not after it."
        )
    if grad_y is None and y.dtype.is_complex:
        raise TypeError(
            f"Gradients of complex tensors must set grad_ys: {y.name!r} has type {y.dtype.name}, made at {y.op.source}. "
            "Give grad_ys, or take tf.real(y) or tf.abs(y)."
        )
    if grad_y is None:
        return apply("Fill", apply("Shape", y), _one(y), name=f"grad_ys_{index}")
    if isinstance(grad_y, IndexedSlices):
        return grad_y
    grad = convert_to_tensor(grad_y, dtype=y.dtype.base_dtype, name=f"grad_ys_{index}")
    if not grad.shape.is_compatible_with(y.shape):
        raise ValueError(f"grad_ys[{index}] has shape {grad.shape}, but {y.name!r} has shape {y.shape}.")
    return grad


def _one(y: Tensor) -> Tensor:
    """The constant 1 of the type of ``y``."""
    return convert_to_tensor(1, dtype=y.dtype.base_dtype)


def _given(grad_ys: Any, count: int) -> list[Any]:
    """One of ``grad_ys`` for each y."""
    given = _listed(grad_ys) or [None] * count
    if len(given) != count:
        raise ValueError(
            f"Length mismatch: {len(given)} grad_ys for {count} ys. Give one for each y, None where it is ones."
        )
    return given


def _has_derivative(tensor: Tensor) -> bool:
    return tensor.dtype.is_floating or tensor.dtype.is_complex


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, Tensor) or hasattr(value, "_as_graph_element"):
        return [value]
    if hasattr(value, "__iter__") and not hasattr(value, "__array__"):
        return list(value)
    return [value]


def _element(value: Any) -> Tensor:
    """``value`` as a tensor; a variable as its reference."""
    return value.values if isinstance(value, IndexedSlices) else convert_to_tensor(value, as_ref=True)


control_flow_gradients.install(gradients)
