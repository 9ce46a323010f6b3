"""Running a plan: segment after segment, values in between, state in the session."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiente.graph.evaluate import Ref, RunsOnHost
from gradiente.graph.graph import Graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.types import is_known
from gradiente.runtime import debug
from gradiente.runtime.direct import Direct
from gradiente.runtime.effects import Key
from gradiente.runtime.habits import Habits
from gradiente.runtime.interpret import Context, missing_value, run_operations, uninitialized
from gradiente.runtime.plan import Plan, Segment, make_plan
from gradiente.runtime.state import HostView

if TYPE_CHECKING:
    from gradiente.runtime.device import Executable
    from gradiente.runtime.session import Session


RUNS_IN_NUMPY = 50
"""Runs of an ``interpreted`` segment that takes values, after which it is compiled, which takes as long as all of these."""


class Runner:
    """A plan, and the executables of its device segments."""

    def __init__(
        self, graph: Graph, fetches: Sequence[Tensor], targets: Sequence[Operation], feeds: Sequence[Tensor],
        ref_feeds: Mapping[Tensor, Key] | None = None, habits: Habits | None = None, done: Set[Operation] = frozenset(),
    ) -> None:  # fmt: skip
        self.graph = graph
        self.plan: Plan = make_plan(fetches, targets, feeds, ref_feeds, done)
        self._rest: tuple[int, Runner] | None = None
        self._executables: dict[int, Executable] = {}
        self._habits = habits
        self._missing = self._not_fed()
        self._constants = [
            t for s in self.plan.segments for t in (*s.inputs, *s.static) if _is_constant(t, self.plan)
        ]
        self._constants += [t for t in fetches if _is_constant(t, self.plan)]
        # An initial value is the same in every run, which another order of rounding would end.
        self._in_numpy = {
            s.level: RUNS_IN_NUMPY if s.inputs else inf for s in self.plan.segments if s.interpreted
        }
        self._direct = None if self._in_numpy else Direct.of(self.plan)

    def _not_fed(self) -> Operation | None:
        fed = set(self.plan.feeds)
        ops = (op for segment in self.plan.segments for op in segment.ops)
        return next((op for op in ops if op.type == "Placeholder" and op.outputs[0] not in fed), None)

    def fetch(self, session: Session, values: Sequence[Any]) -> list[Any]:
        """Run the plan and return the fetched values as the caller's own arrays."""
        return [_own(v) for v in self.run(session, values)]

    def run(self, session: Session, values: Sequence[Any]) -> list[Any]:
        """Run the plan on the fed values and return the fetched ones, where they are."""
        if self._missing is not None:
            raise missing_value(self._missing)
        direct = self._direct
        if direct is not None and session.executor != "python" and not debug.topics():
            try:
                outputs = self._on_device(session, direct.segment, [values[i] for i in direct.inputs], ())
                return [outputs[i] for i in direct.fetches]
            except (RunsOnHost, TypeError):  # before anything ran; what becomes of them is said below
                self._direct = None
        env: dict[Tensor, Any] = dict(zip(self.plan.feeds, values, strict=True))
        self.add_constants(session, env)
        started = time.perf_counter() if debug.enabled("time") else 0.0
        for number, segment in enumerate(self.plan.segments):
            if self._rest is not None and number == self._rest[0]:
                self._run_rest(session, self._rest[1], env)
                break
            if segment.on_host:
                self._run_host(session, segment, env)
            elif session.executor == "python":
                self._run_python(session, segment, env, np.array)
            elif segment.level in self._in_numpy:
                self._count_in_numpy(segment)
                self._run_python(session, segment, env, _place)
            else:
                try:
                    self._run_device(session, segment, env)
                except RunsOnHost:
                    self._rest = number, self._planned_again(number, env)
                    self._run_rest(session, self._rest[1], env)
                    break
                except TypeError:
                    if not any(_rows_differ(env[t]) for t in segment.inputs):
                        raise
                    self._run_host(session, segment, env)
        if started:
            debug.tell("time", f"run {1e3 * (time.perf_counter() - started):.3f} ms")
        return [self._fetched(session, t, env) for t in self.plan.fetches]

    def _count_in_numpy(self, segment: Segment) -> None:
        """Note one more run in NumPy; from some number on, the next ones are compiled."""
        left = self._in_numpy.get(segment.level, 0) - 1
        if left > 0:
            self._in_numpy[segment.level] = left
            return
        self._in_numpy.pop(segment.level, None)
        self._direct = None if self._in_numpy else Direct.of(self.plan)

    def _planned_again(self, number: int, env: Mapping[Tensor, Any]) -> Runner:
        """The runner of the segments from ``number`` on, once an operation there was found to be one for the host."""
        segments = self.plan.segments
        ops = [op for segment in segments[number:] for op in segment.ops]
        done = {op for segment in segments[:number] for op in segment.ops}
        used = {t for op in ops for t in op.inputs} | set(self.plan.fetches)
        fed = [t for t in env if t in used]
        refs = {t: value.key for t in fed if isinstance(value := env[t], Ref)}
        fetches = [t for t in self.plan.fetches if t not in env and t not in self.plan.refs]
        return Runner(self.graph, fetches, ops, fed, refs, self._habits, done)

    @staticmethod
    def _run_rest(session: Session, rest: Runner, env: dict[Tensor, Any]) -> None:
        values = rest.run(session, [env[t] for t in rest.plan.feeds])
        env.update(zip(rest.plan.fetches, values, strict=True))

    def add_constants(self, session: Session, env: dict[Tensor, Any]) -> None:
        """Add the constants that are arguments of the executables to ``env``."""
        for tensor in self._constants:
            env[tensor] = _constant(session, tensor)

    def _fetched(self, session: Session, tensor: Tensor, env: Mapping[Tensor, Any]) -> Any:
        value = env.get(tensor)
        key = value.key if isinstance(value, Ref) else self.plan.refs.get(tensor)
        if key is None:
            return value
        with session.lock:
            if key not in session.state:
                raise uninitialized(self.graph.get_operation_by_name(key))
            return np.array(session.state[key])

    def _prefill(self, segment: Segment, env: dict[Tensor, Any]) -> None:
        for tensor, key in segment.refs.items():
            if tensor not in env:
                env[tensor] = Ref(self.graph.get_operation_by_name(key))

    def _run_host(self, session: Session, segment: Segment, env: dict[Tensor, Any]) -> None:
        self._prefill(segment, env)
        for tensor in segment.inputs:
            if not isinstance(env[tensor], Ref):
                env[tensor] = np.asarray(env[tensor])
        place = np.array if session.executor == "python" else _place
        ctx = HostContext(HostView(session.state, session.lock, place), session)
        run_operations(segment.ops, env, ctx)

    def _run_python(self, session: Session, segment: Segment, env: dict[Tensor, Any], place: Any) -> None:
        self._prefill(segment, env)
        for tensor in segment.inputs:
            if not isinstance(env[tensor], Ref):
                env[tensor] = np.asarray(env[tensor])
        with session.lock:
            touched = segment.effects.reads | segment.effects.writes
            ctx = Context(
                np, {k: np.asarray(session.state[k]) for k in touched if k in session.state}, session
            )
            run_operations(segment.ops, env, ctx)
            for tensor in segment.outputs:
                env[tensor] = np.array(ctx.value(env[tensor]))
            session.state.update({k: place(ctx.state[k]) for k in segment.effects.writes if k in ctx.state})

    def executable(self, segment: Segment) -> Executable:
        """The executable of a device segment."""
        found = self._executables.get(segment.level)
        if found is None:
            from gradiente.runtime.device import Executable

            found = self._executables.setdefault(segment.level, Executable(segment, self.graph))
        return found

    def _run_device(self, session: Session, segment: Segment, env: dict[Tensor, Any]) -> None:
        static = [np.asarray(env[t]) for t in segment.static]
        outputs = self._on_device(session, segment, [env[t] for t in segment.inputs], static)
        env.update(zip(segment.outputs, outputs, strict=True))

    def _on_device(
        self,
        session: Session,
        segment: Segment,
        values: Sequence[Any],
        static: Sequence[np.ndarray[Any, Any]],
    ) -> list[Any]:
        """Run a device segment and wait for it."""
        executable = self.executable(segment)
        before = executable.compilations
        inputs, taken = executable.staging.take(values)
        if not before and debug.enabled("xla"):
            from gradiente.runtime.device import lower_segment

            debug.tell("xla", lower_segment(executable, session.state, inputs, static).as_text())
        started = time.perf_counter()
        with session.lock:
            outputs, pending = executable.start(session.state, inputs, static)
        executable.wait(pending)
        executable.staging.give_back(taken)
        if executable.compilations != before:
            self._note_compilation(segment, executable, time.perf_counter() - started)
        return outputs

    def _note_compilation(self, segment: Segment, executable: Executable, seconds: float) -> None:
        if debug.enabled("time"):
            debug.tell(
                "time", f"compile and first run of {len(segment.ops)} operations {1e3 * seconds:.1f} ms"
            )
        if self._habits is not None:
            self._habits.after_compilation(executable.compilations, self.plan.feeds, segment.static)

    def program_text(self, session: Session, values: Sequence[Any], stage: str) -> str:
        """The programs of the device segments for these fed values: ``"stablehlo"`` or ``"hlo"``.

        Raises:
            ValueError: if a device segment needs what a host segment computes first.
        """
        from gradiente.runtime.device import lower_segment

        env: dict[Tensor, Any] = dict(zip(self.plan.feeds, values, strict=True))
        self.add_constants(session, env)
        texts: list[str] = []
        for segment in self.plan.segments:
            if segment.on_host:
                continue
            if any(t not in env for t in (*segment.inputs, *segment.static)):
                raise ValueError(
                    "A device segment takes values from a host segment; look at its plan, or fetch them first."
                )
            lowered = lower_segment(
                self.executable(segment), session.state, [env[t] for t in segment.inputs],
                [np.asarray(env[t]) for t in segment.static],
            )  # fmt: skip
            texts.append(lowered.as_text() if stage == "stablehlo" else lowered.compile().as_text())
        return "\n".join(texts)


class HostContext(Context):
    """The context of host operations: function bodies run as plans of their own."""

    def __init__(self, state: Any, session: Session) -> None:
        super().__init__(np, state, session)

    def next_count(self) -> Any:
        """How often the running operation ran before: counted once, also when several threads fill a queue."""
        with self.session.lock:
            return super().next_count()

    def run_function(self, body: Any, arguments: Sequence[Any], count: int | None = None) -> list[Any]:
        """Run a function body as a plan of its own, its device parts compiled; in NumPy where each turn of a loop would
        have to be compiled for other shapes.
        """
        if body.shapes_vary:
            return super().run_function(body, arguments, count)
        op = self.op
        results = self.session.run_function(body, arguments, count)
        self.op = op
        return [np.asarray(v) for v in results]


def _rows_differ(value: Any) -> bool:
    """Whether the value is the history of a loop whose shapes vary: an array of arrays, which XLA can't take."""
    return is_known(value) and value.dtype == np.object_


def _is_constant(tensor: Tensor, plan: Plan) -> bool:
    return tensor.op.type == "Const" and tensor not in plan.feeds


def _constant(session: Session, tensor: Tensor) -> Any:
    """A constant that is an argument: placed on the device once."""
    value = tensor.op.attrs["value"]
    if session.executor == "python" or value.dtype == np.object_:
        return value
    return session.resource(("constant", tensor), lambda: _place(value))


def _place(value: Any) -> Any:
    from gradiente.runtime.device import place

    return place(value)


def _own(value: Any) -> Any:
    array = np.array(value)
    return array[()] if array.ndim == 0 else array
