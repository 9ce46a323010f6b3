"""Ops that change strings: replace, letters' case, white space, base64. They run on the host."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.strings import as_bytes, as_text, each

# RegexReplace, RegexFullMatch


def _replaced(text: Array, pattern: Any, rewrite: Any, everywhere: bool, op: Operation) -> Array:
    expression = _compiled(pattern, op)
    template = re.sub(rb"\\([0-9])", rb"\\g<\1>", rewrite)
    return each(lambda v: expression.sub(template, v, count=0 if everywhere else 1), text)


def _regex_replace(
    xp: Namespace, text: Array, pattern: Array, rewrite: Array, *, replace_global: bool, op: Operation
) -> Array:
    del xp
    return _replaced(text, bytes(pattern[()]), bytes(rewrite[()]), replace_global, op)


def _static_replace(
    xp: Namespace, text: Array, *, pattern: str, rewrite: str, replace_global: bool, op: Operation
) -> Array:
    del xp
    return _replaced(text, as_bytes(pattern), as_bytes(rewrite), replace_global, op)


register(
    "RegexReplace", "input: string, pattern: string, rewrite: string -> output: string", attrs={"replace_global": True},
    shape=same_shape, host=_regex_replace, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "StaticRegexReplace", "input: string -> output: string",
    attrs={"pattern": attr("string"), "rewrite": attr("string"), "replace_global": True}, shape=same_shape,
    host=_static_replace, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Tensor:
    r"""What matches ``pattern`` in each string, replaced.

    Args:
        input: a string tensor.
        pattern: a regular expression.
        rewrite: the replacement, in which ``\1`` is the first group and ``\0`` the whole match.
        replace_global: replace every match, not only the first.
        name: the operation's name.

    Raises:
        InvalidArgumentError: when run, if ``pattern`` is no regular expression.
    """
    if isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes)):
        return apply(
            "StaticRegexReplace",
            input,
            pattern=pattern,
            rewrite=rewrite,
            replace_global=replace_global,
            name=name,
        )
    return apply("RegexReplace", input, pattern, rewrite, replace_global=replace_global, name=name)


def _compiled(pattern: bytes, op: Operation) -> re.Pattern[bytes]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InvalidArgumentError(None, op, f"Invalid pattern: {pattern!r}, error: {error}") from None


def _full_match(xp: Namespace, text: Array, pattern: Array, *, op: Operation) -> Array:
    del xp
    expression = _compiled(bytes(pattern[()]), op)
    return each(lambda v: expression.fullmatch(v) is not None, text, dtype=np.bool_)


def _static_full_match(xp: Namespace, text: Array, *, pattern: str, op: Operation) -> Array:
    del xp
    expression = _compiled(as_bytes(pattern), op)
    return each(lambda v: expression.fullmatch(v) is not None, text, dtype=np.bool_)


register(
    "RegexFullMatch", "input: string, pattern: string -> output: bool", shape=same_shape, host=_full_match,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


register(
    "StaticRegexFullMatch", "input: string -> output: bool", attrs={"pattern": attr("string")}, shape=same_shape,
    host=_static_full_match, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """Whether each string matches the regular expression ``pattern`` from beginning to end."""
    if isinstance(pattern, (str, bytes)):
        return apply("StaticRegexFullMatch", input, pattern=pattern, name=name or "StaticRegexFullMatch")
    return apply("RegexFullMatch", input, pattern, name=name)


# StringLower, StringUpper, StringStrip


def _lower(xp: Namespace, text: Array, *, encoding: str) -> Array:
    del xp
    return each(lambda v: as_bytes(as_text(v).lower()) if encoding else v.lower(), text)


def _upper(xp: Namespace, text: Array, *, encoding: str) -> Array:
    del xp
    return each(lambda v: as_bytes(as_text(v).upper()) if encoding else v.upper(), text)


def _strip(xp: Namespace, text: Array) -> Array:
    del xp
    return each(lambda v: v.strip(), text)


for _name, _function in (("StringLower", _lower), ("StringUpper", _upper)):
    register(
        _name, "input: string -> output: string", attrs={"encoding": attr("string", "")}, shape=same_shape,
        host=_function, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip
register(
    "StringStrip",
    "input: string -> output: string",
    shape=same_shape,
    host=_strip,
    gradient=NOT_DIFFERENTIABLE,
)


def string_lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """The strings in small letters; beyond ASCII too with ``encoding="utf-8"`` (``tf.strings.lower``)."""
    return apply("StringLower", input, encoding=encoding, name=name)


def string_upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """The strings in capital letters; beyond ASCII too with ``encoding="utf-8"`` (``tf.strings.upper``)."""
    return apply("StringUpper", input, encoding=encoding, name=name)


def string_strip(input: Any, name: str | None = None) -> Tensor:
    """The strings without white space at their ends (``tf.string_strip``, ``tf.strings.strip``)."""
    return apply("StringStrip", input, name=name)


# EncodeBase64, DecodeBase64


def _encode(xp: Namespace, text: Array, *, pad: bool) -> Array:
    del xp
    return each(
        lambda v: base64.urlsafe_b64encode(v) if pad else base64.urlsafe_b64encode(v).rstrip(b"="), text
    )


def _decode(xp: Namespace, text: Array, *, op: Operation) -> Array:
    del xp

    def decoded(value: bytes) -> bytes:
        bare = value.rstrip(b"=")
        if len(bare) % 4 == 1:
            raise InvalidArgumentError(None, op, "Base64 string length cannot be 1 modulo 4.")
        if not re.fullmatch(rb"[A-Za-z0-9_-]*", bare):
            raise InvalidArgumentError(None, op, f"Invalid character found in base64: {value!r}.")
        try:
            return base64.urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))
        except binascii.Error as error:
            raise InvalidArgumentError(None, op, f"Invalid base64 {value!r}: {error}") from None

    return each(decoded, text)


register(
    "EncodeBase64", "input: string -> output: string", attrs={"pad": False}, shape=same_shape, host=_encode,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "DecodeBase64",
    "input: string -> output: string",
    shape=same_shape,
    host=_decode,
    gradient=NOT_DIFFERENTIABLE,
)


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """The strings in web-safe base64 (``-`` and ``_`` for ``+`` and ``/``), filled up with ``=`` if ``pad``."""
    return apply("EncodeBase64", input, pad=pad, name=name)


def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """The strings that web-safe base64 stands for.

    Raises:
        InvalidArgumentError: when run, if a string is no base64.
    """
    return apply("DecodeBase64", input, name=name)
