"""Tensors as text: ``tf.print`` and ``tf.strings.format``."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gradiente.graph.build import apply, apply_op
from gradiente.graph.dtypes import string
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import no_outputs, scalar_shape
from gradiente.ops.string_format import element_text

# StringFormat


def _element(value: Any) -> str:
    text = element_text(value)
    return f'"{text}"' if isinstance(value, bytes) else text


def _shown(array: Any, edge: int, indent: int) -> str:
    """An array in brackets, with the first and last ``edge`` entries of each dimension (all if negative)."""
    if array.ndim == 0:
        return _element(array[()])
    parts = list(array)
    cut = 0 <= 2 * edge < len(parts)
    entries = [*parts[:edge], *parts[len(parts) - edge :]] if cut else parts
    texts = [_shown(np.asarray(e, array.dtype), edge, indent + 1) for e in entries]
    if cut:
        texts.insert(edge, "...")
    between = " " if array.ndim == 1 else "\n" + " " * (indent + 1)
    return f"[{between.join(texts)}]"


def _format(
    xp: Namespace, inputs: list[Array], *, template: str, placeholder: str, summarize: int, op: Operation
) -> Array:
    del xp
    pieces = template.split(placeholder)
    if len(pieces) != len(inputs) + 1:
        raise InvalidArgumentError(
            None,
            op,
            f"num placeholders in template and num inputs must match: {len(pieces) - 1} vs. {len(inputs)}",
        )
    text = pieces[0] + "".join(
        _shown(np.asarray(v), summarize, 0) + p for v, p in zip(inputs, pieces[1:], strict=True)
    )
    return np.asarray(text.encode(), object)


register(
    "StringFormat", "inputs: list(T) -> output: string",
    attrs={"template": attr("string", "%s"), "placeholder": attr("string", "%s"), "summarize": 3}, shape=scalar_shape,
    host=_format, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def string_format(
    template: str, inputs: Any = (), placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Tensor:
    """A string with tensors in it (``tf.strings.format``).

    Args:
        template: the text, with ``placeholder`` where a tensor comes.
        inputs: a tensor or a list of them, one for each placeholder.
        placeholder: what stands for a tensor.
        summarize: how many first and last entries of each dimension to show; all if negative.
        name: the operation's name.

    Raises:
        ValueError: if there is not one tensor for each placeholder.
    """
    items: list[Any] = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]  # pyright: ignore[reportUnknownArgumentType] - user input
    if template.count(placeholder) != len(items):
        raise ValueError(
            f"{template.count(placeholder)} placeholders in the template do not match {len(items)} inputs."
        )
    return apply(
        "StringFormat", items, template=template, placeholder=placeholder, summarize=summarize, name=name
    )


# PrintV2


def _write(xp: Namespace, text: Array, *, output_stream: str, end: str) -> None:
    del xp
    line = bytes(text[()]).decode("utf-8", "backslashreplace") + end
    if output_stream.startswith("file://"):
        with open(output_stream[len("file://") :], "a", encoding="utf-8") as file:
            file.write(line)
        return
    stream = sys.stdout if output_stream == "stdout" else sys.stderr
    stream.write(line)
    stream.flush()


register(
    "PrintV2", "input: string ->", attrs={"output_stream": attr("string", "stderr"), "end": attr("string", "\n")},
    shape=no_outputs, host=_write, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip

_STREAMS = ("stdout", "stderr", "log(info)", "log(warning)", "log(error)")


def print(
    *inputs: Any,
    output_stream: Any = None,
    summarize: int = 3,
    sep: str = " ",
    end: str = "\n",
    name: str | None = None,
) -> Operation:
    """Write tensors and other values when the operation runs.

    Put it among the ``control_dependencies`` of something that runs, or run it itself.

    Args:
        *inputs: tensors, values, and lists, tuples or dicts with tensors in them.
        output_stream: ``sys.stderr`` (the default), ``sys.stdout``, or ``"file://path"`` to append to a file.
        summarize: how many first and last entries of each dimension to show; all if negative.
        sep: what comes between the inputs.
        end: what comes last.
        name: the operation's name.

    Returns:
        The operation.

    Raises:
        ValueError: if ``output_stream`` is something else.

    Source: TensorFlow 1's ``tf.print``.
    """
    stream = "stdout" if output_stream is sys.stdout else output_stream
    stream = "stderr" if stream in (None, sys.stderr) else stream
    if not isinstance(stream, str) or not (stream in _STREAMS or stream.startswith("file://")):
        raise ValueError(
            f"tf.print can't write to {output_stream!r}: use sys.stderr, sys.stdout or 'file://path'."
        )
    if (
        len(inputs) == 1
        and isinstance(inputs[0], Tensor)
        and inputs[0].dtype is string
        and inputs[0].shape.ndims == 0
    ):
        return apply_op("PrintV2", inputs[0], output_stream=stream, end=end, name=name or "PrintV2")
    tensors: list[Any] = []
    mark = "{}"
    literal = repr([v for v in inputs if not isinstance(v, Tensor)])
    while mark in literal:
        mark += "0"
    parts = [v if isinstance(v, str) else _template(v, tensors, mark) for v in inputs]
    text = string_format(sep.join(parts), tensors, placeholder=mark, summarize=summarize)
    return apply_op("PrintV2", text, output_stream=stream, end=end, name=name or "PrintV2")


def _template(value: Any, tensors: list[Any], mark: str) -> str:
    """A value's text, with ``mark`` for each tensor in it; the tensors are added to ``tensors``."""
    if isinstance(value, Tensor) or hasattr(value, "_as_graph_element"):
        tensors.append(value)
        return mark
    if isinstance(value, dict):
        items: Any = value.items()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - user input
        return "{" + ", ".join(f"{k!r}: {_template(v, tensors, mark)}" for k, v in items) + "}"
    if isinstance(value, list):
        return f"[{_entries(value, tensors, mark)}]"
    if isinstance(value, tuple):
        inside = _entries(value, tensors, mark)
        return f"({inside})"
    return repr(value)


def _entries(values: Any, tensors: list[Any], mark: str) -> str:
    return ", ".join(_template(v, tensors, mark) for v in values)
