"""Many steps in one executable, over data that lives on the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gradiente.graph.evaluate import RunsOnHost
from gradiente.graph.operation import Tensor
from gradiente.runtime.batches import BatchOrder
from gradiente.runtime.effects import is_variable
from gradiente.runtime.feeds import feed_value
from gradiente.runtime.fetches import Fetches
from gradiente.runtime.interpret import uninitialized
from gradiente.runtime.run import Runner

if TYPE_CHECKING:
    from gradiente.runtime.session import Session


class StepLoop:
    """Runs a step many times as one XLA program: no Python between the steps, and no copies of data.

    Made by ``Session.make_loop``. The numbers are those of as many single runs on the same batches: ``order`` says which.

    Attributes:
        order: the batches; ``order.step`` is the number of steps taken, and may be set to go on from another.
    """

    def __init__(
        self, session: Session, fetches: Any, data: Mapping[Tensor, Any], batch_size: int, shuffle: bool, seed: int,
        constants: Mapping[Tensor, Any] | None, positions: Sequence[int] | npt.NDArray[Any] | None = None,
    ) -> None:  # fmt: skip
        if not data:
            raise ValueError("A loop takes its batches from `data`: at least one tensor with its examples.")
        sizes = {t.name: len(v) for t, v in data.items()}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"The entries of `data` must have equally many examples, not {sizes}.")
        self._session = session
        self._fetches = Fetches(session.graph, fetches)
        self._batched = list(data)
        self._fixed = dict(constants or {})
        feeds = [*self._batched, *self._fixed]
        self._runner = Runner(session.graph, self._fetches.tensors, self._fetches.operations, feeds)
        plan = self._runner.plan
        if (
            len(plan.segments) != 1
            or plan.segments[0].on_host
            or any(t in self._batched for t in plan.segments[0].static)
        ):
            raise ValueError(
                "Many steps in one executable need a step that runs on the device as a whole; this one has "
                f"{sum(s.on_host for s in plan.segments)} host segments (strings, files, queues, py_func, Print, outputs "
                f"whose shape depends on values). Run it step by step. Its plan:\n{plan.as_text()}"
            )
        self._segment = plan.segments[0]
        self.order = BatchOrder(next(iter(sizes.values())), batch_size, shuffle, seed, positions)
        self._check_batches(data, batch_size)
        from gradiente.runtime.device import place

        with session.placement():
            self._data = [place(np.asarray(v, dtype=t.dtype.base_dtype.np)) for t, v in data.items()]
        self._compiled: Any = None

    def _check_batches(self, data: Mapping[Tensor, Any], batch_size: int) -> None:
        for tensor, values in data.items():
            shape = (batch_size, *np.shape(values)[1:])
            if not tensor.shape.is_compatible_with(shape):
                feed_value(tensor, np.empty(shape, tensor.dtype.base_dtype.np))

    def run(self, steps: int) -> Any:
        """Take ``steps`` steps.

        Args:
            steps: how many; a new number is compiled once.

        Returns:
            The fetches' nesting, each tensor's values stacked along a new first axis (None for operations).

        Raises:
            OpError: if a check fails in some step; the variables are as that step found them.
        """
        from gradiente.runtime.device import StepProgram

        if self._compiled is None:
            self._compiled = StepProgram(self._runner.executable(self._segment), len(self._batched))
        fixed = [feed_value(t, v) for t, v in self._fixed.items()]
        env: dict[Tensor, Any] = dict(zip(self._fixed, fixed, strict=True))
        self._runner.add_constants(self._session, env)
        with self._session.lock:
            state = self._session.state
            for key in sorted(self._segment.effects.reads):
                if is_variable(key) and key not in state:
                    raise uninitialized(self._session.graph.get_operation_by_name(key))
            indices = self.order.take(steps)
            try:
                with self._session.placement():
                    outputs = self._compiled.run(state, self._batched, self._data, env, indices)
            except RunsOnHost as error:
                raise ValueError(
                    f"Many steps in one executable need a step that runs on the device as a whole, here: {error} Run it "
                    "step by step."
                ) from error
        values = dict(zip(self._segment.outputs, outputs, strict=True))
        by_fetch: list[Any] = []
        for tensor in self._fetches.tensors:
            if tensor in values:
                by_fetch.append(np.array(values[tensor]))
            elif tensor in self._runner.plan.refs:
                raise ValueError(
                    f"Fetch {tensor.name!r} is a variable, whose values in between are not kept; run it after."
                )
            else:
                by_fetch.append(
                    np.broadcast_to(np.asarray(env[tensor]), (steps, *np.shape(env[tensor]))).copy()
                )
        return self._fetches.rebuild(by_fetch)
