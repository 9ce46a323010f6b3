"""Ten steps of each optimizer, the schedules and the averages, against what TensorFlow computes (tests/golden)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.golden import optimizer_cases as cases

import gradiente as tf

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "optimizers.npz")
EXECUTORS = ("xla", "python")
TRAJECTORIES = [(c, f, d) for c in cases.OPTIMIZERS for f in cases.FORMS for d in cases.dtypes(c)]


def session(executor: str) -> Callable[[], Any]:
    return partial(tf.Session, executor=executor)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("case", "form", "dtype"), TRAJECTORIES)
def test_ten_steps(case: str, form: str, dtype: str, executor: str) -> None:
    values = cases.trajectory(tf, session(executor), case, form, dtype)

    assert values.dtype == dtype
    tolerance = {"rtol": 2e-5, "atol": 2e-6} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(values, GOLDEN[f"{case}/{form}/{dtype}"], **tolerance)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("case", cases.SCHEDULES)
def test_schedule(case: str, executor: str) -> None:
    rates = cases.schedule(tf, session(executor), case)

    np.testing.assert_allclose(rates, GOLDEN[f"schedule/{case}"], rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("case", cases.AVERAGES)
def test_moving_average(case: str, executor: str) -> None:
    values = cases.averages(tf, session(executor), case)

    np.testing.assert_allclose(values, GOLDEN[f"average/{case}"], rtol=1e-5, atol=1e-6)
