"""How the operations on shapes are written in ONNX: those that cut, join, turn and repeat arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.classify.exporting.onnx_rule import (
    INT64,
    TYPES,
    NotTranslatedError,
    Rule,
    Writer,
    cast_to,
    ints,
    known_axes,
    text,
)

_MOST = 2**31 - 1


def _shape(op: Any, inputs: list[str], to: Writer) -> str:
    return cast_to(to.node("Shape", inputs), TYPES[op.outputs[0].dtype.name], to)


def _reshape(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Reshape", [inputs[0], cast_to(inputs[1], INT64, to)], allowzero=1)


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
        parts = [to.constant(ints(*values)) for values in (starts, ends, axes, steps)]
        result = to.node("Slice", [result, *parts])
    if squeezed:
        result = to.node("Squeeze", [result, to.constant(ints(*squeezed))])
    return to.node("Unsqueeze", [result, to.constant(ints(*added))]) if added else result


def _slice(op: Any, inputs: list[str], to: Writer) -> str:
    begin, size = (np.ravel(to.known(t)).astype(np.int64) for t in op.inputs[1:3])
    ends = np.where(size < 0, _MOST, begin + size)
    axes = np.arange(len(begin))
    return to.node("Slice", [inputs[0], *(to.constant(ints(*v)) for v in (begin, ends, axes))])


def _pack(op: Any, inputs: list[str], to: Writer) -> str:
    axis = int(op.get_attr("axis"))
    at = to.constant(ints(axis))
    return to.node("Concat", [to.node("Unsqueeze", [name, at]) for name in inputs], axis=axis)


def _concat(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Concat", inputs[:-1], axis=known_axes(op, to, len(op.inputs) - 1)[0])


def _split(op: Any, inputs: list[str], to: Writer) -> list[str]:
    count = len(op.outputs)
    made = to.node("Split", [inputs[1]], outputs=count, axis=known_axes(op, to, 0)[0], num_outputs=count)
    return made if count > 1 else [made]


def _split_v(op: Any, inputs: list[str], to: Writer) -> list[str]:
    count = len(op.outputs)
    made = to.node(
        "Split", [inputs[0], cast_to(inputs[1], INT64, to)], outputs=count, axis=known_axes(op, to, 2)[0]
    )
    return made if count > 1 else [made]


def _expand(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Unsqueeze", [inputs[0], to.constant(ints(known_axes(op, to)[0]))])


def _squeeze(op: Any, inputs: list[str], to: Writer) -> str:
    axes = list(op.get_attr("squeeze_dims") or ())
    if not axes:
        axes = [i for i, d in enumerate(op.inputs[0].shape.as_list()) if d == 1]
    return to.node("Squeeze", [inputs[0], to.constant(ints(*axes))])


def _transpose(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Transpose", [inputs[0]], perm=known_axes(op, to))


def _pad(op: Any, inputs: list[str], to: Writer) -> str:
    pads = to.constant(to.known(op.inputs[1]).astype(np.int64).T.ravel())
    if op.type == "MirrorPad":
        mode = {"REFLECT": "reflect"}.get(text(op, "mode"))
        if mode is None:
            raise NotTranslatedError(f"the mode {text(op, 'mode')}")
        return to.node("Pad", [inputs[0], pads], mode=mode)
    return to.node("Pad", [inputs[0], pads, *inputs[2:]])


def _tile(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Tile", [inputs[0], cast_to(inputs[1], INT64, to)])


def _fill(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Expand", [inputs[1], cast_to(inputs[0], INT64, to)])


def _broadcast(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Expand", [inputs[0], cast_to(inputs[1], INT64, to)])


def _gather(op: Any, inputs: list[str], to: Writer) -> str:
    return to.node("Gather", inputs[:2], axis=known_axes(op, to, 2)[0] if len(inputs) > 2 else 0)


def _like(value: float) -> Rule:
    def rule(op: Any, inputs: list[str], to: Writer) -> str:
        one = to.constant(np.array(value, op.outputs[0].dtype.as_numpy_dtype))
        return to.node("Expand", [one, to.node("Shape", inputs)])

    return rule


SHAPE_RULES: dict[str, Rule] = {
    "BroadcastTo": _broadcast, "ConcatV2": _concat, "ExpandDims": _expand, "Fill": _fill, "Gather": _gather,
    "GatherV2": _gather, "MirrorPad": _pad, "OnesLike": _like(1), "Pack": _pack, "Pad": _pad, "PadV2": _pad,
    "Reshape": _reshape, "Shape": _shape, "Slice": _slice, "Split": _split, "SplitV": _split_v, "Squeeze": _squeeze,
    "StridedSlice": _strided_slice, "Tile": _tile, "Transpose": _transpose, "ZerosLike": _like(0),
}  # fmt: skip
"""For each type of operation on shapes how it is written."""
