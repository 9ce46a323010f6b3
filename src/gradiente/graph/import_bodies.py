"""Making If, Case and While operations for imported control flow, whichever form it had in the GraphDef."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradiente.graph.bodies import share_captures, waiting_for
from gradiente.graph.dtypes import int32
from gradiente.graph.functions import FuncGraph, copy_operations
from gradiente.graph.import_nodes import Reader, naming
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import op_def
from gradiente.graph.shapes import TensorShape

BuildBody = Callable[[FuncGraph, list[Tensor]], list[Tensor]]
"""From an empty body and its declared inputs to its outputs; called with the body as the default graph."""

_SMALL = 64


def make_branch(
    reader: Reader, kind: str, name: str, selector: Tensor, bodies: Sequence[FuncGraph], declared: Sequence[Tensor],
    controls: Sequence[Operation],
) -> list[Tensor]:  # fmt: skip
    """Make an If (bodies: then, else) or a Case from finished bodies, whose declared inputs are fed with ``declared``."""
    types = [t.dtype.base_dtype for t in bodies[0].outputs]
    for body in bodies[1:]:
        found = [t.dtype.base_dtype for t in body.outputs]
        if found != types:
            raise ValueError(
                f"Node {name!r} of the GraphDef is not consistent: its branches give {_names(types)} and {_names(found)}."
            )
    inputs = [*declared, *share_captures(bodies)]
    definition = op_def(kind if not all(b.pure for b in bodies) else "Stateless" + kind)
    assert definition is not None
    attrs: dict[str, Any] = {
        "Tin": tuple(t.dtype.base_dtype for t in inputs), "Tout": tuple(types), "output_shapes": (),
    }  # fmt: skip
    if kind == "If":
        attrs |= {"then_branch": bodies[0], "else_branch": bodies[1], "Tcond": selector.dtype.base_dtype}
    else:
        attrs["branches"] = list(bodies)
    return list(_make(reader, definition, name, [selector, *inputs], attrs, controls, bodies).outputs)


def _names(types: Sequence[Any]) -> str:
    return ", ".join(t.name for t in types) or "nothing"


def _make(
    reader: Reader, definition: Any, name: str, inputs: list[Tensor], attrs: dict[str, Any],
    controls: Sequence[Operation], bodies: Sequence[FuncGraph],
) -> Operation:  # fmt: skip
    waits = {op: None for body in bodies for op in body.waits_for}
    with waiting_for(reader.graph, bodies):
        return reader.make(definition, name, inputs, attrs, [*dict.fromkeys([*controls, *waits])])


def make_loop(
    reader: Reader, name: str, start: Sequence[Tensor], test: BuildBody, turn: BuildBody, *, count_turns: bool,
    controls: Sequence[Operation],
) -> list[Tensor]:  # fmt: skip
    """Make a While from functions that build its condition and its body over the variables that begin with ``start``.

    What is known of the variables' shapes is what holds at the beginning and after a turn: the bodies are built again with
    less until that is so.

    Returns:
        The variables after the loop.
    """
    start = list(start)
    shapes = [t.shape for t in start]
    count = len(start)
    while True:
        body = new_body(reader, name, "body")
        inputs = _declare(body, start, shapes, count_turns)
        with body.as_default():
            outputs = [body.capture(t) for t in turn(body, inputs[:count])]
        _check_turn(name, start, outputs)
        outputs = [
            i if _handed_on(o) is i or o.dtype.is_ref_dtype else o
            for i, o in zip(inputs, outputs, strict=False)
        ]
        wider = [_common(s, t.shape) for s, t in zip(shapes, outputs, strict=True)]
        if wider == shapes:
            break
        shapes = wider
    cond = new_body(reader, name, "cond")
    inputs = _declare(cond, start, shapes, count_turns)
    with cond.as_default():
        cond.outputs = [cond.capture(t) for t in test(cond, inputs[:count])]
    if [t.dtype.is_bool for t in cond.outputs] != [True] or cond.outputs[0].shape.ndims not in (None, 0):
        raise ValueError(
            f"Node {name!r} of the GraphDef is not consistent: its condition must give one bool."
        )
    body.outputs = outputs
    if count_turns:
        with body.as_default():
            body.outputs.append(_next_turn(reader, body))
        with reader.graph.as_default(), reader.graph.control_dependencies(None):
            start.append(_constant(0))
    captured = share_captures([cond, body])
    body.outputs += body.inputs[len(start) :]
    definition = op_def("StatelessWhile" if cond.pure and body.pure else "While")
    assert definition is not None
    values = [*start, *captured]
    attrs: dict[str, Any] = {key: a.default for key, a in definition.attrs.items()} | {
        "T": tuple(t.dtype.base_dtype for t in values), "cond": cond, "body": body, "_loop_vars": len(start),
        "_turns": count if count_turns else -1,
    }  # fmt: skip
    return list(_make(reader, definition, name, values, attrs, controls, [cond, body]).outputs[:count])


def new_body(reader: Reader, name: str, kind: str) -> FuncGraph:
    """An empty body for a node."""
    return FuncGraph(f"{reader.scope}{name}_{kind}", reader.graph)


def _declare(
    body: FuncGraph, start: Sequence[Tensor], shapes: Sequence[TensorShape], count_turns: bool
) -> list[Tensor]:
    inputs = [body.add_input(t.dtype, s) for t, s in zip(start, shapes, strict=True)]
    if count_turns:
        body.turn = body.add_input(int32, TensorShape([]), "turns")
        inputs.append(body.turn)
    return inputs


def _next_turn(reader: Reader, body: FuncGraph) -> Tensor:
    from gradiente.graph.build import apply

    del reader
    return apply("AddV2", body.turn, 1, name="turn")


def _constant(value: int) -> Tensor:
    from gradiente.graph.build import convert_to_tensor

    return convert_to_tensor(value, name="turns")


def _check_turn(name: str, start: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    with naming(name, "While"):
        if len(start) != len(outputs):
            raise ValueError(f"its body gives {len(outputs)} values for {len(start)} variables.")
        for i, (a, b) in enumerate(zip(start, outputs, strict=True)):
            if a.dtype.base_dtype is not b.dtype.base_dtype:
                raise ValueError(
                    f"its variable {i} is {a.dtype.base_dtype.name} before a turn and {b.dtype.base_dtype.name} after it."
                )


def _handed_on(tensor: Tensor) -> Tensor:
    """The tensor that ``tensor`` is, after operations that only hand it on."""
    while tensor.op.type == "Identity" and not tensor.op.control_inputs:
        tensor = tensor.op.inputs[0]
    return tensor


def _common(a: TensorShape, b: TensorShape) -> TensorShape:
    if a.plain is None or b.plain is None or len(a.plain) != len(b.plain):
        return TensorShape(None)
    return TensorShape.of(tuple(x if x == y else None for x, y in zip(a.plain, b.plain, strict=True)))


def inside(body: FuncGraph, outer: Tensor, declared: Tensor) -> Tensor:
    """What stands in a body for ``outer``, which never changes there: a copy of a small constant, such as an axis, so that
    its value is known; otherwise ``declared``.
    """
    op = outer.op
    if op.type != "Const" or op.control_inputs or op.attrs["value"].size > _SMALL:
        return declared
    if not (outer.dtype.is_integer or outer.dtype.is_bool):
        return declared
    with body.as_default(), body.control_dependencies(None):
        return copy_operations((op,), {})[outer]
