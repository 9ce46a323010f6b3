"""The gradients of branches and loops, as more branches and loops.

The gradient of a branch is a branch that computes the forward branch again and goes back through it. That of a loop of n
turns runs the loop again to note what its variables are at the beginning of each turn, x_0 ... x_{n-1}, and then goes
back: from g_n, the gradient of the results, turn t gives g_t = (∂body/∂x at x_t)ᵀ g_{t+1}, and adds
(∂body/∂c at x_t)ᵀ g_{t+1} to the gradient of each captured c.

Source: Yu et al., "Dynamic Control Flow in Large-Scale Machine Learning", EuroSys 2018, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.dtypes import int32
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import get_default_graph
from gradiente.graph.indexed_slices import IndexedSlices, densified
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import RegisterGradient
from gradiente.graph.shapes import TensorShape
from gradiente.ops import loop_history as loop_history
from gradiente.ops.body_replay import Replay
from gradiente.ops.control_flow import new_body, share_captures
from gradiente.ops.control_flow_ops import branches_of, changing

TAKE_NONE = frozenset(
    {"If", "StatelessIf", "Case", "StatelessCase", "While", "StatelessWhile", "_WhileHistory"}
)
"""Ops whose rules are given None for an output that no gradient arrives at, instead of zeros."""

_backpropagation: list[Callable[..., list[Any]]] = []


def install(gradients: Callable[..., list[Any]]) -> None:
    """Tell the rules of this module how to go back through a body: ``tf.gradients``, which is a later stage."""
    _backpropagation[:] = [gradients]


def _go_back(ys: list[Tensor], xs: list[Tensor], grad_ys: list[Tensor]) -> list[Any]:
    return _backpropagation[0](ys, xs, grad_ys) if ys and xs else [None] * len(xs)


def _has_derivative(tensor: Tensor) -> bool:
    return tensor.dtype.is_floating or tensor.dtype.is_complex


def _gradient_body(kind: str, follows: FuncGraph | None) -> FuncGraph:
    body = new_body(kind, get_default_graph().get_name_scope() + "/")
    body.follows = follows
    return body


# If, Case


def _branch_gradient(op: Operation, *grads: Any) -> list[Any]:
    arguments = op.inputs[1:]
    arrived = [i for i, g in enumerate(grads) if g is not None]
    wanted = [i for i, t in enumerate(arguments) if _has_derivative(t)]
    bodies: list[FuncGraph] = []
    found: list[list[Any]] = []
    for branch in branches_of(op):
        body = _gradient_body(branch.name.rsplit("_", 1)[-1], branch)
        for tensor in bodies[-1].captured if bodies else ():
            body.capture(tensor)
        with body.as_default():
            inside = {i: body.capture(arguments[i]) for i in wanted}

            def argument(i: int, body: FuncGraph = body, inside: Mapping[int, Tensor] = inside) -> Tensor:
                return inside[i] if i in inside else body.capture(arguments[i])

            ys = Replay(branch, argument)([branch.outputs[i] for i in arrived])
            results = _go_back(ys, list(inside.values()), [body.capture(grads[i]) for i in arrived])
            found.append([densified(g) for g in results])
        bodies.append(body)
    reached = [k for k in range(len(wanted)) if any(results[k] is not None for results in found)]
    for body, results in zip(bodies, found, strict=True):
        with body.as_default():
            body.outputs = [
                apply("ZerosLike", body.capture(arguments[wanted[k]])) if results[k] is None else results[k]
                for k in reached
            ]
            body.outputs = [body.capture(t) for t in body.outputs]
    result: list[Any] = [None] * len(op.inputs)
    if reached:
        for k, grad in zip(reached, _make_branch(op, bodies), strict=True):
            result[1 + wanted[k]] = grad
    return result


def _make_branch(op: Operation, bodies: list[FuncGraph]) -> list[Tensor]:
    inputs = share_captures(bodies)
    for body in bodies:
        body.finish()
    is_if = "then_branch" in op.attrs
    kind = (
        ("If" if is_if else "Case")
        if not all(b.pure for b in bodies)
        else "StatelessIf"
        if is_if
        else "StatelessCase"
    )
    functions: dict[str, Any] = (
        {"then_branch": bodies[1], "else_branch": bodies[0]} if is_if else {"branches": bodies}
    )
    types = [t.dtype.base_dtype for t in bodies[0].outputs]
    return apply(
        kind,
        op.inputs[0],
        inputs,
        Tin=[t.dtype.base_dtype for t in inputs],
        Tout=types,
        name="Merge",
        **functions,
    )


# While


class _ForwardLoop:
    """A loop that is gone through again: a While, or a history of one."""

    def __init__(self, op: Operation) -> None:
        self.op = op
        self.cond: FuncGraph = op.attrs["cond"]
        self.body: FuncGraph = op.attrs["body"]
        self.variables: int = op.attrs["_loop_vars"]
        self.arguments = op.inputs[len(op.inputs) - len(self.body.inputs) :]
        self.changing = changing(op)
        self.counter: int = op.attrs.get("_turns", -1)
        self._pure: tuple[FuncGraph, FuncGraph] | None = None

    def bodies(self) -> tuple[FuncGraph, FuncGraph]:
        """Condition and body, without effects."""
        if self._pure is None:
            if self.cond.pure and self.body.pure:
                self._pure = self.cond, self.body
            else:
                everything = list(range(len(self.arguments)))
                self._pure = self._copy(self.cond, everything), self._copy(self.body, everything)
        return self._pure

    def _copy(self, body: FuncGraph, kept: list[int], turns: bool = False) -> FuncGraph:
        """A copy of a body in which only the inputs ``kept`` are declared; the others, which are invariant, are captured."""
        copy = _gradient_body("copy", body)
        declared = {i: copy.add_input(body.inputs[i].dtype, body.inputs[i].shape, "arg") for i in kept}
        turn = copy.add_input(int32, TensorShape([]), "turns") if turns else None
        with copy.as_default():

            def argument(i: int) -> Tensor:
                return declared[i] if i in declared else copy.capture(self.arguments[i])

            positions = kept if body is self.body else [0]
            copy.outputs = [
                copy.capture(t) for t in Replay(body, argument)([body.outputs[i] for i in positions])
            ]
            if turn is not None and body is self.body:
                copy.outputs.append(apply("AddV2", turn, 1))
        copy.finish()
        return copy

    def turns(self) -> Tensor:
        """The number of turns. It is counted by a loop of only those variables that the condition depends on, so that
        it is known while compiling wherever that is possible.
        """
        deciding = self._deciding()
        all_of_them = set(self.changing) - {self.counter} <= set(deciding)
        if self.counter >= 0 and (all_of_them or self.op.type == "While"):
            return self.op.outputs[self.counter]
        cond, body = self._copy(self.cond, deciding, True), self._copy(self.body, deciding, True)
        captured = share_captures([cond, body])
        count = len(deciding) + 1
        body.outputs += body.inputs[count:]
        start = [self.arguments[i] for i in deciding]
        kind = "StatelessWhile" if cond.pure and body.pure else "While"
        outputs = apply(
            kind,
            [*start, 0, *captured],
            cond=cond,
            body=body,
            _loop_vars=count,
            _turns=count - 1,
            name="turns",
        )
        return outputs[count - 1]

    def _deciding(self) -> list[int]:
        """The variables that decide how many turns there are."""
        found: set[int] = set()
        pending = [(self.cond, self.cond.outputs[0])]
        position = {t: i for body in (self.cond, self.body) for i, t in enumerate(body.inputs)}
        seen: set[Tensor] = set()
        while pending:
            body, tensor = pending.pop()
            if tensor in seen:
                continue
            seen.add(tensor)
            i = position.get(tensor)
            if i is None:
                pending.extend((body, t) for t in tensor.op.inputs)
            elif i in self.changing and i not in found:
                found.add(i)
                pending.append((self.body, self.body.outputs[i]))
        return sorted(found)

    def last_values(self) -> list[Tensor]:
        """What the loop gives; only its shape is of use, and costs nothing where it is known."""
        kind = "StatelessWhile" if self.cond.pure and self.body.pure else "While"
        return apply(
            kind, list(self.arguments), cond=self.cond, body=self.body, _loop_vars=self.variables, name="last"
        )

    def history(self, turns: Tensor, saved: list[int]) -> list[Tensor]:
        """For each variable in ``saved``, its values at the beginning of each turn."""
        if not saved:
            return []
        cond, body = self.bodies()
        arguments = self.arguments
        types = [arguments[i].dtype.base_dtype for i in saved]
        return apply(
            "_WhileHistory", apply("_Capacity", turns), list(arguments), cond=cond, body=body, _loop_vars=self.variables,
            saved=saved, Tsaved=types, name="history",
        )  # fmt: skip


def _while_gradient(op: Operation, *grads: Any) -> list[Any]:
    loop = _ForwardLoop(op)
    varying = [i for i in loop.changing if _has_derivative(op.outputs[i])]
    result: list[Any] = [None if i in varying else g for i, g in enumerate(grads)]
    if any(grads[i] is not None for i in varying):
        ends = {i: apply("ZerosLike", op.outputs[i]) if grads[i] is None else grads[i] for i in varying}
        for i, grad in _reversed(loop, ends, {}).items():
            result[i] = grad if result[i] is None else apply("AddV2", result[i], grad)
    return result


def _history_gradient(op: Operation, *grads: Any) -> list[Any]:
    loop = _ForwardLoop(op)
    rows = {i: g for i, g in zip(op.attrs["saved"], grads, strict=True) if g is not None}
    result: list[Any] = [None] * len(op.inputs)
    last = loop.last_values()
    ends = {i: apply("ZerosLike", last[i]) for i in loop.changing if _has_derivative(last[i])}
    if ends:
        for i, grad in _reversed(loop, ends, rows).items():
            result[1 + i] = grad
    return result


def _reversed(
    loop: _ForwardLoop, ends: Mapping[int, Tensor], rows: Mapping[int, Tensor]
) -> dict[int, Tensor]:
    """The reverse loop.

    Args:
        loop: the loop.
        ends: the gradients that arrive at the last values of the variables that change.
        rows: gradients that arrive at their values at the beginning of each turn.

    Returns:
        The gradients of the loop's arguments, by position.
    """
    back = _ReverseBody(loop, list(ends), rows)
    turns = loop.turns()
    histories = loop.history(turns, back.saved)
    start = [turns, *ends.values(), *(apply("_ZeroSum", loop.arguments[i]) for i in back.summed)]
    test = _gradient_body("cond", loop.cond)
    for tensor in back.graph.inputs[: len(start) + len(histories)]:
        test.add_input(tensor.dtype, tensor.shape)
    with test.as_default():
        test.outputs = [apply("Greater", test.inputs[0], 0)]
    captured = share_captures([test, back.graph])
    back.graph.outputs += back.graph.inputs[len(start) :]
    test.finish()
    back.graph.finish()
    kind = "StatelessWhile" if back.graph.pure else "While"
    outputs = apply(
        kind, [*start, *histories, *captured], cond=test, body=back.graph, _loop_vars=len(start), name="Exit"
    )
    return dict(zip([*ends, *back.summed], outputs[1:], strict=False))


class _ReverseBody:
    """The body of a reverse loop: from the turns left and the gradients so far to those before the last of these turns.

    Attributes:
        graph: the body; its declared inputs are the turns left, the gradients of the variables that change, the sums for
            the invariant arguments in ``summed``, and the histories of the variables in ``saved``.
    """

    def __init__(self, loop: _ForwardLoop, varying: list[int], rows: Mapping[int, Tensor]) -> None:
        self._loop = loop
        self.graph = graph = _gradient_body("body", loop.body)
        left = graph.add_input(int32, TensorShape([]), "turns_left")
        arguments = loop.arguments
        inputs = loop.body.inputs
        grads = [graph.add_input(inputs[i].dtype.base_dtype, inputs[i].shape, "grad") for i in varying]
        invariant = [i for i, t in enumerate(arguments) if i not in set(loop.changing) and _has_derivative(t)]
        sums = {i: graph.add_input(inputs[i].dtype.base_dtype, inputs[i].shape, "sum") for i in invariant}
        self._histories: dict[int, Tensor] = {}
        self._rows: dict[int, Tensor] = {}
        with graph.as_default():
            self._turn: Tensor = apply("Sub", left, 1, name="turn")
            ys = Replay(loop.body, self._argument)([loop.body.outputs[i] for i in varying])
            xs = [self._argument(i) for i in (*varying, *invariant)]
            results = _go_back(ys, xs, grads)
            before = [
                apply("ZerosLike", g) if r is None else densified(r)
                for r, g in zip(results, grads, strict=False)
            ]
            for i, grad in rows.items():
                k = varying.index(i) if i in varying else -1
                if k >= 0:
                    before[k] = apply("AddV2", before[k], apply("_Row", grad, self._turn))
            parts = {i: r for i, r in zip(invariant, results[len(varying) :], strict=True) if r is not None}
            self.summed = list(parts)
            after = [_added(sums[i], part) for i, part in parts.items()]
            graph.outputs = [graph.capture(t) for t in (self._turn, *before, *after)]
        used = {t for op in graph.needed() for t in op.inputs} | set(graph.outputs)
        graph._needed.clear()  # pyright: ignore[reportPrivateUsage] - the inputs are settled only below
        self.saved = [i for i, t in self._histories.items() if t in used]
        captured = [graph.captures[t] for t in graph.captured]
        graph.inputs = [
            left, *grads, *(sums[i] for i in self.summed), *(self._histories[i] for i in self.saved), *captured
        ]  # fmt: skip

    def _argument(self, i: int) -> Tensor:
        loop = self._loop
        if i == loop.counter:
            return self._turn
        if i not in loop.changing:
            return self.graph.capture(loop.arguments[i])
        if i not in self._rows:
            tensor = loop.body.inputs[i]
            history = self.graph.add_input(
                tensor.dtype.base_dtype, TensorShape([None]).concatenate(tensor.shape), "history"
            )
            self._histories[i] = history
            self._rows[i] = apply("_Row", history, self._turn)
        return self._rows[i]


def _added(total: Tensor, part: Any) -> Tensor:
    if isinstance(part, IndexedSlices):
        return apply("_RowsAdd", total, part.indices, part.values)
    return apply("AddV2", total, part)


for _type in ("If", "StatelessIf", "Case", "StatelessCase"):
    RegisterGradient(_type)(_branch_gradient)
for _type in ("While", "StatelessWhile"):
    RegisterGradient(_type)(_while_gradient)
RegisterGradient("_WhileHistory")(_history_gradient)
