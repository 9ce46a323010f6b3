"""Looking up rows of embedding tables, in one tensor or in several."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.operation import Tensor
from gradiente.graph.source import user_line
from gradiente.ops.clip import clip_by_norm
from gradiente.ops.gather import gather
from gradiente.ops.partitioned_variables import PartitionedVariable


def embedding_lookup(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None, validate_indices: bool = True,
    max_norm: float | None = None,
) -> Tensor:  # fmt: skip
    """The rows of an embedding table with the given numbers.

    Args:
        params: the table, [rows, ...]; or a list of tensors or variables over which its rows are spread.
        ids: the rows' numbers, int32 or int64, of any shape.
        partition_strategy: with several parts, ``"mod"``: row i is row i // n of part i mod n; ``"div"``: the parts hold
            consecutive rows, the first ones one more where they don't come out even.
        name: the name scope.
        validate_indices: accepted; numbers out of range are always an InvalidArgumentError.
        max_norm: rows longer than this are scaled down to it.

    Returns:
        A tensor of shape ``ids.shape + params.shape[1:]``.

    Raises:
        ValueError: if ``params`` is empty or the strategy is unknown.

    Source: TensorFlow 1's ``tf.nn.embedding_lookup``.
    """
    several = type(params) in (list, tuple) or isinstance(params, PartitionedVariable)
    parts: list[Any] = list(params) if several else [params]
    if not parts:
        raise ValueError(f"embedding_lookup needs at least one tensor in params. At {user_line()}")
    if partition_strategy not in ("mod", "div"):
        raise ValueError(
            f"partition_strategy is 'mod' or 'div', not {partition_strategy!r}. At {user_line()}"
        )
    with name_scope(name, "embedding_lookup", [*parts, ids]) as scope:
        wanted = convert_to_tensor(ids, name="ids")
        if len(parts) == 1:
            rows = gather(
                parts[0], wanted, validate_indices=validate_indices, name=None if max_norm else scope
            )
            return _clipped(rows, wanted, max_norm)
        if partition_strategy == "mod":
            count = np.asarray(len(parts), wanted.dtype.np)
            where, at = apply("FloorMod", wanted, count), apply("FloorDiv", wanted, count)
        else:
            where, at = _by_blocks(parts, wanted)
        rows = _from_parts(parts, where, at)
        return apply("Identity", _clipped(rows, wanted, max_norm), name=scope)


def _by_blocks(parts: list[Any], ids: Tensor) -> tuple[Tensor, Tensor]:
    """The part and the row in it of each number, where the parts hold consecutive rows."""
    sizes = [p.get_shape().as_list()[0] for p in parts]
    if None in sizes:
        raise ValueError(f"partition_strategy 'div' needs parts of known size, got {sizes}. At {user_line()}")
    total, count = sum(sizes), len(parts)
    small, larger = total // count, total % count
    kind = ids.dtype.np
    edge = np.asarray(larger * (small + 1), kind)
    in_larger = apply("Less", ids, edge)
    past = apply("Sub", ids, edge)
    size = np.asarray(max(small, 1), kind)
    where = apply(
        "Select", in_larger, apply("FloorDiv", ids, np.asarray(small + 1, kind)),
        apply("AddV2", apply("FloorDiv", past, size), np.asarray(larger, kind)),
    )  # fmt: skip
    at = apply(
        "Select",
        in_larger,
        apply("FloorMod", ids, np.asarray(small + 1, kind)),
        apply("FloorMod", past, size),
    )
    return where, at


def _from_parts(parts: list[Any], where: Tensor, at: Tensor) -> Tensor:
    """Row ``at`` of part ``where``, for each pair: a row of each part, of which the right one is taken."""
    rank = parts[0].get_shape().ndims
    chosen: Any = None
    for number, part in enumerate(parts):
        mine = apply("Equal", where, np.asarray(number, where.dtype.np))
        rows = gather(part, apply("Select", mine, at, apply("ZerosLike", at)))
        mask = mine
        for _ in range((rank or 2) - 1):
            mask = apply("ExpandDims", mask, -1)
        kept = rows * apply("Cast", mask, DstT=rows.dtype)
        chosen = kept if chosen is None else chosen + kept
    return chosen


def _clipped(rows: Tensor, ids: Tensor, max_norm: Any) -> Tensor:
    if max_norm is None:
        return rows
    first, rank = ids.shape.ndims, rows.shape.ndims
    if first is None or rank is None:
        raise ValueError(f"max_norm needs ids and params of known rank. At {user_line()}")
    return clip_by_norm(rows, max_norm, axes=list(range(first, rank)))
