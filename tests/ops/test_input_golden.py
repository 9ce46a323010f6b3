"""Images, records and shuffling queues, compared with what TensorFlow computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.golden.input_cases import RUNS, programs, shuffled

import gradiente as tf

GOLDEN = dict(np.load(Path(__file__).parents[1] / "golden" / "input.npz"))
_EXECUTORS = ("xla", "python")


@pytest.mark.parametrize("executor", _EXECUTORS)
def test_programs_give_tensorflows_values(executor: str) -> None:
    cases = programs(tf)
    wrong: list[str] = []
    with tf.Session(executor=executor) as session:
        for run in range(RUNS):
            for name, value in session.run(cases).items():
                if f"{name}/{run}" in GOLDEN:
                    fault = difference(np.asarray(value), GOLDEN[f"{name}/{run}"])
                    if fault:
                        wrong.append(f"{name}, run {run}: {fault}")
    assert {f"{name}/0" for name in cases} | {"shuffled"} <= set(GOLDEN)
    assert not wrong, "\n".join(wrong)


def difference(value: Any, expected: Any) -> str:
    """What is wrong with a value; an empty string if nothing is."""
    if value.dtype == object:
        value = np.asarray(value, "S")
        return "" if value.tolist() == expected.tolist() else f"{value} instead of {expected}"
    if value.shape != expected.shape or value.dtype != expected.dtype:
        return f"{value.dtype} {value.shape} instead of {expected.dtype} {expected.shape}"
    if value.dtype.kind != "f":
        off = np.abs(value.astype(np.int64) - expected.astype(np.int64))
        return "" if not off.any() else f"{(off > 0).sum()} of {off.size} differ, by up to {off.max()}"
    rtol = 2e-3 if value.dtype == np.float16 else 1e-5
    scale = max(1.0, float(np.nanmax(np.abs(expected[np.isfinite(expected)]), initial=0)))
    close = np.isclose(value, expected, rtol=rtol, atol=rtol * scale, equal_nan=True)
    return "" if close.all() else f"off by up to {np.max(np.abs(value - expected))}"


def test_a_shuffling_queue_chooses_as_tensorflow_does() -> None:
    fill, take = shuffled(tf)
    with tf.Session() as session:
        session.run(fill)
        np.testing.assert_array_equal(session.run(take), GOLDEN["shuffled"])
