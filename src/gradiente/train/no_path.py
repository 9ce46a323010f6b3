"""Why a loss has no gradient for the variables: where the way from one to the other ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.operation import Operation
from gradiente.graph.registry import NOT_DIFFERENTIABLE, gradient_rule

_SHOWN = 8


def no_gradient_message(variables: Sequence[Any], loss: Any) -> str:
    """The text of the error for a loss that has a gradient for none of ``variables``."""
    listed = "".join(f"\n    {v.name} {v.get_shape()}, made at {v.op.source}" for v in variables[:_SHOWN])
    more = f"\n    and {len(variables) - _SHOWN} more" if len(variables) > _SHOWN else ""
    if loss is None:
        return (
            f"No gradients provided for any variable: the gradient of each of these is None.{listed}{more}\n  Pass pairs "
            "from compute_gradients, whose first elements are gradients."
        )
    return (
        f"No gradients provided for any variable, check your graph for ops that do not support gradients, between "
        f"variables{listed}{more}\n  and loss {loss.name!r}, made at {loss.op.source}.\n  {_reason(variables, loss)}"
    )


def _reason(variables: Sequence[Any], loss: Any) -> str:
    behind: set[Operation] = set()
    pending: list[Operation] = [loss.op]
    while pending:
        op = pending.pop()
        if op not in behind:
            behind.add(op)
            pending.extend(t.op for t in op.inputs)
    reached = {v.op for v in variables} & behind
    if not reached:
        return "The loss does not depend on any of them: it is computed without these variables."
    after: set[Operation] = set()
    for op in sorted(behind, key=lambda op: op.creation_index):
        if op in reached or any(t.op in after for t in op.inputs):
            after.add(op)
    blocks = sorted((op for op in after - reached if _stops(op)), key=lambda op: op.creation_index)
    if not blocks:
        return "The way between them passes through no differentiable operation."
    ends = "".join(f"\n    '{op.name}' ({op.type}), made at {op.source}" for op in blocks[:_SHOWN])
    return (
        f"The way ends at:{ends}\n  Such an operation has no derivative (it counts, compares, rounds or chooses). Use the "
        "values before it in the loss: logits and a cross-entropy instead of predicted classes, for instance."
    )


def _stops(op: Operation) -> bool:
    rule = gradient_rule(op.attrs.get("_gradient_op_type", op.type))
    if rule is None or rule is NOT_DIFFERENTIABLE:
        return True
    return op.type == "Cast" and not (op.outputs[0].dtype.is_floating or op.outputs[0].dtype.is_complex)
