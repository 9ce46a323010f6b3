"""Convolution, bias, rectifier and pool of 2×2 as one step, and the gradients without the arrays in between.

``Conv2D → BiasAdd → Relu → MaxPool`` keeps the largest of each window and its place. ``MaxPoolGrad → ReluGrad`` hands these
places on with the gradient that they receive, and the gradients of bias, filter and image are computed from them. The arrays
that are saved are four times as large as what is kept, and the largest of such a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.passes import lowering_pooled as lowering
from gradiente.runtime.passes.bias_activation import product_and_bias
from gradiente.runtime.passes.fusion import Fusions
from gradiente.runtime.passes.program import Lowering, Program

_TAKING: Mapping[str, tuple[int, Lowering]] = {
    "BiasAddGrad": (0, lowering.bias_gradient),
    "Conv2DBackpropFilter": (2, lowering.filter_gradient),
    "Conv2DBackpropInput": (2, lowering.input_gradient),
    "Reshape": (0, lowering.same_shape),
    "Sum": (0, lowering.total),
}
"""What knows the gradient with its places: the position of that input, and the kernel."""
_HANDING_ON = ("Reshape", "Sum")
"""What may give it on unchanged: between a sum with a bias and its terms stand these, for terms that broadcast."""


def fuse_pooled_convolutions(program: Program) -> None:
    """Join each convolution with what follows it up to the pool, and what goes back that way."""
    fusions = Fusions(program)
    for pool in program.operations:
        if pool.type == "MaxPool" and _halves(pool.attrs):
            _fuse(fusions, pool)
    fusions.apply()


def _halves(attrs: Mapping[str, Any]) -> bool:
    """Whether windows of 2×2 lie side by side, the first one in the corner."""
    form = (tuple(attrs["ksize"]), tuple(attrs["strides"]), attrs["data_format"])
    return form == ((1, 2, 2, 1), (1, 2, 2, 1), "NHWC") and attrs["padding"] in ("SAME", "VALID")


def _fuse(fusions: Fusions, pool: Operation) -> None:
    relu = fusions.producer(pool.inputs[0])
    if relu is None or relu.type != "Relu":
        return
    add = fusions.producer(relu.inputs[0])
    found = None if add is None else product_and_bias(fusions, add)
    if add is None or found is None or found[0].type != "Conv2D":
        return
    convolution, bias = found
    active = relu.outputs[0]
    back = [s for s in fusions.users(active) if s is not pool]
    pairs = _pairs(fusions, active, back)
    if {op for pair in pairs for op in pair} != set(back):
        return
    for pair in pairs:
        if not fusions.add(
            "MaxPoolGrad+ReluGrad", pair, pair[0].inputs, lowering.pool_relu_gradient, takes_held=True
        ):
            return
    fused = fusions.add(
        "Conv2D+BiasAdd+Relu+MaxPool", [convolution, add, relu, pool], (*convolution.inputs, bias),
        lowering.conv2d_pool, held=relu if pairs else None,
    )  # fmt: skip
    if fused:
        for _, gradient in pairs:
            _fuse_takers(fusions, gradient.outputs[0])


def _pairs(fusions: Fusions, active: Tensor, back: list[Any]) -> list[list[Operation]]:
    """Of what takes the rectifier's result, each pool's gradient with the rectifier's."""
    found: list[list[Operation]] = []
    for op in back:
        if isinstance(op, Operation) and op.type == "MaxPoolGrad" and op.inputs[0] is active:
            after = fusions.only_consumer(op.outputs[0])
            if after is None or after.type != "ReluGrad" or after.inputs[1] is not active:
                continue
            if fusions.program.is_private(after.outputs[0]):
                found.append([op, after])
    return found


def _fuse_takers(fusions: Fusions, gradient: Tensor) -> None:
    """Let what takes the gradient know its form, and what takes that from there."""
    for op in fusions.users(gradient):
        if not isinstance(op, Operation) or op.type not in _TAKING:
            continue
        position, lower = _TAKING[op.type]
        if op.inputs[position] is not gradient:
            continue
        hands_on = op.type in _HANDING_ON and op.outputs[0].shape.ndims in (None, 4)
        if hands_on and not fusions.program.is_private(op.outputs[0]):
            continue
        if fusions.add(f"{op.type} of pooled", [op], op.inputs, lower, takes_held=True) and hands_on:
            _fuse_takers(fusions, op.outputs[0])
