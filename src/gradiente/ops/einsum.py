"""Einstein summation, and the tensor contraction ``tensordot``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import NUMBERS
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import broadcast_dims
from gradiente.graph.types import Array, Namespace
from gradiente.ops.complex_numbers import conj
from gradiente.ops.elementwise import widened

_DOTS = "..."


def _parsed(equation: str, count: int) -> tuple[list[list[str]], list[str]]:
    """The axis labels of each input and of the output; ``...`` is one label.

    Raises:
        ValueError: if the text is no equation for ``count`` inputs.
    """
    text = equation.replace(" ", "")
    if not re.fullmatch(r"([A-Za-z,]|\.\.\.)*(->([A-Za-z]|\.\.\.)*)?", text):
        raise ValueError(f"{equation!r} is no einsum equation, such as 'ij,jk->ik'.")
    left, arrow, right = text.partition("->")
    terms = [re.findall(r"\.\.\.|[A-Za-z]", term) for term in left.split(",")]
    if len(terms) != count:
        raise ValueError(f"The equation {equation!r} names {len(terms)} inputs, but {count} are given.")
    if arrow:
        output = re.findall(r"\.\.\.|[A-Za-z]", right)
    else:
        labels = [label for term in terms for label in term]
        once = sorted(label for label in set(labels) if label != _DOTS and labels.count(label) == 1)
        output = ([_DOTS] if _DOTS in labels else []) + once
    for label in output:
        if label != _DOTS and not any(label in term for term in terms):
            raise ValueError(f"The output of {equation!r} has the label {label!r}, which no input has.")
    return terms, output


def _written(terms: Sequence[Sequence[str]], output: Sequence[str]) -> str:
    return ",".join("".join(term) for term in terms) + "->" + "".join(output)


def _label_sizes(op: Operation, terms: Sequence[Sequence[str]]) -> dict[str, Any] | None:
    """The size of each label, and the dims of ``...``; None if an input's rank is unknown."""
    sizes: dict[str, Any] = {}
    for tensor, term in zip(op.inputs, terms, strict=True):
        dims = tensor.shape.plain
        if dims is None:
            return None
        named = len(term) - (_DOTS in term)
        if len(dims) < named or (_DOTS not in term and len(dims) != named):
            raise ValueError(
                f"The term {''.join(term)!r} has {named} labels, but its input has shape {tensor.shape}."
            )
        position = 0
        for label in term:
            if label == _DOTS:
                width = len(dims) - named
                found: Any = dims[position : position + width]
                sizes[label] = broadcast_dims(sizes.get(label, ()), found)
                position += width
                continue
            size, known = dims[position], sizes.get(label)
            if size is not None and known is not None and size != known:
                raise ValueError(
                    f"The label {label!r} stands for sizes {known} and {size}; one label has one size."
                )
            sizes[label] = size if known is None else known
            position += 1
    return sizes


def _einsum_shape(op: Operation) -> list[Any]:
    terms, output = _parsed(op.attrs["equation"], len(op.inputs))
    sizes = _label_sizes(op, terms)
    if sizes is None:
        return [None]
    shape: list[Any] = []
    for label in output:
        if label == _DOTS:
            shape.extend(sizes.get(_DOTS, ()))
        else:
            shape.append(sizes[label])
    return [tuple(shape)]


def _einsum(xp: Namespace, inputs: Sequence[Array], *, equation: str) -> Array:
    terms, output = _parsed(equation, len(inputs))
    unique = list(dict.fromkeys(output))
    values = [widened(xp, x) for x in inputs]
    if _DOTS not in unique and any(_DOTS in term for term in terms):
        # What the output leaves out is summed; NumPy wants that said of `...` with its axes in front.
        result = xp.einsum(_written(terms, [_DOTS, *unique]), *values, optimize=True)
        result = xp.sum(result, axis=tuple(range(result.ndim - len(unique))), dtype=result.dtype)
    else:
        result = xp.einsum(_written(terms, unique), *values, optimize=True)
    if len(unique) < len(output):
        result = _on_diagonals(xp, result, unique, output)
    return result.astype(inputs[0].dtype)


def _on_diagonals(xp: Namespace, values: Array, unique: list[str], output: list[str]) -> Array:
    """``values``, with axes labelled ``unique``, laid along the diagonals that repeated labels of ``output`` mean."""
    width = values.ndim - len(unique) + 1
    axes: list[str] = []
    for label in output:
        axes.extend([f"{_DOTS}{i}" for i in range(width)] if label == _DOTS else [label])
    first = list(dict.fromkeys(axes))
    sizes = dict(zip(first, values.shape, strict=True))
    spread = values.reshape([sizes[label] if axes.index(label) == i else 1 for i, label in enumerate(axes)])
    keep: Any = True
    for i, label in enumerate(axes):
        at = axes.index(label)
        if at != i:
            index = xp.arange(sizes[label])
            here = index.reshape([-1 if j == i else 1 for j in range(len(axes))])
            there = index.reshape([-1 if j == at else 1 for j in range(len(axes))])
            keep = keep & (here == there)
    return xp.where(keep, spread, xp.zeros((), spread.dtype))


def _einsum_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    terms, output = _parsed(op.attrs["equation"], len(op.inputs))
    gradients: list[Tensor] = []
    for i, term in enumerate(terms):
        others = [k for k in range(len(terms)) if k != i]
        known = set(output).union(*(terms[k] for k in others))
        wanted = [label for label in term if label in known]
        result = apply(
            "Einsum", [grad, *(conj(op.inputs[k]) for k in others)],
            equation=_written([output, *(terms[k] for k in others)], wanted),
        )  # fmt: skip
        gradients.append(_fitted(result, op.inputs[i], term, wanted))
    return gradients


def _fitted(grad: Tensor, x: Tensor, term: list[str], wanted: list[str]) -> Tensor:
    """A gradient over the labels ``wanted``: summed where ``...`` was broadcast, spread over what was summed alone."""
    missing = [label for label in term if label not in wanted]
    if _DOTS in wanted:
        grad = _sum_dots(grad, x, term, wanted)
    if not missing:
        return grad
    ones = _one_sized(x, term, missing)
    spread = apply("BroadcastTo", apply("Reshape", grad, ones), apply("Shape", x))
    repeated = [label for label in dict.fromkeys(missing) if missing.count(label) > 1]
    if not repeated:
        return spread
    # A label that stands twice in the input alone was summed along its diagonal.
    single = [label for k, label in enumerate(term) if label not in repeated or term.index(label) == k]
    return apply(
        "Einsum",
        [apply("Einsum", [spread], equation=_written([term], single))],
        equation=_written([single], term),
    )


def _dots_axes(term: Sequence[str]) -> tuple[int, int]:
    """How many axes stand before ``...`` and after it."""
    before = term.index(_DOTS)
    return before, len(term) - before - 1


def _sum_dots(grad: Tensor, x: Tensor, term: list[str], wanted: list[str]) -> Tensor:
    """``grad`` summed over the axes of ``...`` along which ``x`` was broadcast."""
    before, after = _dots_axes(wanted)
    mine_before, mine_after = _dots_axes(term)
    if grad.shape.ndims is not None and x.shape.ndims is not None:
        width, mine = grad.shape.ndims - before - after, x.shape.ndims - mine_before - mine_after
        grad_dots = (grad.shape.plain or ())[before : before + width]
        x_dots = (x.shape.plain or ())[mine_before : mine_before + mine]
        if width == mine and grad_dots == x_dots and None not in x_dots:
            return grad
    full, own = apply("Shape", grad), apply("Shape", x)
    dots = own[mine_before : -mine_after or None]
    axes = apply("BroadcastGradientArgs", dots, full[before : -after or None])[0]
    summed = apply("Sum", grad, apply("AddV2", axes, before))
    head, tail = full[:before], full[apply("Sub", apply("Rank", grad), after) :] if after else full[:0]
    return apply("Reshape", summed, apply("ConcatV2", [head, dots, tail], 0))


def _one_sized(x: Tensor, term: list[str], missing: list[str]) -> Tensor:
    """The shape of ``x`` with size 1 for the labels ``missing``."""
    shape = apply("Shape", x)
    if _DOTS not in term:
        mask = np.asarray([label in missing for label in term], np.int32)
        return apply("AddV2", apply("Mul", shape, 1 - mask), mask)
    before, after = _dots_axes(term)
    masks = [
        np.asarray([label in missing for label in part], np.int32)
        for part in (term[:before], term[before + 1 :])
    ]
    dots = apply(
        "Fill", apply("Reshape", apply("Sub", apply("Rank", x), before + after), [1]), int(_DOTS in missing)
    )
    mask = apply("ConcatV2", [masks[0], dots, masks[1]], 0)
    return apply("AddV2", apply("Mul", shape, apply("Sub", 1, mask)), mask)


register(
    "Einsum", "inputs: N*T -> output: T", attrs={"equation": attr("string")}, types={"T": NUMBERS}, shape=_einsum_shape,
    gradient=_einsum_gradient, compute=_einsum,
)  # fmt: skip


def einsum(equation: str, *inputs: Any, name: str | None = None, optimize: Any = None) -> Tensor:
    """A sum of products written by its axes: ``'ij,jk->ik'`` is the product of matrices, ``'ii->'`` the trace.

    Labels that the output leaves out are summed over; a label that stands twice in one term takes the diagonal.

    Args:
        equation: a letter for each axis of each input, and those of the output after ``->``; ``...`` stands for any
            number of further axes, which broadcast. Without ``->``, the letters that occur once, in their order.
        *inputs: tensors of one type.
        name: the name scope.
        optimize: accepted; more than two inputs are multiplied from left to right.

    Returns:
        A tensor of the type of the inputs.

    Raises:
        ValueError: if the equation does not fit the inputs.

    Example:
        >>> with tf.Session() as sess:
        ...     sess.run(tf.einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0]))
        array([21., 43.], dtype=float32)
    """
    del optimize
    with name_scope(name, "einsum", list(inputs)):
        tensors: list[Any] = [convert_to_tensor(x) for x in inputs]
        terms, output = _parsed(equation, len(tensors))
        while len(tensors) > 2:
            later = set(output).union(*terms[2:])
            both = list(dict.fromkeys([*terms[0], *terms[1]]))
            kept = [label for label in both if label in later]
            product = apply("Einsum", tensors[:2], equation=_written(terms[:2], kept))
            tensors, terms = [product, *tensors[2:]], [kept, *terms[2:]]
        return apply("Einsum", tensors, equation=_written(terms, output))
