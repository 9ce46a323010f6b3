"""Batch normalization and the rectifier after it as one step, in both directions.

``FusedBatchNorm → Relu``, also with a sum between them, as at the end of a residual block: the kernel adds and clips while
it writes. ``ReluGrad → FusedBatchNormGrad``: the kernel finds out again what the rectifier let through, from what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.passes import lowering
from gradiente.runtime.passes.fusion import Fusions
from gradiente.runtime.passes.program import Program

_NORM = "FusedBatchNorm"
_NORMS = (_NORM, f"{_NORM}V2", f"{_NORM}V3")
_GRADIENTS = tuple(kind.replace(_NORM, f"{_NORM}Grad") for kind in _NORMS)
_SHARED = ("epsilon", "data_format", "is_training")


def fuse_batch_norm_and_activation(program: Program) -> None:
    """Join each training batch normalization with what is added to it and its rectifier, and their gradients."""
    fusions = Fusions(program)
    for op in program.operations:
        if op.type == "Relu":
            for parts, added in _forward_chains(fusions, op):
                kind = "+".join((_NORM, *("Add" for _ in added), "Relu"))
                if fusions.add(kind, parts, (*parts[0].inputs, *added), lowering.batch_norm_activation):
                    break
        elif op.type in _GRADIENTS:
            _fuse_gradient(fusions, op)
    fusions.apply()


def _forward_chains(fusions: Fusions, relu: Operation) -> Iterator[tuple[list[Operation], list[Tensor]]]:
    """What ends at the rectifier: the batch normalization and what follows it, and what is added in between."""
    before = fusions.producer(relu.inputs[0])
    if before is None:
        return
    if _is_training(before):
        yield [before, relu], []
    elif before.type in ("Add", "AddV2"):
        for value, other in (before.inputs, before.inputs[::-1]):
            norm = fusions.producer(value)
            if norm is not None and _is_training(norm) and value is not other:
                yield [norm, before, relu], [other]


def _is_training(op: Operation) -> bool:
    return op.type in _NORMS and bool(op.attrs["is_training"])


def _fuse_gradient(fusions: Fusions, gradient: Operation) -> None:
    relu_gradient = fusions.producer(gradient.inputs[0])
    if relu_gradient is None or relu_gradient.type != "ReluGrad":
        return
    relu = fusions.producer(relu_gradient.inputs[1])
    if relu is None or relu.type != "Relu":
        return
    norm = fusions.producer(relu.inputs[0])
    if norm is None or not _is_training(norm) or relu.inputs[0] is not norm.outputs[0]:
        return
    statistics = gradient.inputs[3:5]
    own = all(fusions.producer(t) is norm for t in statistics) and statistics == norm.outputs[3:5]
    same = all(gradient.attrs[name] == norm.attrs[name] for name in _SHARED)
    if not own or not same or gradient.inputs[1:3] != norm.inputs[:2]:
        return
    inputs = (relu_gradient.inputs[0], *gradient.inputs[1:5], norm.inputs[2])
    fusions.add(
        "ReluGrad+FusedBatchNormGrad", [relu_gradient, gradient], inputs, lowering.batch_norm_relu_gradient,
        recalled=[norm],
    )  # fmt: skip
