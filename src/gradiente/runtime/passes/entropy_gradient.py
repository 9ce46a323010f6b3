"""The gradient of a cross-entropy, weighted row by row, as one step.

``SoftmaxCrossEntropyWithLogits → Mul`` is what the gradient of a mean of losses comes to: each row of the derivative times
what the row's loss counts. Without the product the step of a small network leaves nothing to XLA that is worth a thread of
its own, and JAX runs it where it is called.
"""

from __future__ import annotations

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.passes import lowering
from gradiente.runtime.passes.fusion import Fusions
from gradiente.runtime.passes.program import Program


def fuse_entropy_gradients(program: Program) -> None:
    """Put one step in the place of each product of a column and the gradient of a cross-entropy whose loss nobody wants.

    The cross-entropy itself stays, since the weights may follow from its loss's shape; XLA drops it.
    """
    fusions = Fusions(program)
    for scaled in program.operations:
        if scaled.type != "Mul":
            continue
        for gradient, weights in (scaled.inputs, scaled.inputs[::-1]):
            entropy = fusions.producer(gradient)
            if entropy is None or not _is_spent(fusions, entropy, gradient):
                continue
            if weights.shape.ndims == 2 and weights.shape.as_list()[1] == 1:
                inputs = (*entropy.inputs, weights)
                fusions.add("CrossEntropyGradient+Mul", [scaled], inputs, lowering.weighted_entropy_gradient)
                break
    fusions.apply()


def _is_spent(fusions: Fusions, entropy: Operation, gradient: Tensor) -> bool:
    """Whether ``gradient`` is the gradient of a cross-entropy of plain values that gives nothing else."""
    if entropy.type != "SoftmaxCrossEntropyWithLogits" or gradient is not entropy.outputs[1]:
        return False
    if fusions.program.effects_of(entropy).reads or fusions.has_consumer(entropy.outputs[0]):
        return False
    return fusions.only_consumer(gradient) is not None
