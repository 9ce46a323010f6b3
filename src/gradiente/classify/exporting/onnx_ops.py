"""How each operation of a network is written in ONNX: a function for each, by TensorFlow's types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

_FLOAT, _INT64, _BOOL = 1, 7, 9
_TYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "int32": 6,
    "int64": 7,
    "bool": 9,
    "float16": 10,
    "float64": 11,
}
_MOST = 2**31 - 1


class Writer(Protocol):
    """Where the nodes go."""

    def node(self, op_type: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; its output's name, or a list of them."""
        ...

    def constant(self, value: Any) -> str:
        """Add a constant; its name."""
        ...

    def known(self, tensor: Any) -> npt.NDArray[Any]:
        """The value of a tensor that must be a constant."""
        ...


class NotTranslatedError(ValueError):
    """An operation, or one of its forms, can't be written in ONNX here."""


Rule = Callable[[Any, list[str], Writer], Any]
"""From an operation, its inputs' names and the writer to its output's name, or a list of names."""


def _plain(op_type: str, **attributes: Any) -> Rule:
    return lambda op, inputs, to: to.node(op_type, inputs, **attributes)


def _text(op: Any, name: str) -> str:
    value = op.get_attr(name)
    return value.decode() if isinstance(value, bytes) else str(value)


def _ints(*values: Any) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


def _as(name: str, kind: int, to: Writer) -> str:
    return to.node("Cast", [name], to=kind)


def _cast(op: Any, inputs: list[str], to: Writer) -> str:
    kind = _TYPES.get(op.outputs[0].dtype.base_dtype.name)
    if kind is None:
        raise NotTranslatedError(f"the type {op.outputs[0].dtype.name}")
    return _as(inputs[0], kind, to)


def _shape(op: Any, inputs: list[str], to: Writer) -> str:
    return _as(to.node("Shape", inputs), _TYPES[op.outputs[0].dtype.name], to)


def _reshape(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Reshape", [inputs[0], _as(inputs[1], _INT64, to)], allowzero=1)


def _axes(op: Any, to: Writer, at: int = 1) -> list[int]:
    return [int(v) for v in np.ravel(to.known(op.inputs[at]))]


def _reduction(op_type: str) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        axes = to.constant(_ints(*_axes(op, to)))
        return to.node(
            op_type, [inputs[0], axes], keepdims=int(op.get_attr("keep_dims")), noop_with_empty_axes=1
        )

    return rule


def _arg(op_type: str) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        found = to.node(op_type, [inputs[0]], axis=_axes(op, to)[0], keepdims=0)
        return _as(found, _TYPES[op.outputs[0].dtype.name], to)

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
    if _text(op, "data_format") != "NHWC":
        raise NotTranslatedError(f"the layout {_text(op, 'data_format')}")


def _window(op: Any, kernel: Sequence[int], dilations: Sequence[int]) -> dict[str, Any]:
    padding, strides = _text(op, "padding"), list(op.get_attr("strides"))[1:3]
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


def _strided_slice(op: Any, inputs: list[str], to: Writer) -> str:
    begin, end, step = (np.ravel(to.known(t)).astype(np.int64) for t in op.inputs[1:4])
    masks = {
        n: int(op.get_attr(f"{n}_mask")) for n in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    rank = op.inputs[0].shape.ndims
    starts: list[int] = []
    ends: list[int] = []
    steps: list[int] = []
    axes: list[int] = []
    squeezed: list[int] = []
    added: list[int] = []
    axis = position = 0
    for i in range(len(begin)):
        bit = 1 << i
        if masks["ellipsis"] & bit:
            rest = sum(not masks["new_axis"] & (1 << k) for k in range(i + 1, len(begin)))
            skipped = rank - axis - rest
            axis, position = axis + skipped, position + skipped
        elif masks["new_axis"] & bit:
            added.append(position)
            position += 1
        else:
            shrink = bool(masks["shrink_axis"] & bit)
            forward = step[i] > 0
            first = int(begin[i]) if shrink or not masks["begin"] & bit else (0 if forward else _MOST)
            last = int(end[i]) if not masks["end"] & bit else (_MOST if forward else -_MOST)
            if shrink:
                last = first + 1 if first != -1 else _MOST
                squeezed.append(axis)
            else:
                position += 1
            starts, ends = [*starts, first], [*ends, last]
            steps, axes = [*steps, 1 if shrink else int(step[i])], [*axes, axis]
            axis += 1
    result = inputs[0]
    if axes:
        parts = [to.constant(_ints(*values)) for values in (starts, ends, axes, steps)]
        result = to.node("Slice", [result, *parts])
    if squeezed:
        result = to.node("Squeeze", [result, to.constant(_ints(*squeezed))])
    return to.node("Unsqueeze", [result, to.constant(_ints(*added))]) if added else result


def _slice(op: Any, inputs: list[str], to: Writer) -> str:
    begin, size = (np.ravel(to.known(t)).astype(np.int64) for t in op.inputs[1:3])
    ends = np.where(size < 0, _MOST, begin + size)
    axes = np.arange(len(begin))
    return to.node("Slice", [inputs[0], *(to.constant(_ints(*v)) for v in (begin, ends, axes))])


def _pack(op: Any, inputs: list[str], to: Writer) -> str:
    axis = int(op.get_attr("axis"))
    at = to.constant(_ints(axis))
    return to.node("Concat", [to.node("Unsqueeze", [name, at]) for name in inputs], axis=axis)


def _concat(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Concat", inputs[:-1], axis=_axes(op, to, len(op.inputs) - 1)[0])


def _split(op: Any, inputs: list[str], to: Writer) -> list[str]:
    count = len(op.outputs)
    made = to.node("Split", [inputs[1]], outputs=count, axis=_axes(op, to, 0)[0], num_outputs=count)
    return made if count > 1 else [made]


def _split_v(op: Any, inputs: list[str], to: Writer) -> list[str]:
    count = len(op.outputs)
    made = to.node("Split", [inputs[0], _as(inputs[1], _INT64, to)], outputs=count, axis=_axes(op, to, 2)[0])
    return made if count > 1 else [made]


def _expand(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Unsqueeze", [inputs[0], to.constant(_ints(_axes(op, to)[0]))])


def _squeeze(op: Any, inputs: list[str], to: Writer) -> str:
    axes = list(op.get_attr("squeeze_dims") or ())
    if not axes:
        axes = [i for i, d in enumerate(op.inputs[0].shape.as_list()) if d == 1]
    return to.node("Squeeze", [inputs[0], to.constant(_ints(*axes))])


def _transpose(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Transpose", [inputs[0]], perm=_axes(op, to))


def _pad(op: Any, inputs: list[str], to: Writer) -> str:
    pads = to.constant(to.known(op.inputs[1]).astype(np.int64).T.ravel())
    if op.type == "MirrorPad":
        mode = {"REFLECT": "reflect"}.get(_text(op, "mode"))
        if mode is None:
            raise NotTranslatedError(f"the mode {_text(op, 'mode')}")
        return to.node("Pad", [inputs[0], pads], mode=mode)
    return to.node("Pad", [inputs[0], pads, *inputs[2:]])


def _tile(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Tile", [inputs[0], _as(inputs[1], _INT64, to)])


def _fill(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Expand", [inputs[1], _as(inputs[0], _INT64, to)])


def _broadcast(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Expand", [inputs[0], _as(inputs[1], _INT64, to)])


def _softmax(op_type: str) -> Rule:
    return lambda op, inputs, to: to.node(op_type, inputs, axis=-1)


def _gather(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Gather", inputs[:2], axis=_axes(op, to, 2)[0] if len(inputs) > 2 else 0)


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
        sizes = to.constant(_ints(*_axes(op, to)))
        x = _to_nchw(_as(inputs[0], _FLOAT, to) if mode == "linear" else inputs[0], to)
        batch = to.node("Slice", [to.node("Shape", [x]), to.constant(_ints(0)), to.constant(_ints(2))])
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


def _like(value: float) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        one = to.constant(np.array(value, op.outputs[0].dtype.as_numpy_dtype))
        return to.node("Expand", [one, to.node("Shape", inputs)])

    return rule


RULES: dict[str, Rule] = {
    **{
        name: _plain(name)
        for name in ("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Equal", "Erf",
                     "Exp", "Floor", "Greater", "Less", "Log", "Mul", "Neg", "Pow", "Range", "Reciprocal", "Relu", "Round",
                     "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Sub", "Tan", "Tanh", "Identity")
    },
    **{
        ours: _plain(theirs)
        for ours, theirs in (
            ("Add", "Add"), ("AddV2", "Add"), ("AddN", "Sum"), ("BiasAdd", "Add"), ("Div", "Div"), ("RealDiv", "Div"),
            ("GreaterEqual", "GreaterOrEqual"), ("LessEqual", "LessOrEqual"), ("LogicalAnd", "And"), ("LogicalOr", "Or"),
            ("LogicalNot", "Not"), ("Maximum", "Max"), ("Minimum", "Min"), ("SelectV2", "Where"), ("Rint", "Round"),
            ("StopGradient", "Identity"), ("PreventGradient", "Identity"), ("EnsureShape", "Identity"),
            ("Inv", "Reciprocal"),
        )
    },
    "ArgMax": _arg("ArgMax"), "ArgMin": _arg("ArgMin"), "AvgPool": _pool("AveragePool"), "BatchMatMul": _matmul,
    "BatchMatMulV2": _matmul, "BroadcastTo": _broadcast, "Cast": _cast, "ClipByValue": _clip, "ConcatV2": _concat,
    "Conv2D": _conv, "DepthToSpace": _space("DepthToSpace"), "DepthwiseConv2dNative": _conv, "Elu": _elu,
    "ExpandDims": _expand, "Fill": _fill, "FusedBatchNorm": _batch_norm, "FusedBatchNormV2": _batch_norm,
    "FusedBatchNormV3": _batch_norm, "Gather": _gather, "GatherV2": _gather, "LRN": _lrn, "LeakyRelu": _leaky,
    "LogSoftmax": _softmax("LogSoftmax"), "MatMul": _matmul, "Max": _reduction("ReduceMax"), "MaxPool": _pool("MaxPool"),
    "Mean": _reduction("ReduceMean"), "Min": _reduction("ReduceMin"), "MirrorPad": _pad, "NotEqual": _negated("Equal"),
    "OnesLike": _like(1), "Pack": _pack, "Pad": _pad, "PadV2": _pad, "Prod": _reduction("ReduceProd"), "Relu6": _relu6,
    "Reshape": _reshape, "ResizeBilinear": _resize("linear"), "ResizeNearestNeighbor": _resize("nearest"),
    "Rsqrt": _rsqrt,
    "Select": _select, "Selu": _selu, "Shape": _shape, "Slice": _slice, "Softmax": _softmax("Softmax"), "Split": _split,
    "SplitV": _split_v, "Square": _square, "SquaredDifference": _squared_difference, "Squeeze": _squeeze,
    "StridedSlice": _strided_slice, "Sum": _reduction("ReduceSum"), "Tile": _tile, "Transpose": _transpose,
    "ZerosLike": _like(0),
}  # fmt: skip
"""For each type of operation how it is written."""
