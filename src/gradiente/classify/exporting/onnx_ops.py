"""How each operation of a network is written in ONNX: a function for each, by TensorFlow's types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.classify.exporting.onnx_rule import (
    FLOAT,
    TYPES,
    NotTranslatedError,
    Rule,
    Writer,
    cast_to,
    ints,
    known_axes,
    plain,
    text,
)
from gradiente.classify.exporting.onnx_shape_ops import SHAPE_RULES


def _cast(op: Any, inputs: list[str], to: Writer) -> str:
    kind = TYPES.get(op.outputs[0].dtype.base_dtype.name)
    if kind is None:
        raise NotTranslatedError(f"the type {op.outputs[0].dtype.name}")
    return cast_to(inputs[0], kind, to)


def _reduction(op_type: str) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        axes = to.constant(ints(*known_axes(op, to)))
        return to.node(
            op_type, [inputs[0], axes], keepdims=int(op.get_attr("keep_dims")), noop_with_empty_axes=1
        )

    return rule


def _arg(op_type: str) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        found = to.node(op_type, [inputs[0]], axis=known_axes(op, to)[0], keepdims=0)
        return cast_to(found, TYPES[op.outputs[0].dtype.name], to)

    return rule


def _matmul(op: Any, inputs: list[str], to: Writer) -> str:
    names = ("transpose_a", "transpose_b") if op.type == "MatMul" else ("adj_x", "adj_y")
    turned = list(inputs)
    for k, name in enumerate(names):
        if op.get_attr(name):
            rank = op.inputs[k].shape.ndims
            turned[k] = to.node("Transpose", [inputs[k]], perm=[*range(rank - 2), rank - 1, rank - 2])
    return to.node("MatMul", turned)


def _needs_nhwc(op: Any) -> None:
    if text(op, "data_format") != "NHWC":
        raise NotTranslatedError(f"the layout {text(op, 'data_format')}")


def _window(op: Any, kernel: Sequence[int], dilations: Sequence[int]) -> dict[str, Any]:
    padding, strides = text(op, "padding"), list(op.get_attr("strides"))[1:3]
    settings: dict[str, Any] = {"kernel_shape": list(kernel), "strides": strides}
    if any(d != 1 for d in dilations):
        settings["dilations"] = list(dilations)
    if padding == "SAME":
        settings["auto_pad"] = "SAME_UPPER"
    elif padding == "EXPLICIT":
        pads = list(op.get_attr("explicit_paddings"))
        settings["pads"] = [pads[2], pads[4], pads[3], pads[5]]
    elif padding != "VALID":
        raise NotTranslatedError(f"the padding {padding}")
    return settings


def _to_nchw(name: str, to: Writer) -> str:
    return to.node("Transpose", [name], perm=[0, 3, 1, 2])


def _to_nhwc(name: str, to: Writer) -> str:
    return to.node("Transpose", [name], perm=[0, 2, 3, 1])


def _conv(op: Any, inputs: list[str], to: Writer) -> str:
    _needs_nhwc(op)
    filters = to.known(op.inputs[1])
    settings = _window(op, filters.shape[:2], list(op.get_attr("dilations"))[1:3])
    groups = int(op.inputs[0].shape[3]) // filters.shape[2]
    if op.type == "DepthwiseConv2dNative":
        height, width, depth, multiplier = filters.shape
        groups, turned = depth, filters.reshape(height, width, 1, depth * multiplier)
    else:
        turned = filters
    weights = to.constant(np.ascontiguousarray(turned.transpose(3, 2, 0, 1)))
    return _to_nhwc(to.node("Conv", [_to_nchw(inputs[0], to), weights], group=groups, **settings), to)


def _pool(op_type: str) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        _needs_nhwc(op)
        window, strides = list(op.get_attr("ksize")), list(op.get_attr("strides"))
        if (window[0], window[3], strides[0], strides[3]) != (1, 1, 1, 1):
            raise NotTranslatedError("pooling over images or channels")
        return _to_nhwc(to.node(op_type, [_to_nchw(inputs[0], to)], **_window(op, window[1:3], (1, 1))), to)

    return rule


def _batch_norm(op: Any, inputs: list[str], to: Writer) -> list[str]:
    _needs_nhwc(op)
    if op.get_attr("is_training"):
        raise NotTranslatedError("batch normalization by the batch's own statistics")
    x, scale, offset, mean, variance = inputs
    shifted = to.node("Add", [variance, to.constant(np.float32(op.get_attr("epsilon")))])
    factor = to.node("Div", [scale, to.node("Sqrt", [shifted])])
    normal = to.node("Mul", [to.node("Sub", [x, mean]), factor])
    return [to.node("Add", [normal, offset]), mean, variance, mean, variance, variance]


def _leaky(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("LeakyRelu", inputs, alpha=float(op.get_attr("alpha")))


def _relu6(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Clip", [inputs[0], to.constant(np.float32(0)), to.constant(np.float32(6))])


def _clip(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Max", [to.node("Min", [inputs[0], inputs[2]]), inputs[1]])


def _rsqrt(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Reciprocal", [to.node("Sqrt", inputs)])


def _square(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Mul", [inputs[0], inputs[0]])


def _squared_difference(op: Any, inputs: list[str], to: Writer) -> str:
    difference = to.node("Sub", inputs)
    return to.node("Mul", [difference, difference])


def _negated(op_type: str) -> Rule:
    return lambda op, inputs, to: to.node("Not", [to.node(op_type, inputs)])


def _softmax(op_type: str) -> Rule:
    return lambda op, inputs, to: to.node(op_type, inputs, axis=-1)


def _lrn(op: Any, inputs: list[str], to: Writer) -> str:
    size = 2 * int(op.get_attr("depth_radius")) + 1
    settings: dict[str, Any] = {"alpha": float(op.get_attr("alpha")) * size, "beta": float(op.get_attr("beta")),
                "bias": float(op.get_attr("bias")), "size": size}  # fmt: skip
    return _to_nhwc(to.node("LRN", [_to_nchw(inputs[0], to)], **settings), to)


def _resize(mode: str) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        corners, half = bool(op.get_attr("align_corners")), bool(op.get_attr("half_pixel_centers"))
        where = "align_corners" if corners else "half_pixel" if half else "asymmetric"
        if mode == "nearest" and (corners or half):
            raise NotTranslatedError("nearest-neighbour resizing with these corners")
        sizes = to.constant(ints(*known_axes(op, to)))
        x = _to_nchw(cast_to(inputs[0], FLOAT, to) if mode == "linear" else inputs[0], to)
        batch = to.node("Slice", [to.node("Shape", [x]), to.constant(ints(0)), to.constant(ints(2))])
        whole = to.node("Concat", [batch, sizes], axis=0)
        settings: dict[str, Any] = {"nearest_mode": "floor"} if mode == "nearest" else {}
        made = to.node(
            "Resize", [x, "", "", whole], mode=mode, coordinate_transformation_mode=where, **settings
        )
        return _to_nhwc(made, to)

    return rule


def _space(op_type: str) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        _needs_nhwc(op)
        if op_type == "SpaceToDepth":
            raise NotTranslatedError("its order of channels")
        made = to.node(
            op_type, [_to_nchw(inputs[0], to)], blocksize=int(op.get_attr("block_size")), mode="DCR"
        )
        return _to_nhwc(made, to)

    return rule


def _select(op: Any, inputs: list[str], to: Writer) -> str:
    if op.inputs[0].shape.ndims != op.inputs[1].shape.ndims:
        raise NotTranslatedError("a condition of another rank")
    return to.node("Where", inputs)


def _selu(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Selu", inputs, alpha=1.6732632423543772, gamma=1.0507009873554805)


def _elu(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Elu", inputs, alpha=1.0)


RULES: dict[str, Rule] = {
    **SHAPE_RULES,
    **{
        name: plain(name)
        for name in ("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Equal", "Erf",
                     "Exp", "Floor", "Greater", "Less", "Log", "Mul", "Neg", "Pow", "Range", "Reciprocal", "Relu", "Round",
                     "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Sub", "Tan", "Tanh", "Identity")
    },
    **{
        ours: plain(theirs)
        for ours, theirs in (
            ("Add", "Add"), ("AddV2", "Add"), ("AddN", "Sum"), ("BiasAdd", "Add"), ("Div", "Div"), ("RealDiv", "Div"),
            ("GreaterEqual", "GreaterOrEqual"), ("LessEqual", "LessOrEqual"), ("LogicalAnd", "And"), ("LogicalOr", "Or"),
            ("LogicalNot", "Not"), ("Maximum", "Max"), ("Minimum", "Min"), ("SelectV2", "Where"), ("Rint", "Round"),
            ("StopGradient", "Identity"), ("PreventGradient", "Identity"), ("EnsureShape", "Identity"),
            ("Inv", "Reciprocal"),
        )
    },
    "ArgMax": _arg("ArgMax"), "ArgMin": _arg("ArgMin"), "AvgPool": _pool("AveragePool"), "BatchMatMul": _matmul,
    "BatchMatMulV2": _matmul, "Cast": _cast, "ClipByValue": _clip, "Conv2D": _conv,
    "DepthToSpace": _space("DepthToSpace"), "DepthwiseConv2dNative": _conv, "Elu": _elu, "FusedBatchNorm": _batch_norm,
    "FusedBatchNormV2": _batch_norm, "FusedBatchNormV3": _batch_norm, "LRN": _lrn, "LeakyRelu": _leaky,
    "LogSoftmax": _softmax("LogSoftmax"), "MatMul": _matmul, "Max": _reduction("ReduceMax"), "MaxPool": _pool("MaxPool"),
    "Mean": _reduction("ReduceMean"), "Min": _reduction("ReduceMin"), "NotEqual": _negated("Equal"),
    "Prod": _reduction("ReduceProd"), "Relu6": _relu6, "ResizeBilinear": _resize("linear"),
    "ResizeNearestNeighbor": _resize("nearest"), "Rsqrt": _rsqrt, "Select": _select, "Selu": _selu,
    "Softmax": _softmax("Softmax"), "Square": _square, "SquaredDifference": _squared_difference,
    "Sum": _reduction("ReduceSum"),
}  # fmt: skip
"""For each type of operation how it is written."""
