"""What follows from a row of the op table: values on every executor, gradients, second order, completeness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.ops.harness import Case, listed
from tests.ops.table import all_cases

import gradiente as tf
from gradiente.graph.registry import registered_ops

CASES = all_cases()
WITH_GRADIENT = [c for c in CASES if c.grad]

_STEP = 1e-6


def _name(case: Case) -> str:
    return case.label


class Built:
    """A row built in a graph of its own, ready to run."""

    def __init__(self, case: Case, dtype: str) -> None:
        self.arrays = case.arrays(dtype)
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(7)
            self.inputs = [tf.placeholder(a.dtype, a.shape) for a in self.arrays]
            self.outputs = [tf.convert_to_tensor(t) for t in listed(case.build(tf, *self.inputs))]
        self.feed = dict(zip(self.inputs, self.arrays, strict=True))

    def run(self, fetches: Any, executor: str, feed: Any = None) -> Any:
        with self.graph.as_default(), tf.Session(executor=executor) as session:
            session.run(tf.global_variables_initializer())
            return session.run(fetches, self.feed if feed is None else feed)


def assert_close(actual: Any, expected: Any, rtol: float, what: str) -> None:
    """Equal for integers, bools and strings; else within ``rtol`` of the largest magnitude."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    if actual.dtype.kind not in "fcV":
        np.testing.assert_array_equal(actual, expected, err_msg=what)
        return
    wide = np.complex128 if actual.dtype.kind == "c" else np.float64
    finite = np.abs(expected[np.isfinite(expected)].astype(wide)) if expected.size else np.zeros(0)
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    np.testing.assert_allclose(
        actual.astype(wide), expected.astype(wide), rtol=rtol, atol=rtol * scale, err_msg=what
    )


def tolerance(case: Case, dtype: str) -> float:
    return case.rtol if dtype == "float32" else max(1e-10, case.rtol * 1e-5)


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_forward(case: Case) -> None:
    for dtype in case.dtypes:
        built = Built(case, dtype)
        compiled = built.run(built.outputs, "xla")
        for tensor, value in zip(built.outputs, compiled, strict=True):
            assert tensor.shape.is_compatible_with(np.shape(value)), (
                f"{tensor}: run gave shape {np.shape(value)}"
            )
            if tensor.dtype.base_dtype != tf.string:
                assert np.asarray(value).dtype == tensor.dtype.base_dtype.np, (
                    f"{tensor}: {np.asarray(value).dtype}"
                )
        if case.reference is not None:
            for value, expected in zip(compiled, listed(case.reference(*built.arrays)), strict=True):
                assert_close(value, expected, tolerance(case, dtype), f"{case.label} {dtype} xla")
        if case.python:
            stepwise = built.run(built.outputs, "python")
            for value, expected in zip(stepwise, compiled, strict=True):
                assert np.asarray(value).dtype == np.asarray(expected).dtype
                assert_close(value, expected, tolerance(case, dtype) * 10, f"{case.label} {dtype} python")


@pytest.mark.parametrize("case", WITH_GRADIENT, ids=_name)
def test_gradient(case: Case) -> None:
    if "float64" not in case.dtypes:
        pytest.skip("the row has no float64 form, in which finite differences are exact enough")
    built = Built(case, "float64")
    wanted = [x for x in built.inputs if x.dtype == tf.float64]
    outputs = [y for y in built.outputs if y.dtype == tf.float64]
    if not wanted or not outputs:
        pytest.skip("no floating-point input and output")
    rng = np.random.default_rng(11)
    with built.graph.as_default():
        values = built.run(outputs, "python")
        weights = [rng.standard_normal(np.shape(v)) for v in values]
        total = tf.add_n([tf.reduce_sum(y * w) for y, w in zip(outputs, weights, strict=True)])
        first = _connected(tf.gradients(total, wanted), wanted)
        assert first, f"{case.label}: no gradient reaches its inputs"
        _compare(built, total, first, f"{case.label} gradient", rng)
        if case.second:
            seeds = {x: rng.standard_normal(x.shape.as_list()) for x in first}
            inner = tf.add_n([tf.reduce_sum(g * seeds[x]) for x, g in first.items()])
            second = _connected(tf.gradients(inner, wanted), wanted)
            if second:
                _compare(built, inner, second, f"{case.label} second order", rng)


def _connected(gradients: Any, inputs: Any) -> dict[Any, Any]:
    return {x: tf.convert_to_tensor(g) for x, g in zip(inputs, gradients, strict=True) if g is not None}


def _compare(
    built: Built, total: Any, gradients: dict[Any, Any], what: str, rng: np.random.Generator
) -> None:
    """Compare gradients with central differences along two random directions, and the executors with each other."""
    executor = "python"
    values = dict(zip(gradients, built.run(list(gradients.values()), executor), strict=True))
    compiled = built.run(list(gradients.values()), "xla")
    for (x, value), again in zip(values.items(), compiled, strict=True):
        assert np.shape(value) == tuple(x.shape.as_list()), (
            f"{what}: gradient of shape {np.shape(value)} for {x}"
        )
        assert_close(again, value, 1e-9, f"{what}, compiled")
    with built.graph.as_default(), tf.Session(executor=executor) as session:
        session.run(tf.global_variables_initializer())
        for x, gradient in values.items():
            for _ in range(2):
                direction = rng.standard_normal(x.shape.as_list())
                center = built.feed[x]
                above, below = (
                    session.run(total, {**built.feed, x: center + sign * _STEP * direction})
                    for sign in (1, -1)
                )
                numeric = (above - below) / (2 * _STEP)
                symbolic = float(np.sum(gradient * direction))
                scale = max(1.0, abs(numeric), float(np.linalg.norm(gradient) * np.linalg.norm(direction)))
                assert abs(numeric - symbolic) <= 2e-6 * scale, (
                    f"{what} of {x.name}: {symbolic}, but differences give {numeric}"
                )


def test_every_op_has_a_row_or_a_test_that_names_it() -> None:
    """An op without a row must be named in a test: those that act on files, queues, variables and threads."""
    covered = {op for case in CASES for op in case.ops}
    tests = "\n".join(p.read_text() for p in Path(__file__).parent.parent.rglob("test_*.py"))
    missing = [name for name in registered_ops() if name not in covered and f'"{name}"' not in tests]
    assert not missing, f"no row in the op table and no test names: {', '.join(sorted(missing))}"


def test_rows_have_labels_of_their_own() -> None:
    labels = [c.label for c in CASES]
    assert len(labels) == len(set(labels)), [label for label in labels if labels.count(label) > 1]
