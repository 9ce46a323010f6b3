"""Learning rates that fall with the step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import DType
from gradiente.graph.operation import Tensor
from gradiente.ops.random_ops import random_normal


class _Numbers:
    """The settings of a schedule as tensors of the learning rate's type."""

    def __init__(self, learning_rate: Any, global_step: Any, function: str) -> None:
        if global_step is None:
            raise ValueError(f"global_step is required for {function}.")
        self.rate = convert_to_tensor(learning_rate, name="learning_rate")
        self.dtype: DType = self.rate.dtype.base_dtype
        self.step = self(global_step)

    def __call__(self, value: Any) -> Tensor:
        tensor = convert_to_tensor(value)
        return tensor if tensor.dtype.base_dtype is self.dtype else apply("Cast", tensor, DstT=self.dtype)

    def fraction(self, decay_steps: Any, staircase: bool) -> Tensor:
        """How many decays were done, whole ones only with ``staircase``."""
        done = apply("RealDiv", self.step, self(decay_steps), name="truediv")
        return apply("Floor", done) if staircase else done


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The learning rate α · rᵗ with t = step / decay_steps.

    Args:
        learning_rate: α, the rate at the start.
        global_step: the step, a scalar.
        decay_steps: after how many steps the rate is multiplied by r.
        decay_rate: r.
        staircase: let it fall in stairs: t is rounded down.
        name: the name scope.

    Returns:
        A scalar of the type of ``learning_rate``.

    Raises:
        ValueError: if ``global_step`` is None.

    Source: TensorFlow 1's ``tf.train.exponential_decay``.
    """
    with name_scope(name, "ExponentialDecay") as scope:
        n = _Numbers(learning_rate, global_step, "exponential_decay")
        power = apply("Pow", n(decay_rate), n.fraction(decay_steps, staircase))
        return apply("Mul", n.rate, power, name=scope)


def piecewise_constant(
    x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None
) -> Tensor:
    """The first of ``values`` while x ≤ boundaries[0], the second while x ≤ boundaries[1], ..., the last after that.

    Args:
        x: the step, a scalar.
        boundaries: increasing numbers of the type of ``x``.
        values: one value more than there are boundaries, of one type.
        name: the name scope.

    Returns:
        A scalar of the type of ``values``.

    Raises:
        ValueError: if the lengths or types do not fit.

    Source: TensorFlow 1's ``tf.train.piecewise_constant``.
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError(
            f"The length of boundaries should be 1 less than the length of values, but they are {len(boundaries)} and "
            f"{len(values)}."
        )
    with name_scope(name, "PiecewiseConstant") as scope:
        step = convert_to_tensor(x)
        kind = step.dtype.base_dtype
        limits = [convert_to_tensor(b) for b in boundaries]
        for limit in limits:
            if limit.dtype.base_dtype is not kind and not (limit.dtype.is_integer and kind.is_integer):
                raise ValueError(
                    f"Boundaries ({limit.dtype.base_dtype.name}) must have the same dtype as x ({kind.name})."
                )
        choices = [convert_to_tensor(v) for v in values]
        if len({c.dtype.base_dtype.name for c in choices}) > 1:
            names = ", ".join(c.dtype.base_dtype.name for c in choices)
            raise ValueError(f"Values must have elements all with the same dtype, but they have {names}.")
        result = choices[-1]
        for limit, choice in zip(reversed(limits), reversed(choices[:-1]), strict=True):
            bound = limit if limit.dtype.base_dtype is kind else apply("Cast", limit, DstT=kind)
            result = apply("SelectV2", apply("LessEqual", step, bound), choice, result)
        return apply("Identity", result, name=scope)


def polynomial_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: Any = 1.0,
    cycle: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The learning rate (α − ω) · (1 − t)ᵖ + ω with t = min(step, decay_steps) / decay_steps.

    Args:
        learning_rate: α, the rate at the start.
        global_step: the step, a scalar.
        decay_steps: after how many steps the rate is ω.
        end_learning_rate: ω.
        power: p; 1 falls in a line.
        cycle: after ``decay_steps`` begin anew, with twice, three times, ... as many steps to the end.
        name: the name scope.

    Raises:
        ValueError: if ``global_step`` is None.

    Source: TensorFlow 1's ``tf.train.polynomial_decay``.
    """
    with name_scope(name, "PolynomialDecay") as scope:
        n = _Numbers(learning_rate, global_step, "polynomial_decay")
        step, length, end = n.step, n(decay_steps), n(end_learning_rate)
        if cycle:
            started = apply("Ceil", apply("RealDiv", step, length, name="truediv"))
            rounds = apply("SelectV2", apply("Equal", step, n(0)), n(1), started)
            length = apply("Mul", length, rounds)
        else:
            step = apply("Minimum", step, length)
        left = apply("Sub", n(1), apply("RealDiv", step, length, name="truediv"), name="sub")
        fallen = apply("Mul", apply("Sub", n.rate, end, name="sub"), apply("Pow", left, n(power)))
        return apply("AddV2", fallen, end, name=scope)


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The learning rate α · exp(−r t) with t = step / decay_steps (see ``exponential_decay``)."""
    with name_scope(name, "NaturalExpDecay") as scope:
        n = _Numbers(learning_rate, global_step, "natural_exp_decay")
        exponent = apply("Mul", apply("Neg", n(decay_rate)), n.fraction(decay_steps, staircase))
        return apply("Mul", n.rate, apply("Exp", exponent), name=scope)


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The learning rate α / (1 + r t) with t = step / decay_steps (see ``exponential_decay``)."""
    with name_scope(name, "InverseTimeDecay") as scope:
        n = _Numbers(learning_rate, global_step, "inverse_time_decay")
        slowed = apply("Mul", n(decay_rate), n.fraction(decay_steps, staircase))
        return apply("RealDiv", n.rate, apply("AddV2", n(1), slowed), name=scope)


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0, name: str | None = None
) -> Tensor:
    """The learning rate along half a cosine, from its start value at step 0 to ``alpha`` times it at ``decay_steps``.

    Args:
        learning_rate: the rate at the start.
        global_step: the step, a scalar.
        decay_steps: the steps to the end.
        alpha: the fraction of the rate that stays.
        name: the name scope.

    Raises:
        ValueError: if ``global_step`` is None.

    Source: Loshchilov and Hutter 2016; TensorFlow 1's ``tf.train.cosine_decay``.
    """
    with name_scope(name, "CosineDecay") as scope:
        n = _Numbers(learning_rate, global_step, "cosine_decay")
        length = n(decay_steps)
        fraction = apply("RealDiv", apply("Minimum", n.step, length), length)
        return apply("Mul", n.rate, _between(n, _half_cosine(n, fraction), alpha), name=scope)


def cosine_decay_restarts(
    learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: Any = 2.0, m_mul: Any = 1.0, alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """``cosine_decay`` over and over: each round ``t_mul`` times as long and starting ``m_mul`` times as high.

    Args:
        learning_rate: the rate at the start.
        global_step: the step, a scalar.
        first_decay_steps: the steps of the first round.
        t_mul: how much longer each round is than the one before.
        m_mul: how much higher it starts.
        alpha: the fraction of the rate that stays.
        name: the name scope.

    Raises:
        ValueError: if ``global_step`` is None.

    Source: Loshchilov and Hutter 2016 (SGDR); TensorFlow 1's ``tf.train.cosine_decay_restarts``.
    """
    with name_scope(name, "SGDRDecay") as scope:
        n = _Numbers(learning_rate, global_step, "cosine_decay_restarts")
        done = apply("RealDiv", n.step, n(first_decay_steps))
        rounds, fraction = _restarts(n, done, t_mul)
        height = apply("Pow", n(m_mul), rounds)
        cosine = apply("Mul", height, _half_cosine(n, fraction))
        return apply("Mul", n.rate, _between(n, cosine, alpha), name=scope)


def _restarts(n: _Numbers, done: Tensor, t_mul: Any) -> tuple[Tensor, Tensor]:
    """How many rounds are over, and which part of the current one."""
    equal = apply("Floor", done)
    if isinstance(t_mul, int | float | np.number) and t_mul == 1:
        return equal, apply("Sub", done, equal)
    growth = n(t_mul)
    shrink = apply("Sub", n(1), growth)
    passed = apply("Log", apply("Sub", n(1), apply("Mul", done, shrink)))
    rounds = apply("Floor", apply("RealDiv", passed, apply("Log", growth)))
    length = apply("Pow", growth, rounds)
    before = apply("RealDiv", apply("Sub", n(1), length), shrink)
    part = apply("RealDiv", apply("Sub", done, before), length)
    if not isinstance(t_mul, Tensor):
        return rounds, part
    is_one = apply("Equal", growth, n(1))
    return apply("SelectV2", is_one, equal, rounds), apply(
        "SelectV2", is_one, apply("Sub", done, equal), part
    )


def linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: Any = 0.5, alpha: Any = 0.0, beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The learning rate times (α + line) · cosine + β: a line from 1 to 0 under ``num_periods`` periods of a cosine.

    Args:
        learning_rate: the rate at the start.
        global_step: the step, a scalar.
        decay_steps: the steps to the end.
        num_periods: periods of the cosine.
        alpha: α.
        beta: β.
        name: the name scope.

    Raises:
        ValueError: if ``global_step`` is None.

    Source: Bello et al. 2017 (neural optimizer search); TensorFlow 1's ``tf.train.linear_cosine_decay``.
    """
    with name_scope(name, "LinearCosineDecay") as scope:
        n = _Numbers(learning_rate, global_step, "linear_cosine_decay")
        line, cosine = _line_and_cosine(n, decay_steps, num_periods)
        factor = apply("AddV2", apply("Mul", apply("AddV2", n(alpha), line), cosine), n(beta))
        return apply("Mul", n.rate, factor, name=scope)


def noisy_linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, initial_variance: Any = 1.0, variance_decay: Any = 0.55,
    num_periods: Any = 0.5, alpha: Any = 0.0, beta: Any = 0.001, name: str | None = None,
) -> Tensor:  # fmt: skip
    """``linear_cosine_decay`` with noise of variance ``initial_variance`` / (1 + step)^``variance_decay`` on the line.

    Source: Bello et al. 2017; TensorFlow 1's ``tf.train.noisy_linear_cosine_decay``.
    """
    with name_scope(name, "NoisyLinearCosineDecay") as scope:
        n = _Numbers(learning_rate, global_step, "noisy_linear_cosine_decay")
        line, cosine = _line_and_cosine(n, decay_steps, num_periods)
        step = apply("Minimum", n.step, n(decay_steps))
        variance = apply(
            "RealDiv", n(initial_variance), apply("Pow", apply("AddV2", n(1), step), n(variance_decay))
        )
        noisy = apply("AddV2", line, random_normal([], stddev=apply("Sqrt", variance), dtype=n.dtype))
        factor = apply("AddV2", apply("Mul", apply("AddV2", n(alpha), noisy), cosine), n(beta))
        return apply("Mul", n.rate, factor, name=scope)


def _line_and_cosine(n: _Numbers, decay_steps: Any, num_periods: Any) -> tuple[Tensor, Tensor]:
    length = n(decay_steps)
    step = apply("Minimum", n.step, length)
    line = apply("RealDiv", apply("Sub", length, step), length)
    turns = apply("Mul", apply("Mul", n(2), n(num_periods)), apply("RealDiv", step, length))
    return line, _half_cosine(n, turns)


def _half_cosine(n: _Numbers, fraction: Tensor) -> Tensor:
    """(1 + cos(π · fraction)) / 2: from 1 at 0 to 0 at 1."""
    return apply("Mul", n(0.5), apply("AddV2", n(1), apply("Cos", apply("Mul", n(math.pi), fraction))))


def _between(n: _Numbers, part: Tensor, alpha: Any) -> Tensor:
    rest = n(alpha)
    return apply("AddV2", apply("Mul", apply("Sub", n(1), rest), part), rest)
