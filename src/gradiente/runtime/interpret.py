"""Running operations one after another: under NumPy step by step, or under a JAX trace that becomes an executable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import Any

import numpy as np

from gradiente.graph.errors import FailedPreconditionError, InvalidArgumentError, OpError
from gradiente.graph.evaluate import Ref, call, compute_numpy
from gradiente.graph.functions import FuncGraph, outermost
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.types import Array, Namespace, is_known
from gradiente.runtime.effects import (
    Effects,
    Key,
    check_key,
    count_key,
    first_count,
    function_effects,
    hands_on_ref,
    is_variable,
    ref_inputs,
)
from gradiente.runtime.passes.program import Fused, Held, Step
from gradiente.runtime.static_values import SHAPE_ONLY, positions_of, static_in_body, static_inputs

_LARGEST_FOLDED = 1 << 14
"""Elements of the largest value that is worked out while tracing, unless it must be."""


class Check:
    """A condition that an operation wants to hold, and what to say when it does not."""

    __slots__ = ("error", "message", "ok", "op")

    def __init__(self, op: Operation, ok: Array, message: str, error: type[OpError]) -> None:
        self.op = op
        self.ok = ok
        self.message = message
        self.error = error

    def failure(self) -> OpError:
        """The error to raise."""
        return self.error(None, self.op, self.message)


class Context:
    """An execution's state, which computations reach as ``ctx``.

    Attributes:
        xp: the array namespace: ``numpy``, or ``jax.numpy`` while tracing.
        state: the values of the variables and counters that the execution may touch.
        checks: what the operations want to hold.
        op: the operation that is running.
        session: the session, for host computations; None while tracing.
        windows: slices that are traced although their bounds have to be known in general (``runtime/windows.py``).
    """

    windows: Set[Operation] = frozenset()

    def __init__(self, xp: Namespace, state: dict[Key, Any], session: Any = None) -> None:
        self.xp = xp
        self.state = state
        self.session = session
        self.checks: list[Check] = []
        self.messages: dict[Key, Check] = {}
        self.op: Any = None
        # A host computation sees copies, which nothing is made of twice; to copy all would cost more than the computation.
        self._first = list(state.values()) if self.tracing else []
        self._made_of: dict[int, list[Array]] = {id(v): [] for v in self._first}

    def note_use(self, inputs: Iterable[Array], results: Iterable[Array]) -> None:
        """Remember what was made of the variables' first values."""
        for value in inputs:
            made = self._made_of.get(id(value))
            if made is not None:
                made.extend(r for r in results if id(r) not in self._made_of)

    def made_of(self, value: Array) -> Sequence[Array]:
        """What operations have made of a variable's first value, so far."""
        return self._made_of.get(id(value), ())

    @property
    def tracing(self) -> bool:
        """Whether the values are traced by JAX."""
        return self.xp is not np

    def read(self, ref: Ref) -> Array:
        """The value of a variable.

        Raises:
            FailedPreconditionError: if it has none.
        """
        try:
            return self.state[ref.key]
        except KeyError:
            raise uninitialized(ref.op) from None

    def write(self, ref: Ref, value: Array) -> None:
        """Give a variable a value."""
        self.state[ref.key] = value

    def is_initialized(self, ref: Ref) -> bool:
        """Whether a variable has a value."""
        return ref.key in self.state

    def next_count(self) -> Array:
        """How often the running operation ran before in this session, as an int64 scalar; without a seed, that and a
        random start.
        """
        key = count_key(self.op)
        count = self.state.get(key)
        if count is None:
            count = self.xp.asarray(first_count(key))
        self.state[key] = count + 1
        return count

    def check(self, ok: Array, message: str, error: type[OpError] = InvalidArgumentError) -> None:
        """Require ``ok``, a bool scalar; otherwise the run fails with ``error(message)`` and changes no variable."""
        check = Check(self.op, ok, message, error)
        if not self.tracing:
            if not bool(ok):
                raise check.failure()
            return
        key = check_key(self.op)
        if isinstance(self.op.graph, FuncGraph):
            self.state[key] = self.state.get(key, True) & ok
            self.messages[key] = check
        elif isinstance(ok, bool) or is_known(ok):
            if not bool(ok):
                raise check.failure()
        else:
            self.checks.append(check)

    def inner(self, state: dict[Key, Any]) -> Context:
        """A context over other state, for the body of a traced loop or branch."""
        context = Context(self.xp, state, self.session)
        context.messages = self.messages
        context.op = self.op
        return context

    def function_effects(self, body: FuncGraph, arguments: Sequence[Any]) -> Effects:
        """The state that a function body touches when it is called with ``arguments``."""
        known = {t: v.key for t, v in zip(body.inputs, arguments, strict=True) if isinstance(v, Ref)}
        return function_effects(body, known)

    def carried(self, keys: Sequence[Key]) -> list[Any]:
        """The state of ``keys`` as traced values: what a traced loop or branch takes in and gives back.

        Raises:
            FailedPreconditionError: if one is a variable without a value.
        """
        values: list[Any] = []
        for key in keys:
            if key not in self.state:
                if is_variable(key):
                    raise uninitialized(outermost(self.op.graph).get_operation_by_name(key))
                start: Any = np.asarray(True) if key.startswith("check:") else first_count(key)
                self.state[key] = start
            values.append(self.xp.asarray(self.state[key]))
        return values

    def run_function(self, body: FuncGraph, arguments: Sequence[Any], count: int | None = None) -> list[Any]:
        """Run a function body on its arguments (values, or handles of variables).

        Args:
            body: the body.
            arguments: one for each of its inputs.
            count: work out only so many of its outputs.

        Returns:
            The outputs' values.
        """
        env: dict[Tensor, Any] = dict(zip(body.inputs, arguments, strict=True))
        outer = self.op
        run_operations(body.needed(count), env, self, static_in_body(body)[1])
        self.op = outer
        return [self.value(env[t]) for t in body.outputs[:count]]

    def value(self, value: Any) -> Array:
        """A plain value: a variable's handle is read."""
        return self.read(value) if isinstance(value, Ref) else value


def uninitialized(op: Operation) -> FailedPreconditionError:
    """The error for a variable without a value."""
    return FailedPreconditionError(
        None, op,
        f"Attempting to use uninitialized value {op.name}. Run its initializer first: "
        "sess.run(tf.global_variables_initializer()), built after all variables, or Saver.restore.",
    )  # fmt: skip


def run_operations(
    ops: Iterable[Step],
    env: dict[Tensor, Any],
    ctx: Context,
    must_fold: Set[Operation] = frozenset(),
) -> None:
    """Run operations in order, taking their inputs from ``env`` and adding their outputs to it."""
    for op in ops:
        if isinstance(op, Fused):
            _run_fused(op, env, ctx)
            continue
        definition = op.op_def
        inputs: list[Any] = []
        for tensor, by_ref in zip(op.inputs, ref_inputs(op), strict=True):
            value = env[tensor]
            if isinstance(value, Ref) and not by_ref and not hands_on_ref(op):
                value = ctx.read(value)
            elif isinstance(value, Held) and op.type not in SHAPE_ONLY:
                value = value.whole()
            inputs.append(value)
        ctx.op = op
        try:
            results = _run_one(op, inputs, ctx, op in must_fold)
        except OpError:
            raise
        except Exception as error:
            if definition.host is not None and not isinstance(
                error, (TypeError, ValueError, IndexError, KeyError)
            ):
                raise
            raise _explained(op, inputs, error) from error
        ctx.note_use(inputs, results)
        for tensor, value in zip(op.outputs, results, strict=True):
            env.setdefault(tensor, value)


def _run_fused(step: Fused, env: dict[Tensor, Any], ctx: Context) -> None:
    """Run a fused step by its kernel, or by its parts, whose errors say what is wrong with which of them."""
    ctx.op = step.parts[-1]
    values = [ctx.value(env[t]) for t in step.inputs]
    if not step.takes_held:
        values = [v.whole() if isinstance(v, Held) else v for v in values]
    results = None if all(is_known(v) for v in values) else step.lower(step, *values)
    if results is None:
        run_operations(step.parts, env, ctx)
        return
    ctx.note_use(values, [r for r in results if not isinstance(r, Held)])
    for tensor, value in zip(step.outputs, results, strict=True):
        env.setdefault(tensor, value)


def _explained(op: Operation, inputs: Sequence[Any], error: Exception) -> OpError:
    shapes = ", ".join(
        f"{t.name} {tuple(v.shape)}" for t, v in zip(op.inputs, inputs, strict=True) if hasattr(v, "shape")
    )
    text = str(error).strip().split("\n")[0]
    return InvalidArgumentError(None, op, f"{text} ({op.type} received {shapes or 'no inputs'})")


def _run_one(op: Operation, inputs: list[Any], ctx: Context, must_fold: bool) -> Sequence[Any]:
    definition = op.op_def
    if definition.host is not None:
        return call(op, "host", np, inputs, ctx)
    if definition.compute is None:
        raise missing_value(op)
    if not ctx.tracing:
        with np.errstate(all="ignore"):
            return [_as_array(v) for v in call(op, "compute", np, inputs, ctx)]
    known = all(is_known(v) for v in inputs)
    if known and definition.pure and (must_fold or (inputs and _is_small(op, inputs))):
        if "ctx" in definition.keywords["compute"]:
            with np.errstate(all="ignore"):
                known_values = Context(np, {})
                known_values.op = op
                return [np.asarray(v) for v in call(op, "compute", np, inputs, known_values)]
        return [np.asarray(v) for v in compute_numpy(op, inputs)]
    return call(
        op, "compute" if definition.device is None else "device", ctx.xp, _placed(op, inputs, ctx), ctx
    )


def _as_array(value: Any) -> Any:
    """A NumPy result as an array: NumPy gives the element of a string array as plain bytes."""
    if isinstance(value, bytes):
        return np.array(value, np.object_)
    return np.asarray(value) if is_known(value) else value


def _is_small(op: Operation, inputs: Sequence[Any]) -> bool:
    if any(v.size > _LARGEST_FOLDED for v in inputs):
        return False
    return all((t.shape.num_elements() or 0) <= _LARGEST_FOLDED for t in op.outputs) and op.type not in _GROWS


_GROWS = frozenset({
    "Fill", "Tile", "BroadcastTo", "OneHot", "Range", "LinSpace", "StatelessWhile", "_WhileHistory", "TensorArrayV3",
})  # fmt: skip
"""Ops whose output may be far larger than their inputs, or that may take long: folded only where their value must be
known."""


def _placed(op: Operation, inputs: list[Any], ctx: Context) -> list[Any]:
    """The inputs for a traced computation: those that are static for some operation of the type stay NumPy arrays where
    they are known, the others become traced arrays.
    """
    definition = op.op_def
    if not definition.inputs or op.type == "Const":
        return inputs
    static = frozenset[int]() if op in ctx.windows else static_inputs(op)
    kept = positions_of(op, definition.static)
    placed: list[Any] = []
    for position, value in enumerate(inputs):
        if position in static:
            if not is_known(value):
                raise InvalidArgumentError(
                    None, op,
                    f"The value of {op.inputs[position].name!r} must be known before {op.name!r} is compiled, but it is "
                    "computed inside the same loop or branch.",
                )  # fmt: skip
            placed.append(value)
        elif is_known(value) and not definition.keywords.get("functions"):
            placed.append(value if position in kept or op.type in _KEEPS_STATIC else ctx.xp.asarray(value))
        else:
            placed.append(value)
    return placed


_KEEPS_STATIC = frozenset({
    "If", "StatelessIf", "Case", "StatelessCase", "While", "StatelessWhile", "_WhileHistory", "Identity", "_Capacity",
})  # fmt: skip
"""Ops that hand values to a body or on, where a known value stays known."""


def missing_value(op: Operation) -> OpError:
    """The error for an operation that has no value of its own: a placeholder that was not fed."""
    shape = op.outputs[0].shape if op.outputs else "?"
    name = op.outputs[0].dtype.base_dtype.name if op.outputs else "?"
    return InvalidArgumentError(
        None, op,
        f"You must feed a value for placeholder tensor '{op.name}' with dtype {name} and shape {shape}. Add "
        f"{{{op.name}: value}} to feed_dict.",
    )  # fmt: skip
