"""Optimizers' updates on the CPU, one pass over memory each: the calls of the C++ kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.library import usable

Update = Literal[
    "gradient_descent", "momentum", "nesterov", "adagrad", "adadelta", "rms_prop", "centered_rms_prop", "adam",
    "adam_nesterov",
]  # fmt: skip
UPDATES: tuple[Update, ...] = (
    "gradient_descent", "momentum", "nesterov", "adagrad", "adadelta", "rms_prop", "centered_rms_prop", "adam",
    "adam_nesterov",
)  # fmt: skip
"""Their places are the kernels' numbers for them."""

_FEWEST = 1 << 12
"""Elements below which XLA's own program, which needs no call, is at least as fast."""


def update_suits(variables: Sequence[Array], grad: Array, numbers: Sequence[Array]) -> bool:
    """Whether ``update`` can take these: variables and gradient of one shape, and scalars."""
    if grad.size < _FEWEST or any(v.shape != grad.shape for v in variables):
        return False
    return all(n.ndim == 0 for n in numbers) and usable(*variables, grad, *numbers)


def update(
    rule: Update,
    variables: Sequence[Array],
    grad: Array,
    numbers: Sequence[Array],
    users: Sequence[Array] = (),
) -> list[Array]:
    """The new values of a variable and its slots, in the memory of the old ones where the program owns that.

    Args:
        rule: the optimizer's rule.
        variables: the variable and its slots, in the order of the rule's op (``ApplyAdam`` and the like).
        grad: the gradient.
        numbers: the op's scalars, in its order.
        users: what is computed from the old values, which must be done before they are overwritten: XLA would rather copy
            the variable than wait for them, if the update did not take something of theirs.
    """
    import jax

    untyped: Any = jax
    results = [untyped.ShapeDtypeStruct(v.shape, np.float32) for v in variables]
    in_place = {position: position for position in range(len(variables))}
    called = untyped.ffi.ffi_call("gradiente_update", results, input_output_aliases=in_place)
    waiting = [_first_element(u) for u in users if u.dtype == "float32" and u.size]
    after = [sum(waiting[1:], waiting[0])] if waiting else []
    return list(called(*variables, grad, *numbers, *after, rule=np.int64(UPDATES.index(rule))))


def _first_element(x: Array) -> Array:
    import jax

    return jax.lax.slice(x, (0,) * x.ndim, (1,) * x.ndim).reshape(())
