"""Convolution or matrix product, bias and rectifier as one step: the kernel adds and clips while it writes its output.

``Conv2D → BiasAdd → Relu`` and ``MatMul → BiasAdd → Relu`` are fused, with a plain ``+`` for the bias too, and without the
rectifier where there is none. A depthwise convolution counts as one, and ``Relu6`` after a convolution as a rectifier.
"""

from __future__ import annotations

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.passes import lowering
from gradiente.runtime.passes.fusion import Fusions
from gradiente.runtime.passes.program import Program

_LOWERINGS = {
    "Conv2D": lowering.conv2d_bias_activation,
    "DepthwiseConv2dNative": lowering.depthwise_bias_activation,
    "MatMul": lowering.matmul_bias_activation,
}
_ACTIVATIONS = {"MatMul": ("Relu",)}
"""What may follow; after a convolution that is ``_AFTER_CONVOLUTION``."""
_AFTER_CONVOLUTION = ("Relu", "Relu6")


def fuse_bias_and_activation(program: Program) -> None:
    """Join a product with the bias that is added to it and with its rectifier."""
    fusions = Fusions(program)
    for add in program.operations:
        found = product_and_bias(fusions, add)
        if found is None:
            continue
        product, bias = found
        parts = [product, add]
        after = fusions.only_consumer(add.outputs[0])
        if after is not None and after.type in _ACTIVATIONS.get(product.type, _AFTER_CONVOLUTION):
            parts.append(after)
        kind = "+".join(("BiasAdd" if p is add else p.type) for p in parts)
        fusions.add(kind, parts, (*product.inputs, bias), _LOWERINGS[product.type])
    fusions.apply()


def product_and_bias(fusions: Fusions, add: Operation) -> tuple[Operation, Tensor] | None:
    """The product to which the operation adds a bias, and the bias."""
    if add.type == "BiasAdd":
        candidates = [add.inputs]
    elif add.type in ("Add", "AddV2"):
        candidates = [add.inputs, add.inputs[::-1]]
    else:
        return None
    for value, bias in candidates:
        product = fusions.producer(value)
        if product is not None and product.type in _LOWERINGS and _is_bias(product, add, bias):
            return product, bias
    return None


def _is_bias(product: Operation, add: Operation, bias: Tensor) -> bool:
    """Whether ``bias`` has one value for each channel of the product, which lies along its last axis."""
    layouts = {op.attrs.get("data_format", "NHWC") for op in (product, add)}
    channels = product.outputs[0].shape
    if layouts != {"NHWC"} or channels.ndims is None or bias.shape.ndims != 1:
        return False
    last = channels.as_list()[-1]
    return last is not None and bias.shape.as_list() == [last]
