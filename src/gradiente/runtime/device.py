"""Device segments: operations traced into one JAX function, compiled by XLA once for each signature."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradiente.graph.evaluate import Ref
from gradiente.graph.graph import Graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.kernels import dense
from gradiente.runtime import debug
from gradiente.runtime.backend import jax, jnp
from gradiente.runtime.calls import Bound, Programs, Results, Values, call, translated
from gradiente.runtime.effects import Key, first_count
from gradiente.runtime.interpret import Check, Context, run_operations
from gradiente.runtime.large_pages import has_large_pages, in_large_pages
from gradiente.runtime.plan import Segment
from gradiente.runtime.staging import Staging
from gradiente.runtime.state import State
from gradiente.runtime.windows import Windows

MOST_FUNCTIONS = 256
"""Sets of values for which a segment stays compiled; the one not used for longest makes room."""


def _start_counts(keys: Iterable[Key], state: Values) -> None:
    """Give the random ops that have not run yet their counts, so that the first run compiles what later ones use."""
    for key in keys:
        if key not in state and key.startswith(("count:", "fresh:")):
            state[key] = first_count(key)


class Executable:
    """A device segment, ready to run.

    One JAX function is kept for each set of values that must be known when compiling, up to ``MOST_FUNCTIONS`` of them;
    JAX keeps one XLA executable for each signature (the shapes of the inputs and of the variables).

    Attributes:
        segment: what it runs.
        compilations: how often the segment was traced and compiled.
    """

    def __init__(self, segment: Segment, graph: Graph) -> None:
        self.segment = segment
        self.staging = Staging(len(segment.inputs))
        self._graph = graph
        self._functions: OrderedDict[Any, _Traced] = OrderedDict()
        self._only: _Traced | None = None  # without static inputs
        self.compilations = 0
        self._windows = Windows.of(segment)
        self._lock = threading.Lock()
        self.written = sorted(segment.effects.writes)
        self.read_only = sorted(segment.effects.reads - segment.effects.writes)

    def traced(self, static: Sequence[np.ndarray[Any, Any]]) -> _Traced:
        """The function for these values of the static inputs."""
        return self._function(static, None)

    def chosen(
        self, inputs: Sequence[Any], static: Sequence[np.ndarray[Any, Any]]
    ) -> tuple[_Traced, Sequence[Any]]:
        """The function for these values, and what to call it with: windows that fit are arguments of it."""
        if not static:
            return self._only or self._function(static, None), inputs
        windows = self._windows
        if windows is None or not windows.fit(static):
            return self._function(static, None), inputs
        known, moving = windows.split(static)
        return self._function(known, windows), [*inputs, *moving]

    def _function(self, static: Sequence[np.ndarray[Any, Any]], windows: Windows | None) -> _Traced:
        key = (windows is None, *((a.shape, a.tobytes()) for a in static))
        with self._lock:
            found = self._functions.get(key)
            if found is None:
                found = _Traced(self.segment, self._graph, static, self._note_compilation, windows)
                self._functions[key] = found
                self._only = None if static else found
                if len(self._functions) > MOST_FUNCTIONS:
                    self._functions.popitem(last=False)
            elif static:
                self._functions.move_to_end(key)
        return found

    def _note_compilation(self) -> None:
        self.compilations += 1

    def start(
        self, state: State, inputs: Sequence[Any], static: Sequence[np.ndarray[Any, Any]]
    ) -> tuple[list[Any], list[Any]]:
        """Start the segment: update ``state`` and return the outputs, and what to ``wait`` for.

        ``state``'s written entries are donated: their buffers are used for the new values. The values may still be on
        their way when this returns.
        """
        function, inputs = self.chosen(inputs, static)
        bound: Bound | None = state.bound.get(self)
        results = None
        if bound is not None and bound.jitted is function.jitted:
            results = bound.start(inputs)
        written: Values = {}
        read: Values | None = None
        if results is None:
            _start_counts(self.written, state)
            written, read = self._taken(state)
            results = call(function.jitted, state, written, read, inputs)
        outputs, new, ok = results
        if getattr(ok, "ndim", 0):  # one element for each check; without checks, a scalar or ()
            failed = np.flatnonzero(~np.asarray(ok))
            if failed.size:
                read = read or self._taken(state)[1]
                raise function.checks_of(written, read, inputs)[int(failed[0])].failure()
        if len(new) != len(written):
            state.update(new)
        if read is not None and not self.written:
            state.bound[self] = Bound(function.jitted, function.programs, read, inputs)
        return outputs, outputs or [ok]

    def _taken(self, state: Values) -> tuple[Values, Values]:
        """What the program writes, and what it only reads."""
        return (
            {k: state[k] for k in self.written if k in state},
            {k: state[k] for k in self.read_only if k in state},
        )

    @staticmethod
    def wait(pending: Sequence[Any]) -> None:
        """Wait until the segment has run: fed arrays may change from then on."""
        try:
            # jax.block_until_ready looks for trees first, which takes as long as a small program.
            for value in pending:
                value.block_until_ready()
        except jax.errors.JaxRuntimeError as error:
            raise translated(error) from error


class _Traced:
    """The JAX function of a segment, for given values of its static inputs.

    With ``windows`` only some of these are known, and the others are inputs after the segment's own.
    """

    def __init__(
        self,
        segment: Segment,
        graph: Graph,
        static: Sequence[np.ndarray[Any, Any]],
        note_compilation: Callable[[], None],
        windows: Windows | None = None,
    ) -> None:
        self._segment = segment
        self._graph = graph
        known, self.inputs = segment.static, segment.inputs
        self._traced_slices: frozenset[Operation] = frozenset()
        if windows is None:
            self._program = segment.program
        else:
            known, self.inputs = windows.static, [*segment.inputs, *windows.moving]
            self._program = segment.optimized(windows.must_fold)
            self._traced_slices = self._program.standing_for(windows.slices)
        self._static = dict(zip(known, static, strict=True))
        self._note_compilation = note_compilation
        self.checks: list[Check] = []
        self._checks_by_shapes: dict[Any, list[Check]] = {}
        self.jitted: Any = jax.jit(self.body, donate_argnums=(0,))
        self.programs: Programs = {}

    def body(self, written: Values, read: Values, inputs: Sequence[Any]) -> Results:
        """What JAX traces: the segment's operations, in order."""
        segment = self._segment
        self._note_compilation()
        debug.note_compilation(len(segment.ops), self.inputs, inputs)
        ctx = Context(jnp, {**written, **read})
        env: dict[Tensor, Any] = {
            t: Ref(self._graph.get_operation_by_name(k)) for t, k in segment.refs.items()
        }
        env.update(zip(self.inputs, inputs, strict=True))
        env.update(self._static)
        program = self._program
        env.update(program.known)
        ctx.windows = self._traced_slices
        run_operations(program.steps, env, ctx, program.must_fold)
        fed = {id(v) for v in inputs}
        outputs = [self._own(ctx.value(env[t]), t.dtype.np, fed) for t in segment.outputs]
        new: Values = {
            k: self._own(ctx.state[k], None, fed) for k in segment.effects.writes if k in ctx.state
        }
        checks = [*ctx.checks, *_inner_checks(ctx, new)]
        self.checks = checks
        self._checks_by_shapes[_shapes(written, read, inputs)] = checks
        if not checks:
            return outputs, new, () if outputs else jnp.zeros((), bool)
        oks = [jnp.all(jnp.asarray(c.ok)) for c in checks]
        ok = jnp.stack(oks)
        all_ok = jnp.all(ok)
        kept = {
            k: jnp.where(all_ok, v, written[k])
            if k in written
            and written[k].shape == v.shape
            and not jax.dtypes.issubdtype(v.dtype, jax.dtypes.prng_key)
            else v
            for k, v in new.items()
        }
        return outputs, kept, ok

    @staticmethod
    def _own(value: Any, dtype: Any, fed: set[int]) -> Any:
        """An output that shares no buffer with what the caller fed."""
        if id(value) in fed:
            return jnp.array(value, dtype=dtype, copy=True)
        return jnp.asarray(value, dtype=dtype)

    def checks_of(self, written: Values, read: Values, inputs: Sequence[Any]) -> list[Check]:
        """The checks of the executable for these shapes: what they say may depend on them."""
        return self._checks_by_shapes[_shapes(written, read, inputs)]

    def lower(self, written: Values, read: Values, inputs: Sequence[Any]) -> Any:
        """The lowered program, for looking at (``as_text``)."""
        with jax.enable_x64(True):
            return self.jitted.lower(written, read, inputs)


def _shapes(written: Values, read: Values, inputs: Sequence[Any]) -> Any:
    state = tuple((k, np.shape(v)) for values in (written, read) for k, v in sorted(values.items()))
    return state, tuple(np.shape(v) for v in inputs)


def _inner_checks(ctx: Context, new: Values) -> list[Check]:
    """The checks made inside loops and branches, whose outcome travels with the state."""
    found: list[Check] = []
    for key in [k for k in new if k.startswith("check:")]:
        ok, check = new.pop(key), ctx.messages.get(key)
        if check is not None:
            found.append(Check(check.op, ok, check.message, check.error))
    return found


def place(value: Any) -> Any:
    """A copy of a NumPy value as an array on the device, of the same type (also 64-bit types)."""
    array = np.asarray(value)
    with jax.enable_x64(True):
        if has_large_pages(array):
            return in_large_pages(jax.device_put(array).block_until_ready())
        return jax.device_put(np.array(array))


def to_numpy(value: Any) -> np.ndarray[Any, Any]:
    """A value as a NumPy array, which may share memory with it and must not be changed."""
    return np.asarray(value)


def lower_segment(
    executable: Executable, state: Mapping[Key, Any], inputs: Sequence[Any], static: Sequence[Any]
) -> Any:
    """The lowered program of a segment for given values."""
    state = dict(state)
    _start_counts(executable.written, state)
    written = {k: state[k] for k in executable.written if k in state}
    read = {k: state[k] for k in executable.read_only if k in state}
    function, inputs = executable.chosen(inputs, static)
    return function.lower(written, read, inputs)


class StepProgram:
    """A device segment run many times inside one executable, each time on another batch."""

    def __init__(self, executable: Executable, batched: int) -> None:
        self._executable = executable
        self._batched = batched
        self._jitted: Any = None
        self._traced: _Traced | None = None

    def run(
        self,
        state: State,
        batched: Sequence[Tensor],
        data: Sequence[Any],
        env: Mapping[Tensor, Any],
        indices: Any,
    ) -> list[Any]:
        """Run one step for each row of ``indices`` and return the outputs, stacked.

        Args:
            state: the session's state, which is updated.
            batched: the tensors fed with batches.
            data: their examples, on the device.
            env: the values of the other fed tensors and of constants.
            indices: the positions of each step's batch, of shape [steps, batch].
        """
        segment = self._executable.segment
        static = [np.asarray(env[t]) for t in segment.static]
        traced = self._executable.traced(static)
        if self._jitted is None or traced is not self._traced:
            self._jitted, self._traced = jax.jit(self._body(traced, batched), donate_argnums=(0,)), traced
        _start_counts(self._executable.written, state)
        written = {k: state[k] for k in self._executable.written if k in state}
        read = {k: state[k] for k in self._executable.read_only if k in state}
        fixed = [env.get(t) for t in segment.inputs]
        outputs, new, oks = call(self._jitted, state, written, read, list(data), fixed, indices)
        state.update(new)
        if traced.checks:
            failed = np.argwhere(~np.asarray(oks))
            if failed.size:
                raise traced.checks[int(failed[0][1])].failure()
        jax.block_until_ready((new, outputs))
        return outputs

    @staticmethod
    def _body(traced: _Traced, batched: Sequence[Tensor]) -> Any:
        inputs = traced.inputs
        position = {t: i for i, t in enumerate(batched)}

        def many(
            written: Values, read: Values, data: Sequence[Any], fixed: Sequence[Any], indices: Any
        ) -> Any:
            def step(carry: Any, batch: Any) -> Any:
                variables, alive = carry
                values = [
                    _rows(data[position[t]], batch) if t in position else fixed[i]
                    for i, t in enumerate(inputs)
                ]
                outputs, new, ok = traced.body(variables, read, values)
                if not traced.checks:
                    return (new, alive), (outputs, ())
                kept = {k: jnp.where(alive, v, variables[k]) for k, v in new.items()}
                return (kept, alive & jnp.all(ok)), (outputs, ok | ~alive)

            (variables, _), (outputs, oks) = jax.lax.scan(step, (written, jnp.asarray(True)), indices)
            return outputs, variables, oks

        return many


def _rows(data: Any, which: Any) -> Any:
    """The examples of a batch."""
    if dense.gather_rows_suits(data, which):
        return dense.gather_rows(data, which)
    return data.at[which].get(mode="promise_in_bounds")
