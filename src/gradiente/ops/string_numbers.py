"""Numbers as strings and strings as numbers, and strings' hash values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import (
    COMPLEX,
    FLOATS,
    INTEGERS,
    bool_,
    float32,
    float64,
    int32,
    int64,
    string,
    uint32,
    uint64,
)
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.string_hash import fingerprint64, hash64, siphash24
from gradiente.ops.strings import each

# AsString


def _as_string(
    xp: Namespace,
    x: Array,
    *,
    precision: int,
    scientific: bool,
    shortest: bool,
    width: int,
    fill: str,
    op: Operation,
) -> Array:
    del xp
    kind = x.dtype.kind
    if kind == "O":
        return x
    if kind == "b":
        return each(lambda v: b"true" if v else b"false", x)
    pattern = f"%{fill if width > -1 else ''}{width if width > -1 else ''}"
    if kind in "iu":
        if precision > -1 or scientific or shortest:
            raise InvalidArgumentError(
                None, op, f"precision, scientific and shortest are not for type {x.dtype}."
            )
        return _formatted(x, pattern + "d")
    letter = "e" if scientific else "g" if shortest else "f"
    return _formatted(x, f"{pattern}{f'.{precision}' if precision > -1 else ''}{letter}")


def _formatted(x: Array, pattern: str) -> Array:
    if x.dtype.kind == "c":
        return each(lambda v: f"({pattern % v.real},{pattern % v.imag})".encode(), x)
    return each(lambda v: (pattern % v).encode(), x)


register(
    "AsString", "input: T -> output: string",
    attrs={"precision": -1, "scientific": False, "shortest": False, "width": -1, "fill": attr("string", "")},
    types={"T": FLOATS + INTEGERS + COMPLEX + (bool_, string)}, shape=same_shape, host=_as_string,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def as_string(
    input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1, fill: str = "",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Each number as text.

    Args:
        input: a tensor of numbers or bools.
        precision: digits after the point (of all, for ``shortest``); 6 by default.
        scientific: write an exponent.
        shortest: the shorter of the two forms.
        width: the least number of characters.
        fill: how to fill up to ``width``: ``0``, a space, ``-`` (on the right) or ``+`` (a sign always).
        name: the operation's name.

    Returns:
        Strings, of the shape of ``input``.

    Raises:
        ValueError: if both ``scientific`` and ``shortest`` are given, or ``fill`` is another character.
    """
    if scientific and shortest:
        raise ValueError("tf.as_string: scientific and shortest exclude each other.")
    if fill not in ("", " ", "0", "-", "+"):
        raise ValueError(f"tf.as_string: fill must be one of ' ', '0', '-', '+', not {fill!r}.")
    return apply(
        "AsString", input, precision=precision, scientific=scientific, shortest=shortest, width=width, fill=fill,
        name=name,
    )  # fmt: skip


# StringToNumber


def _to_number(xp: Namespace, text: Array, *, out_type: Any, op: Operation) -> Array:
    del xp

    def number(value: bytes) -> Any:
        try:
            if b"_" in value:
                raise ValueError
            if out_type.is_floating:
                return float(value)
            whole = int(value)
        except ValueError:
            raise _unreadable(value, op) from None
        if not out_type.min <= whole <= out_type.max:
            raise _unreadable(value, op)
        return whole

    return each(number, text, dtype=out_type.np)


def _unreadable(value: bytes, op: Operation) -> InvalidArgumentError:
    text = value.decode("utf-8", "backslashreplace")
    return InvalidArgumentError(
        None,
        op,
        f"StringToNumberOp could not correctly convert string: {text} (to {op.attrs['out_type'].name})",
    )


register(
    "StringToNumber", "string_tensor: string -> output: out_type",
    attrs={"out_type": attr("type", float32, (float32, float64, int32, int64, uint32, uint64))}, shape=same_shape,
    host=_to_number, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def string_to_number(
    string_tensor: Any = None, out_type: Any = float32, name: str | None = None, input: Any = None
) -> Tensor:
    """Each string as a number.

    Args:
        string_tensor: strings such as ``"-1.5e3"`` (or ``"42"``, for an integer type).
        out_type: float32, float64, int32 or int64.
        name: the operation's name.
        input: the newer name of ``string_tensor``.

    Raises:
        InvalidArgumentError: when run, if a string is no such number or does not fit.
    """
    strings = input if string_tensor is None else string_tensor
    return apply("StringToNumber", strings, out_type=out_type, name=name)


# StringToHashBucket, StringToHashBucketFast, StringToHashBucketStrong


def _bucket(xp: Namespace, text: Array, *, num_buckets: int) -> Array:
    del xp
    return each(lambda v: hash64(v) % num_buckets, text, dtype=np.int64)


def _bucket_fast(xp: Namespace, text: Array, *, num_buckets: int) -> Array:
    del xp
    return each(lambda v: fingerprint64(v) % num_buckets, text, dtype=np.int64)


def _bucket_strong(xp: Namespace, text: Array, *, num_buckets: int, key: Sequence[int]) -> Array:
    del xp
    return each(lambda v: siphash24(v, key[0], key[1]) % num_buckets, text, dtype=np.int64)


register(
    "StringToHashBucket", "string_tensor: string -> output: int64", attrs={"num_buckets": attr("int")},
    shape=same_shape, host=_bucket, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "StringToHashBucketFast", "input: string -> output: int64", attrs={"num_buckets": attr("int")}, shape=same_shape,
    host=_bucket_fast, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "StringToHashBucketStrong", "input: string -> output: int64",
    attrs={"num_buckets": attr("int"), "key": attr("list(int)")}, shape=same_shape, host=_bucket_strong,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def string_to_hash_bucket(
    string_tensor: Any = None, num_buckets: int | None = None, name: str | None = None, input: Any = None
) -> Tensor:
    """Each string's bucket in [0, ``num_buckets``), by TensorFlow's first hash function."""
    strings = input if string_tensor is None else string_tensor
    return apply("StringToHashBucket", strings, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """Each string's bucket in [0, ``num_buckets``), by FarmHash's 64-bit fingerprint."""
    return apply("StringToHashBucketFast", input, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_strong(
    input: Any, num_buckets: int, key: Sequence[int], name: str | None = None
) -> Tensor:
    """Each string's bucket in [0, ``num_buckets``), by SipHash with a key of two integers.

    Raises:
        ValueError: if ``key`` does not have two elements.
    """
    if len(key) != 2:
        raise ValueError(f"The key of tf.string_to_hash_bucket_strong has 2 elements, not {len(key)}.")
    return apply("StringToHashBucketStrong", input, num_buckets=num_buckets, key=key, name=name)
