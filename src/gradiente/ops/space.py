"""Ops that move blocks of space into depth or batch, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, int32
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace

_BLOCK = {"block_size": attr("int"), "data_format": attr("string", "NHWC", ("NHWC", "NCHW"))}


# SpaceToDepth, DepthToSpace


def _depth_shape(op: Operation) -> list[Any]:
    dims, block = op.inputs[0].shape.with_rank(4).plain, op.attrs["block_size"]
    if block < 2:
        raise ValueError(f"block_size must be at least 2, but is {block}.")
    if dims is None:
        return [(None,) * 4]
    last = op.attrs["data_format"] == "NHWC"
    batch, height, width, depth = dims if last else (dims[0], dims[2], dims[3], dims[1])
    if op.type == "SpaceToDepth":
        for d in (height, width):
            if d is not None and d % block:
                raise ValueError(
                    f"Height and width must be multiples of block_size {block}, but are {height} and {width}."
                )
        height, width = (None if d is None else d // block for d in (height, width))
        depth = None if depth is None else depth * block * block
    else:
        if depth is not None and depth % (block * block):
            raise ValueError(
                f"The depth must be a multiple of block_size squared, {block * block}, but is {depth}."
            )
        height, width = (None if d is None else d * block for d in (height, width))
        depth = None if depth is None else depth // (block * block)
    return [(batch, height, width, depth) if last else (batch, depth, height, width)]


def _channels_last(xp: Namespace, x: Array, data_format: str) -> Array:
    return x if data_format == "NHWC" else xp.transpose(x, (0, 2, 3, 1))


def _channels_back(xp: Namespace, x: Array, data_format: str) -> Array:
    return x if data_format == "NHWC" else xp.transpose(x, (0, 3, 1, 2))


def _space_to_depth(xp: Namespace, x: Array, *, block_size: int, data_format: str) -> Array:
    b, x = block_size, _channels_last(xp, x, data_format)
    n, h, w, c = x.shape
    cells = xp.reshape(x, (n, h // b, b, w // b, b, c))
    return _channels_back(
        xp, xp.reshape(xp.transpose(cells, (0, 1, 3, 2, 4, 5)), (n, h // b, w // b, b * b * c)), data_format
    )


def _depth_to_space(xp: Namespace, x: Array, *, block_size: int, data_format: str) -> Array:
    b, x = block_size, _channels_last(xp, x, data_format)
    n, h, w, c = x.shape
    cells = xp.reshape(x, (n, h, w, b, b, c // (b * b)))
    return _channels_back(
        xp, xp.reshape(xp.transpose(cells, (0, 1, 3, 2, 4, 5)), (n, h * b, w * b, c // (b * b))), data_format
    )


def _opposite(op_type: str) -> Any:
    def gradient(op: Operation, grad: Tensor) -> list[Any]:
        return [apply(op_type, grad, **{name: op.attrs[name] for name in _BLOCK})]

    return gradient


register(
    "SpaceToDepth", "input: T -> output: T", attrs=_BLOCK, shape=_depth_shape, compute=_space_to_depth,
    gradient=_opposite("DepthToSpace"),
)  # fmt: skip
register(
    "DepthToSpace", "input: T -> output: T", attrs=_BLOCK, shape=_depth_shape, compute=_depth_to_space,
    gradient=_opposite("SpaceToDepth"),
)  # fmt: skip


def space_to_depth(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Blocks of ``block_size`` by ``block_size`` pixels moved into the channels.

    Args:
        input: images of shape [batch, height, width, depth] (NHWC).
        block_size: the blocks' side; height and width must be multiples of it.
        name: the operation's name.
        data_format: ``NHWC`` or ``NCHW``.

    Returns:
        A tensor of shape [batch, height / b, width / b, depth * b * b].
    """
    return apply("SpaceToDepth", input, block_size=block_size, data_format=data_format, name=name)


def depth_to_space(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Channels moved into blocks of ``block_size`` by ``block_size`` pixels: the inverse of ``space_to_depth``.

    Args:
        input: images of shape [batch, height, width, depth] (NHWC); depth must be a multiple of the block's area.
        block_size: the blocks' side.
        name: the operation's name.
        data_format: ``NHWC`` or ``NCHW``.
    """
    return apply("DepthToSpace", input, block_size=block_size, data_format=data_format, name=name)


# SpaceToBatchND, BatchToSpaceND, and their older two-dimensional forms


def _blocks_and_pads(op: Operation) -> tuple[Any, Any]:
    """The block's sides and the paddings or crops, where they are known."""
    if "block_size" in op.attrs:
        return np.asarray([op.attrs["block_size"]] * 2), constant_value(op.inputs[1])
    return constant_value(op.inputs[1]), constant_value(op.inputs[2])


def _area(block: Any) -> int:
    return 0 if block is None else int(np.prod(block, dtype=np.int64))


def _to_batch_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.plain
    block, pads = _blocks_and_pads(op)
    area = _area(block)
    if dims is None or block is None:
        return [None if dims is None else (None,) * len(dims)]
    if len(dims) < 1 + len(block):
        raise ValueError(
            f"{len(block)} block dimensions and a batch need rank {1 + len(block)} or more, but got {len(dims)}."
        )
    result: list[int | None] = []
    for i, b in enumerate(block.tolist()):
        d = dims[1 + i]
        padded = None if d is None or pads is None else d + int(pads[i][0]) + int(pads[i][1])
        if padded is not None and padded % b:
            raise ValueError(
                f"Padded size {padded} of dimension {1 + i} must be a multiple of the block's side {b}."
            )
        result.append(None if padded is None else padded // b)
    batch = None if dims[0] is None else dims[0] * area
    return [(batch, *result, *dims[1 + len(block) :])]


def _from_batch_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.plain
    block, crops = _blocks_and_pads(op)
    area = _area(block)
    if dims is None or block is None:
        return [None if dims is None else (None,) * len(dims)]
    if dims[0] is not None and dims[0] % area:
        raise ValueError(f"The batch size {dims[0]} must be a multiple of the block's area {area}.")
    result: list[int | None] = []
    for i, b in enumerate(block.tolist()):
        d = dims[1 + i]
        result.append(None if d is None or crops is None else d * b - int(crops[i][0]) - int(crops[i][1]))
    return [(None if dims[0] is None else dims[0] // area, *result, *dims[1 + len(block) :])]


def _to_batch(xp: Namespace, x: Array, block_shape: Array, paddings: Array, *, op: Operation) -> Array:
    block = [int(b) for b in block_shape]
    count = len(block)
    pads = [(0, 0), *((int(a), int(b)) for a, b in paddings), *[(0, 0)] * (x.ndim - 1 - count)]
    x = xp.pad(x, pads)
    if any(d % b for d, b in zip(x.shape[1:], block, strict=False)):
        raise InvalidArgumentError(
            None,
            op,
            f"The padded sizes {list(x.shape[1 : 1 + count])} must be multiples of the block's sides {block}.",
        )
    split: list[int] = [x.shape[0]]
    for d, b in zip(x.shape[1:], block, strict=False):
        split += [d // b, b]
    rest = x.shape[1 + count :]
    cells = xp.reshape(x, (*split, *rest))
    order = [*range(2, 2 * count + 1, 2), 0, *range(1, 2 * count, 2), *range(2 * count + 1, cells.ndim)]
    sizes = [d // b for d, b in zip(x.shape[1:], block, strict=False)]
    return xp.reshape(xp.transpose(cells, order), (x.shape[0] * int(np.prod(block)), *sizes, *rest))


def _from_batch(xp: Namespace, x: Array, block_shape: Array, crops: Array, *, op: Operation) -> Array:
    block = [int(b) for b in block_shape]
    count, area = len(block), _area(block_shape)
    if x.shape[0] % area:
        raise InvalidArgumentError(
            None, op, f"The batch size {x.shape[0]} must be a multiple of the block's area {area}."
        )
    batch, rest = x.shape[0] // area, x.shape[1 + count :]
    cells = xp.reshape(x, (*block, batch, *x.shape[1:]))
    order = [count]
    for i in range(count):
        order += [count + 1 + i, i]
    order += range(2 * count + 1, cells.ndim)
    sizes = [d * b for d, b in zip(x.shape[1:], block, strict=False)]
    whole = xp.reshape(xp.transpose(cells, order), (batch, *sizes, *rest))
    index = [slice(int(a), d - int(b)) for d, (a, b) in zip(sizes, crops, strict=True)]
    return whole[(slice(None), *index)]


def _to_batch_2d(xp: Namespace, x: Array, paddings: Array, *, block_size: int, op: Operation) -> Array:
    return _to_batch(xp, x, np.asarray([block_size] * 2), paddings, op=op)


def _from_batch_2d(xp: Namespace, x: Array, crops: Array, *, block_size: int, op: Operation) -> Array:
    return _from_batch(xp, x, np.asarray([block_size] * 2), crops, op=op)


def _back(op_type: str) -> Any:
    def gradient(op: Operation, grad: Tensor) -> list[Any]:
        attrs = {"block_size": op.attrs["block_size"]} if "block_size" in op.attrs else {}
        return [apply(op_type, grad, *op.inputs[1:], **attrs), *[None] * (len(op.inputs) - 1)]

    return gradient


_INDEX = attr("type", int32, INDICES)

register(
    "SpaceToBatchND", "input: T, block_shape: Tblock_shape, paddings: Tpaddings -> output: T",
    attrs={"Tblock_shape": _INDEX, "Tpaddings": _INDEX}, shape=_to_batch_shape, compute=_to_batch,
    static=("block_shape", "paddings"), gradient=_back("BatchToSpaceND"),
)  # fmt: skip
register(
    "BatchToSpaceND", "input: T, block_shape: Tblock_shape, crops: Tcrops -> output: T",
    attrs={"Tblock_shape": _INDEX, "Tcrops": _INDEX}, shape=_from_batch_shape, compute=_from_batch,
    static=("block_shape", "crops"), gradient=_back("SpaceToBatchND"),
)  # fmt: skip
register(
    "SpaceToBatch", "input: T, paddings: Tpaddings -> output: T", attrs={"block_size": attr("int"), "Tpaddings": _INDEX},
    shape=_to_batch_shape, compute=_to_batch_2d, static=("paddings",), gradient=_back("BatchToSpace"),
)  # fmt: skip
register(
    "BatchToSpace", "input: T, crops: Tidx -> output: T", attrs={"block_size": attr("int"), "Tidx": _INDEX},
    shape=_from_batch_shape, compute=_from_batch_2d, static=("crops",), gradient=_back("SpaceToBatch"),
)  # fmt: skip


def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """The positions inside each block of space moved into the batch, after padding with zeros.

    Args:
        input: a tensor of shape [batch, m spatial dimensions, rest].
        block_shape: m sides; each must divide the padded size.
        paddings: integers of shape [m, 2]: zeros to add before and after.
        name: the operation's name.

    Returns:
        A tensor of shape [batch * product of the sides, padded sizes / sides, rest].

    Source: TensorFlow 1's ``tf.space_to_batch_nd``.
    """
    return apply("SpaceToBatchND", input, block_shape, paddings, name=name)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """The inverse of ``space_to_batch_nd``: the batch moved back into blocks of space, then cropped.

    Args:
        input: a tensor of shape [batch, m spatial dimensions, rest].
        block_shape: m sides, whose product divides the batch.
        crops: integers of shape [m, 2]: elements to take away before and after.
        name: the operation's name.
    """
    return apply("BatchToSpaceND", input, block_shape, crops, name=name)


def space_to_batch(
    input: Any, paddings: Any, block_size: int | None = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """``space_to_batch_nd`` for images, with square blocks (``tf.space_to_batch``)."""
    sides = block_shape if block_size is None else [block_size, block_size]
    result = space_to_batch_nd(input, np.asarray(sides, np.int32), paddings, name)
    result.set_shape(result.shape.with_rank(4) if result.shape.ndims in (None, 4) else result.shape)
    return result


def batch_to_space(
    input: Any, crops: Any, block_size: int | None = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """``batch_to_space_nd`` for images, with square blocks (``tf.batch_to_space``)."""
    sides = block_shape if block_size is None else [block_size, block_size]
    return batch_to_space_nd(input, np.asarray(sides, np.int32), crops, name)


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """The paddings that make each size a multiple of its block's side, and the crops that undo them.

    Args:
        input_shape: n sizes.
        block_shape: n sides.
        base_paddings: integers of shape [n, 2] to pad at least; zeros by default.
        name: the name scope.

    Returns:
        (paddings, crops), both int32 of shape [n, 2]: constants where everything is known.
    """
    with name_scope(name, "required_space_to_batch_paddings"):
        sizes, sides = (
            convert_to_tensor(input_shape, dtype=int32),
            convert_to_tensor(block_shape, dtype=int32),
        )
        count = sides.shape.with_rank(1).as_list()[0]
        if count is None:
            raise ValueError("block_shape must have a known length.")
        base = convert_to_tensor(
            np.zeros((count, 2), np.int32) if base_paddings is None else base_paddings, dtype=int32
        )
        known = [constant_value(t) for t in (sizes, sides, base)]
        if all(v is not None for v in known):
            d, b, p = known
            extra = (b - (d + p[:, 0] + p[:, 1]) % b) % b
            paddings = np.stack([p[:, 0], p[:, 1] + extra], 1).astype(np.int32)
            crops = np.stack([np.zeros_like(extra), extra], 1).astype(np.int32)
            return convert_to_tensor(paddings, name="paddings"), convert_to_tensor(crops, name="crops")
        start, end = apply("Unpack", base, num=2, axis=1)
        total = apply("AddV2", apply("AddV2", sizes, start), end)
        extra = apply("FloorMod", apply("Sub", sides, apply("FloorMod", total, sides)), sides)
        paddings = apply("Pack", [start, apply("AddV2", end, extra)], axis=1, name="paddings")
        return paddings, apply("Pack", [apply("ZerosLike", extra), extra], axis=1, name="crops")
