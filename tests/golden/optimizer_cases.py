"""What the golden values of the optimizers, schedules and averages are made from, under TensorFlow and under gradiente."""

from __future__ import annotations

from typing import Any

import numpy as np

STEPS = 10

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "gradient_descent": ("GradientDescentOptimizer", {"learning_rate": 0.1}),
    "momentum": ("MomentumOptimizer", {"learning_rate": 0.1, "momentum": 0.9}),
    "nesterov": ("MomentumOptimizer", {"learning_rate": 0.1, "momentum": 0.9, "use_nesterov": True}),
    "adagrad": ("AdagradOptimizer", {"learning_rate": 0.5}),
    "adagrad_start": ("AdagradOptimizer", {"learning_rate": 0.5, "initial_accumulator_value": 1.5}),
    "adagrad_da": ("AdagradDAOptimizer", {"learning_rate": 0.5}),
    "adagrad_da_l1_l2": (
        "AdagradDAOptimizer",
        {"learning_rate": 0.5, "l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2},
    ),
    "adadelta": ("AdadeltaOptimizer", {}),
    "adadelta_fast": ("AdadeltaOptimizer", {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-3}),
    "rmsprop": ("RMSPropOptimizer", {"learning_rate": 0.1}),
    "rmsprop_momentum": (
        "RMSPropOptimizer",
        {"learning_rate": 0.1, "decay": 0.8, "momentum": 0.5, "epsilon": 1e-3},
    ),
    "rmsprop_centered": (
        "RMSPropOptimizer",
        {"learning_rate": 0.01, "momentum": 0.5, "epsilon": 1e-3, "centered": True},
    ),
    "adam": ("AdamOptimizer", {}),
    "adam_fast": ("AdamOptimizer", {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4}),
    "ftrl": ("FtrlOptimizer", {"learning_rate": 0.5}),
    "ftrl_l1_l2": (
        "FtrlOptimizer",
        {"learning_rate": 0.5, "l1_regularization_strength": 0.3, "l2_regularization_strength": 0.2},
    ),
    "ftrl_power": (
        "FtrlOptimizer",
        {"learning_rate": 0.5, "learning_rate_power": -0.7, "initial_accumulator_value": 0.5, "beta": 0.25},
    ),
    "ftrl_shrinkage": (
        "FtrlOptimizer",
        {
            "learning_rate": 0.5,
            "l1_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.2,
        },
    ),
    "proximal_gradient_descent": ("ProximalGradientDescentOptimizer", {"learning_rate": 0.1}),
    "proximal_gradient_descent_l1_l2": (
        "ProximalGradientDescentOptimizer",
        {"learning_rate": 0.1, "l1_regularization_strength": 0.5, "l2_regularization_strength": 0.3},
    ),
    "proximal_adagrad": ("ProximalAdagradOptimizer", {"learning_rate": 0.5}),
    "proximal_adagrad_l1_l2": (
        "ProximalAdagradOptimizer",
        {"learning_rate": 0.5, "l1_regularization_strength": 0.3, "l2_regularization_strength": 0.2},
    ),
}
"""The optimizer's class and settings, by the case's name."""

DTYPES = ("float32", "float64")


def dtypes(case: str) -> tuple[str, ...]:
    """The types that TensorFlow's optimizer takes: the proximal ones are float32 only."""
    return DTYPES[:1] if case.startswith("proximal") else DTYPES


FORMS = ("dense", "sparse")

SCHEDULES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "exponential": ("exponential_decay", (0.1, "step", 10, 0.9), {}),
    "exponential_staircase": ("exponential_decay", (0.1, "step", 10, 0.9), {"staircase": True}),
    "piecewise_int": ("piecewise_constant", ("step", [3, 10], [0.1, 0.2, 0.3]), {}),
    "piecewise_float": ("piecewise_constant", ("float_step", [3.5, 10.0], [0.1, 0.2, 0.3]), {}),
    "polynomial": ("polynomial_decay", (0.1, "step", 15), {}),
    "polynomial_power": ("polynomial_decay", (0.1, "step", 15), {"end_learning_rate": 0.01, "power": 2.0}),
    "polynomial_cycle": (
        "polynomial_decay",
        (0.1, "step", 8),
        {"end_learning_rate": 0.01, "power": 0.5, "cycle": True},
    ),
    "natural_exp": ("natural_exp_decay", (0.1, "step", 10, 0.5), {}),
    "natural_exp_staircase": ("natural_exp_decay", (0.1, "step", 10, 0.5), {"staircase": True}),
    "inverse_time": ("inverse_time_decay", (0.1, "step", 10, 0.5), {}),
    "inverse_time_staircase": ("inverse_time_decay", (0.1, "step", 10, 0.5), {"staircase": True}),
    "cosine": ("cosine_decay", (0.1, "step", 15), {"alpha": 0.1}),
    "cosine_restarts": ("cosine_decay_restarts", (0.1, "step", 6), {"alpha": 0.01}),
    "cosine_restarts_linear": ("cosine_decay_restarts", (0.1, "step", 6), {"t_mul": 1.0, "m_mul": 0.8}),
    "linear_cosine": ("linear_cosine_decay", (0.1, "step", 15), {}),
    "linear_cosine_periods": (
        "linear_cosine_decay",
        (0.1, "step", 15),
        {"num_periods": 1.5, "alpha": 0.2, "beta": 0.01},
    ),
}
"""The schedule's function, its arguments and settings; ``"step"`` stands for the step."""

SCHEDULE_STEPS = tuple(range(24))


def start(form: str, dtype: str) -> np.ndarray[Any, Any]:
    """The variable's first value."""
    shape = (2, 3) if form == "dense" else (5, 2)
    return np.random.default_rng(1).normal(size=shape).astype(dtype)


def gradients(form: str, dtype: str) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Each step's gradient and, for the sparse form, its rows' indices; some rows come twice, one never."""
    random = np.random.default_rng(2)
    found: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
    for _ in range(STEPS):
        shape = (2, 3) if form == "dense" else (4, 2)
        found.append((random.normal(size=shape).astype(dtype), random.integers(0, 4, 4).astype(np.int32)))
    return found


def trajectory(tf: Any, session: Any, case: str, form: str, dtype: str) -> np.ndarray[Any, Any]:
    """The variable's value at the start and after each step."""
    kind, settings = OPTIMIZERS[case]
    first = start(form, dtype)
    variable = tf.Variable(first, name="w")
    shape = first.shape if form == "dense" else (4, 2)
    gradient = tf.placeholder(dtype, shape)
    indices = tf.placeholder(tf.int32, [4])
    given = gradient if form == "dense" else tf.IndexedSlices(gradient, indices, tf.constant(first.shape))
    counter = tf.Variable(0, trainable=False, name="counter", dtype=tf.int64)
    extra = {"global_step": counter} if kind == "AdagradDAOptimizer" else {}
    optimizer = getattr(tf.train, kind)(**settings, **extra)
    step = optimizer.apply_gradients([(given, variable)], global_step=counter)
    with session() as sess:
        sess.run(tf.global_variables_initializer())
        values = [sess.run(variable)]
        for value, rows in gradients(form, dtype):
            sess.run(step, {gradient: value} | ({indices: rows} if form == "sparse" else {}))
            values.append(sess.run(variable))
    return np.stack(values)


def schedule(tf: Any, session: Any, case: str) -> np.ndarray[Any, Any]:
    """The learning rate at each step of SCHEDULE_STEPS."""
    name, arguments, settings = SCHEDULES[case]
    step = tf.placeholder(tf.float32 if "float_step" in arguments else tf.int64, [])
    rate = getattr(tf.train, name)(
        *(step if isinstance(a, str) and a.endswith("step") else a for a in arguments), **settings
    )
    with session() as sess:
        return np.array([sess.run(rate() if callable(rate) else rate, {step: s}) for s in SCHEDULE_STEPS])


AVERAGES: dict[str, dict[str, Any]] = {
    "plain": {},
    "counted": {"num_updates": True},
    "debiased": {"zero_debias": True},
}


def averages(tf: Any, session: Any, case: str) -> np.ndarray[Any, Any]:
    """The averages of a variable and of a tensor over STEPS steps."""
    settings = dict(AVERAGES[case])
    count = tf.Variable(0, trainable=False, dtype=tf.int32)
    if settings.pop("num_updates", False):
        settings["num_updates"] = count
    variable = tf.Variable(np.array([1.0, -2.0], np.float32), name="v")
    product = tf.multiply(variable, 3.0, name="product")
    average = tf.train.ExponentialMovingAverage(0.9, **settings)
    update = average.apply([variable, product])
    grow = tf.group(tf.assign_add(variable, [0.5, 0.25]), tf.assign_add(count, 1))
    with session() as sess:
        sess.run(tf.global_variables_initializer())
        values: list[Any] = []
        for _ in range(STEPS):
            sess.run(grow)
            sess.run(update)
            values.append(np.concatenate(sess.run([average.average(variable), average.average(product)])))
    return np.stack(values)
