"""Dropout."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.operation import Tensor
from gradiente.graph.source import user_line
from gradiente.ops.random_ops import random_uniform


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
    rate: Any = None,
) -> Tensor:  # fmt: skip
    """Set random elements to 0 and scale the others up, so that the expected sum stays the same.

    y = x / (1 − rate) with probability 1 − rate, else 0.

    Args:
        x: a floating tensor.
        keep_prob: the probability that an element is kept: a number in (0, 1], or a scalar tensor. 1 − rate.
        noise_shape: the shape of the random decisions; where it has 1, elements are kept or dropped together.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the name scope.
        rate: the probability that an element is dropped.

    Returns:
        A tensor of the type and shape of ``x``; each run decides anew.

    Raises:
        ValueError: if the probability is out of range, or not given exactly once, or ``x`` is not floating.

    Source: Srivastava et al. 2014; TensorFlow 1's ``tf.nn.dropout``.
    """
    if (keep_prob is None) == (rate is None):
        what = "only one of them" if rate is not None else "one of them"
        raise ValueError(
            f"dropout takes keep_prob (old) or rate = 1 - keep_prob: give {what}. At {user_line()}"
        )
    _check_probability(
        "keep_prob", keep_prob, 0 < float(keep_prob) <= 1 if _is_number(keep_prob) else True, "(0, 1]"
    )
    _check_probability("rate", rate, 0 <= float(rate) < 1 if _is_number(rate) else True, "[0, 1)")
    with name_scope(name, "dropout", [x]) as scope:
        value = convert_to_tensor(x, name="x")
        if not value.dtype.is_floating:
            raise ValueError(
                f"x has to be a floating point tensor since it's going to be scaled. Got a {value.dtype.name} tensor "
                f"instead; use tf.cast. At {user_line()}"
            )
        if keep_prob == 1 if _is_number(keep_prob) else _is_number(rate) and rate == 0:
            return apply("Identity", value, name=scope)
        if keep_prob is not None:
            dropped: Any = 1 - keep_prob if _is_number(keep_prob) else None
            kept = convert_to_tensor(keep_prob, dtype=value.dtype, name="keep_prob")
            _check_scalar("keep_prob", kept)
            limit = (
                convert_to_tensor(dropped, dtype=value.dtype, name="rate")
                if dropped is not None
                else 1 - kept
            )
        else:
            limit = convert_to_tensor(rate, dtype=value.dtype, name="rate")
            _check_scalar("rate", limit)
            kept = convert_to_tensor(1 - rate, dtype=value.dtype) if _is_number(rate) else 1 - limit
        decisions = random_uniform(_noise_shape(value, noise_shape), seed=seed, dtype=value.dtype)
        mask = apply("Cast", apply("GreaterEqual", decisions, limit), DstT=value.dtype)
        scaled = apply("Mul", apply("RealDiv", value, kept, name="truediv"), mask, name=scope)
        scaled.set_shape(value.shape)
        return scaled


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_probability(name: str, value: Any, ok: bool, bounds: str) -> None:
    if not ok:
        hint = " It is the probability to keep an element." if name == "keep_prob" else ""
        raise ValueError(
            f"{name} must be a scalar tensor or a float in the range {bounds}, got {value}.{hint} At {user_line()}"
        )


def _check_scalar(name: str, value: Tensor) -> None:
    if not value.shape.has_rank(0):
        raise ValueError(
            f"{name} must be a scalar, but {value.name!r} has shape {value.shape}. At {user_line()}"
        )


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    """The shape of the random decisions; None in a given one stands for the size of ``x``."""
    if noise_shape is None:
        return x.shape.as_list() if x.shape.is_fully_defined() else apply("Shape", x)
    if isinstance(noise_shape, Tensor):
        return noise_shape
    sizes = noise_shape.as_list() if hasattr(noise_shape, "as_list") else list(noise_shape)
    own = x.shape.as_list() if x.shape.ndims == len(sizes) else [None] * len(sizes)
    filled = [o if s is None else s for s, o in zip(sizes, own, strict=True)]
    if None not in filled:
        return filled
    dynamic = apply("Shape", x)
    parts = [
        apply("StridedSlice", dynamic, [i], [i + 1], [1], shrink_axis_mask=1) if s is None else s
        for i, s in enumerate(filled)
    ]
    return apply("Pack", [convert_to_tensor(p, dtype="int32") for p in parts])
