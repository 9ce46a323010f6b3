"""The functional ops behind ``cond``, ``case`` and ``while_loop``: If, Case and While.

Their bodies are ``FuncGraph`` attributes. Under NumPy they are Python's ``if`` and ``while``; under XLA they are its
conditional and its while loop over the traced values and over the variables that the bodies assign. An argument that is
known while compiling, and that no turn of a loop changes, stays known inside.

A While's inputs are its loop variables, ``_loop_vars`` of them, followed by the tensors that its bodies capture; its body
returns the loop variables' next values followed by the captures as they are, as in TensorFlow's own While.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.evaluate import RunsOnHost
from gradiente.graph.functions import FuncGraph
from gradiente.graph.operation import Operation
from gradiente.graph.registry import NOT_DIFFERENTIABLE, NotDifferentiable, attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace, is_known

NOT_BACKPROPAGATED = "_NotBackpropagated"
"""The name of the gradient rule of loops made with ``back_prop=False``: none."""


# If, Case


def branches_of(op: Operation) -> list[FuncGraph]:
    """The bodies of an If (the else branch first, so that the position is the condition) or a Case."""
    if "then_branch" in op.attrs:
        return [op.attrs["else_branch"], op.attrs["then_branch"]]
    return list(op.attrs["branches"])


def _merged_shapes(op: Operation) -> list[Any]:
    selector = op.inputs[0].shape
    if selector.ndims not in (None, 0):
        raise ValueError(
            f"The selector of a branch is one value (rank 0), but it has shape {selector}. Reduce it first."
        )
    merged: list[Any] = []
    for outputs in zip(*(body.outputs for body in branches_of(op)), strict=True):
        shape = outputs[0].shape
        for other in outputs[1:]:
            shape = _common(shape, other.shape)
        merged.append(shape)
    return merged


def _common(a: TensorShape, b: TensorShape) -> TensorShape:
    if a.plain is None or b.plain is None or len(a.plain) != len(b.plain):
        return TensorShape(None)
    return TensorShape.of(tuple(x if x == y else None for x, y in zip(a.plain, b.plain, strict=True)))


def _position(op: Operation, selector: Any) -> Any:
    """The branch to take; a selector of Case that names none takes the last."""
    if "then_branch" in op.attrs:
        return selector != 0 if selector.dtype != np.bool_ else selector
    count = len(op.attrs["branches"])
    within = (selector >= 0) & (selector < count)
    return (
        within * selector + (~within) * (count - 1)
        if is_known(selector)
        else _where(within, selector, count - 1)
    )


def _where(condition: Any, a: Any, b: Any) -> Any:
    import jax.numpy as jnp

    return jnp.where(condition, a, b)


def _branch(xp: Namespace, selector: Array, inputs: list[Any], *, op: Operation, ctx: Any) -> list[Any]:
    del xp
    return ctx.run_function(branches_of(op)[int(_position(op, np.asarray(selector)))], inputs)


def _branch_device(
    xp: Namespace, selector: Array, inputs: list[Any], *, op: Operation, ctx: Any
) -> list[Any]:
    import jax

    if is_known(selector):
        return _branch(xp, selector, inputs, op=op, ctx=ctx)
    branches = branches_of(op)
    effects = [ctx.function_effects(body, inputs) for body in branches]
    written = sorted({key for e in effects for key in e.writes})
    start = ctx.carried(written)
    ctx.carried(sorted({key for e in effects for key in e.reads}))
    shapes: list[list[tuple[int, ...]]] = []

    def traced(body: FuncGraph) -> Any:
        def run(state: list[Any]) -> tuple[list[Any], list[Any]]:
            inner = ctx.inner({**ctx.state, **dict(zip(written, state, strict=True))})
            results = inner.run_function(body, inputs)
            outputs = [_as_declared(xp, v, t.dtype.np) for v, t in zip(results, op.outputs, strict=True)]
            state_after = [xp.asarray(inner.state[key]) for key in written]
            shapes.append([v.shape for v in (*outputs, *state_after)])
            if shapes[-1] != shapes[0]:
                for branch in branches:
                    branch.keep_on_host()
                raise RunsOnHost(op)
            return outputs, state_after

        return run

    position = _position(op, selector).astype(np.int32)
    lax: Any = jax.lax
    outputs, state = lax.switch(position, [traced(body) for body in branches], start)
    ctx.state.update(zip(written, state, strict=True))
    return outputs


def _as_declared(xp: Namespace, value: Any, dtype: Any) -> Any:
    value = xp.asarray(value)
    if value.dtype != dtype:
        value = value.astype(dtype)
    if getattr(value, "weak_type", False):
        from jax import lax

        value = lax.convert_element_type(value, dtype)
    return value


for _name, _stateful in (("If", True), ("StatelessIf", False)):
    register(
        _name, "cond: Tcond, input: list(Tin) -> output: list(Tout)", stateful=_stateful, shape=_merged_shapes,
        attrs={"then_branch": attr("func"), "else_branch": attr("func"), "output_shapes": attr("list(shape)", ())},
        compute=_branch, device=_branch_device,
    )  # fmt: skip
for _name, _stateful in (("Case", True), ("StatelessCase", False)):
    register(
        _name, "branch_index: int32, input: list(Tin) -> output: list(Tout)", stateful=_stateful, shape=_merged_shapes,
        attrs={"branches": attr("list(func)"), "output_shapes": attr("list(shape)", ())},
        compute=_branch, device=_branch_device,
    )  # fmt: skip


# While


def changing(op: Operation) -> list[int]:
    """The positions of the loop variables that a turn may change."""
    body: FuncGraph = op.attrs["body"]
    return [i for i in range(op.attrs["_loop_vars"]) if body.outputs[i] is not body.inputs[i]]


def _loop_shapes(op: Operation) -> list[Any]:
    return [t.shape for t in op.attrs["body"].inputs]


def _while(
    xp: Namespace, inputs: list[Any], *, cond: FuncGraph, body: FuncGraph, op: Operation, ctx: Any
) -> list[Any]:
    del xp
    values, count = list(inputs), op.attrs["_loop_vars"]
    while bool(ctx.run_function(cond, values)[0]):
        values[:count] = ctx.run_function(body, values, count)
    return values


class TracedLoop:
    """A loop under a JAX trace: what it carries from turn to turn."""

    def __init__(self, xp: Namespace, op: Operation, inputs: list[Any], ctx: Any) -> None:
        self.xp = xp
        self.op = op
        self.inputs = inputs
        self.ctx = ctx
        self.cond: FuncGraph = op.attrs["cond"]
        self.body: FuncGraph = op.attrs["body"]
        self.variables = op.attrs["_loop_vars"]
        self.changing = changing(op)
        self.types = [self.body.inputs[i].dtype.np for i in self.changing]
        tested, turned = (ctx.function_effects(f, inputs) for f in (self.cond, self.body))
        self.written = sorted(tested.writes | turned.writes)
        self.test_writes = bool(tested.writes)
        self.state = ctx.carried(self.written)
        ctx.carried(sorted(tested.reads | turned.reads))
        self.start = [_as_declared(xp, inputs[i], t) for i, t in zip(self.changing, self.types, strict=True)]

    def arguments(self, values: Sequence[Any]) -> list[Any]:
        """The bodies' arguments for the current values of the variables that change."""
        arguments = list(self.inputs)
        for position, value in zip(self.changing, values, strict=True):
            arguments[position] = value
        return arguments

    def inner(self, state: Sequence[Any]) -> Any:
        """A context over the carried state."""
        return self.ctx.inner({**self.ctx.state, **dict(zip(self.written, state, strict=True))})

    def test(self, values: Sequence[Any], state: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Whether there is another turn, and the state after asking."""
        inner = self.inner(state)
        go = self.xp.reshape(inner.run_function(self.cond, self.arguments(values))[0], ())
        return go, [self.xp.asarray(inner.state[key]) for key in self.written]

    def turn(self, values: Sequence[Any], state: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The values and the state after one turn."""
        inner = self.inner(state)
        results = inner.run_function(self.body, self.arguments(values), self.variables)
        after = [_as_declared(self.xp, results[i], t) for i, t in zip(self.changing, self.types, strict=True)]
        state_after = [self.xp.asarray(inner.state[key]) for key in self.written]
        if any(a.shape != b.shape for a, b in zip((*after, *state_after), (*values, *state), strict=True)):
            raise _OtherShapes([a.shape for a in after])
        return after, state_after

    def settled(self, run: Any) -> Any:
        """What ``run`` gives, once arrays of a TensorArray that was not written before the loop have their shapes."""
        for _ in range(len(self.start) + 1):
            try:
                return run()
            except _OtherShapes as found:
                self._allocate(found.shapes)
        raise self._varies()

    def _allocate(self, shapes: Sequence[tuple[int, ...]]) -> None:
        progress = False
        for i, shape in enumerate(shapes):
            have = self.start[i].shape
            if have != shape:
                if not (len(have) == 2 and have[1] == 0 and shape[:1] == have[:1]):
                    raise self._varies()
                self.start[i] = self.xp.zeros(shape, self.types[i])
                progress = True
        if not progress:
            raise self._varies()

    def _varies(self) -> RunsOnHost:
        for body in (self.cond, self.body):
            body.keep_on_host(shapes_vary=True)
        return RunsOnHost(self.op)


class _OtherShapes(RunsOnHost):
    """A turn gave values of other shapes than it took."""

    def __init__(self, shapes: Sequence[tuple[int, ...]]) -> None:
        super().__init__(None)
        self.shapes = shapes


def _while_device(xp: Namespace, inputs: list[Any], *, op: Operation, ctx: Any) -> list[Any]:
    from jax import lax

    loop = TracedLoop(xp, op, inputs, ctx)

    def run() -> Any:
        if loop.test_writes:
            go, state = loop.test(loop.start, loop.state)

            def step(carry: Any) -> Any:
                values, state = loop.turn(carry[1], carry[2])
                again, state = loop.test(values, state)
                return again, values, state

            return lax.while_loop(lambda carry: carry[0], step, (go, loop.start, state))[1:]
        return lax.while_loop(lambda c: loop.test(*c)[0], lambda c: loop.turn(*c), (loop.start, loop.state))

    values, state = loop.settled(run)
    ctx.state.update(zip(loop.written, state, strict=True))
    results = list(inputs)
    for position, value in zip(loop.changing, values, strict=True):
        results[position] = value
    return results


for _name, _stateful in (("While", True), ("StatelessWhile", False)):
    register(
        _name, "input: list(T) -> output: list(T)", stateful=_stateful, shape=_loop_shapes,
        attrs={
            "cond": attr("func"), "body": attr("func"), "_loop_vars": attr("int"), "_turns": -1,
            "output_shapes": attr("list(shape)", ()), "parallel_iterations": 10,
        },
        compute=_while, device=_while_device,
    )  # fmt: skip
NotDifferentiable(NOT_BACKPROPAGATED)


# _RunCounter: counts the runs for random operations inside bodies.


def _run_counter(xp: Namespace, *, ctx: Any) -> Array:
    del xp
    return ctx.next_count()


register(
    "_RunCounter", "-> count: int64", attrs={"seed": 0, "seed2": 0}, shape=lambda op: [()], compute=_run_counter,
    random=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
