"""Looks for a good learning rate before training: Smith's range test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.learning.devices import session_config
from gradiente.classify.learning.graph import training_graph
from gradiente.classify.learning.steps import steps_over
from gradiente.classify.learning.training import Job, measure, recipe_of
from gradiente.classify.preparation.defaults import usual_rate
from gradiente.classify.problems import DivergedError

_STEPS = 120
_DECADES = 5.0


@dataclass(frozen=True)
class RateTest:
    """The outcome of a range test.

    Attributes:
        rates: the learning rate of each step.
        losses: the smoothed loss of its batch, before the step.
        suggestion: a third of the rate at which the loss was lowest.
    """

    rates: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    suggestion: float

    def as_table(self) -> str:
        """The rates and losses as CSV."""
        rows = [f"{rate:.6g},{loss:.6g}" for rate, loss in zip(self.rates, self.losses, strict=True)]
        return "\n".join(["lr,loss", *rows]) + "\n"


def find_lr(job: Job) -> RateTest:
    """Take steps with a learning rate that grows from step to step until the loss explodes.

    The loss falls, is lowest, and explodes; somewhat below the lowest place learning is quick and safe (Smith 2017).
    The network is thrown away.

    Args:
        job: as for ``fit``; its learning rate plays no part.

    Raises:
        DivergedError: the loss is no number from the very beginning.
    """
    settings, data = job.settings, job.data
    batch = settings.batch or 1
    highest = 30 * usual_rate(settings.optimizer)
    lowest = highest / 10**_DECADES

    def growing(step: Any) -> Any:
        return lowest * tf.pow(10.0, tf.cast(step, tf.float32) * (_DECADES / (_STEPS - 1)))

    recipe = replace(
        recipe_of(replace(settings, lr=1.0), 1, data, job.trainable),
        rate=growing,
        average=0.0,
    )  # fmt: skip
    train = data.parts["train"]
    preprocessing = job.preprocessing or measure(train.images)
    graph = training_graph(job.network, data.shape, len(data.classes), preprocessing, recipe)
    with tf.Session(graph=graph.graph, config=session_config(settings.device)) as session:
        session.run(graph.initialize)
        if job.initial:
            session.import_state(job.initial)
        steps = steps_over(session, graph, train, batch, settings.seed, None)
        losses: list[float] = []
        piece = _STEPS // 10
        while len(losses) < _STEPS:
            losses.extend(steps.run(piece)[0].tolist())
            recent = np.asarray(losses)
            if not np.isfinite(recent).all() or recent[-piece:].mean() > 4 * recent.min() + 1:
                break
    rates = lowest * 10.0 ** (np.arange(_STEPS) * _DECADES / (_STEPS - 1))
    return suggest(rates[: len(losses)], losses)


def suggest(rates: npt.NDArray[np.float64], losses: Any) -> RateTest:
    """The rate a third of that with the lowest smoothed loss.

    Args:
        rates: growing learning rates.
        losses: the loss at each.

    Raises:
        DivergedError: fewer than two losses in the beginning are numbers.
    """
    values = np.asarray(losses, np.float64)
    good = len(values) if np.isfinite(values).all() else int(np.argmin(np.isfinite(values)))
    if good < 2:
        raise DivergedError(
            "The loss is no number from the first step on: look at the images and the network."
        )
    smooth = np.empty(good)
    mean = 0.0
    for at in range(good):
        # An exponential mean, corrected for its start as in Adam.
        mean = 0.9 * mean + 0.1 * values[at]
        smooth[at] = mean / (1 - 0.9 ** (at + 1))
    best = int(smooth.argmin())
    rounded = float(f"{rates[best] / 3:.1e}")
    return RateTest(rates[:good], smooth, rounded)
