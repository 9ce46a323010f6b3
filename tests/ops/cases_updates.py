"""Rows of the op table: the optimizers' updates, dense and of a few rows.

TensorFlow is their reference (``make oracle``; ten steps of each are also in ``tests/golden``). The rows of a sparse update
are named once each: where they are named twice, TensorFlow's op applies one gradient after the other, ours their sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.ops.harness import Case, F, P
from tests.ops.raw import raw

_NOTE = "TensorFlow is the reference, also of ten steps in tests/golden"

_UPDATES: dict[str, tuple[tuple[str, ...], dict[str, float], dict[str, Any]]] = {
    "GradientDescent": (("var",), {"alpha": 0.3}, {}),
    "Momentum": (("var", "accum"), {"lr": 0.1, "momentum": 0.9}, {}),
    "Momentum nesterov": (("var", "accum"), {"lr": 0.1, "momentum": 0.9}, {"use_nesterov": True}),
    "Adagrad": (("var", "accum"), {"lr": 0.1}, {}),
    "Adagrad frozen": (("var", "accum"), {"lr": 0.1}, {"update_slots": False}),
    "Adadelta": (("var", "accum", "accum_update"), {"lr": 0.5, "rho": 0.9, "epsilon": 1e-3}, {}),
    "RMSProp": (("var", "ms", "mom"), {"lr": 0.1, "rho": 0.9, "momentum": 0.5, "epsilon": 1e-3}, {}),
    "CenteredRMSProp": (
        ("var", "mg", "ms", "mom"),
        {"lr": 0.1, "rho": 0.9, "momentum": 0.5, "epsilon": 1.0},
        {},
    ),
    "Adam": (
        ("var", "m", "v"),
        {"beta1_power": 0.81, "beta2_power": 0.99, "lr": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-4},
        {},
    ),
    "Adam nesterov": (
        ("var", "m", "v"),
        {"beta1_power": 0.81, "beta2_power": 0.99, "lr": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-4},
        {"use_nesterov": True},
    ),
    "Ftrl": (("var", "accum", "linear"), {"lr": 0.5, "l1": 0.2, "l2": 0.1, "lr_power": -0.5}, {}),
    "FtrlV2": (
        ("var", "accum", "linear"),
        {"lr": 0.5, "l1": 0.2, "l2": 0.1, "l2_shrinkage": 0.3, "lr_power": -0.5},
        {},
    ),
    "FtrlV2 by lr": (
        ("var", "accum", "linear"),
        {"lr": 0.5, "l1": 0.2, "l2": 0.1, "l2_shrinkage": 0.3, "lr_power": -0.5},
        {"multiply_linear_by_lr": True},
    ),
    "ProximalGradientDescent": (("var",), {"alpha": 0.3, "l1": 0.5, "l2": 0.1}, {}),
    "ProximalAdagrad": (("var", "accum"), {"lr": 0.3, "l1": 0.5, "l2": 0.1}, {}),
    "AdagradDA": (
        ("var", "gradient_accumulator", "gradient_squared_accumulator"),
        {"lr": 0.3, "l1": 0.05, "l2": 0.1},
        {"global_step": 3},
    ),
}
"""The variables, the settings, and what else an update takes, by the op's name after ``Apply``."""


def _build(op: str, sparse: bool) -> Callable[..., Any]:
    variables, settings, extra = _UPDATES[op]
    kind = op.split(" ")[0]
    gradient = "delta" if kind in ("GradientDescent", "ProximalGradientDescent") and not sparse else "grad"

    def build(tf: Any, grad: Any, *starts: Any) -> Any:
        made = [
            tf.Variable(np.zeros(s.shape.as_list()), dtype=s.dtype.base_dtype, trainable=False)
            for s in starts
        ]
        arguments: dict[str, Any] = {n: tf.constant(v, grad.dtype) for n, v in settings.items()}
        arguments |= {n: tf.constant(v, tf.int64) if n == "global_step" else v for n, v in extra.items()}
        arguments[gradient] = grad
        if sparse:
            arguments["indices"] = tf.constant([3, 0])
        with tf.control_dependencies([tf.assign(v, s) for v, s in zip(made, starts, strict=True)]):
            refs = [tf.assign_add(v, tf.zeros_like(s)) for v, s in zip(made, starts, strict=True)]
        arguments |= dict(zip(variables, refs, strict=True))
        update = raw(tf, f"{'Sparse' if sparse else ''}Apply{kind}", **arguments)
        with tf.control_dependencies([update]):
            return [v.read_value() for v in made]

    return build


def _cases() -> list[Case]:
    cases: list[Case] = []
    for op, (variables, _, _) in _UPDATES.items():
        kind, _, name = op.partition(" ")
        for sparse in (False, True):
            if sparse and kind in ("GradientDescent", "Adam"):
                continue
            cases.append(
                Case(
                    op=("Sparse" if sparse else "") + "Apply" + kind,
                    build=_build(op, sparse),
                    inputs=[F(2, 3) if sparse else F(4, 3), F(4, 3), *[P(4, 3) for _ in variables[1:]]],
                    name=name,
                    grad=False,
                    note=_NOTE,
                )
            )
    return cases


CASES: list[Case] = _cases()
