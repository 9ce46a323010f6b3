"""The gradient of a rectifier followed by a maximum over windows, as one step.

``MaxPoolGrad → ReluGrad`` on the same activations: what goes back to a window's largest activation goes on where that
activation is above zero. One pass over the largest arrays of a convolutional network's step instead of two.
"""

from __future__ import annotations

from gradiente.runtime.passes import lowering
from gradiente.runtime.passes.fusion import Fusions
from gradiente.runtime.passes.program import Program


def fuse_pool_and_relu_gradients(program: Program) -> None:
    """Join each ``MaxPoolGrad`` with the ``ReluGrad`` that takes it."""
    fusions = Fusions(program)
    for relu in program.operations:
        if relu.type != "ReluGrad":
            continue
        pool = fusions.producer(relu.inputs[0])
        if pool is None or pool.type != "MaxPoolGrad" or pool.inputs[0] is not relu.inputs[1]:
            continue
        fusions.add("MaxPoolGrad+ReluGrad", [pool, relu], pool.inputs, lowering.max_pool_relu_gradient)
    fusions.apply()
