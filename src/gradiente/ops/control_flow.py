"""Control flow: ``cond``, ``case``, ``switch_case`` and ``while_loop``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradiente.graph import nest
from gradiente.graph.bodies import share_captures as share_captures
from gradiente.graph.bodies import waiting_for as waiting_for
from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import bool_, int32
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import get_default_graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.source import user_line
from gradiente.graph.types import Array, Namespace
from gradiente.ops import control_flow_ops as control_flow_ops

Function = Callable[..., Any]


def new_body(kind: str, scope: str) -> FuncGraph:
    """An empty body for an operation that is being made in the default graph, in the name scope ``scope``."""
    outer = get_default_graph()
    prefix = f"{outer.name}_" if isinstance(outer, FuncGraph) else ""
    return FuncGraph(f"{prefix}{scope}{kind}", outer, scope)


def _as_output(body: FuncGraph, value: Any, done: Any) -> Tensor | None:
    """What a function returned, as a tensor of its body; an operation as ``done``, once it has run."""
    if value is None:
        return None
    if isinstance(value, Operation):
        with body.control_dependencies([value]):
            return apply("Identity", done)
    return body.capture(convert_to_tensor(value))


def _run_branch(body: FuncGraph, function: Function, done: Any) -> Any:
    """Run a branch's function in its body, and return what it returned, with tensors of the body as its leaves."""
    with body.as_default():
        result = function()
        if result is None:
            return None
        tensors = [_as_output(body, leaf, done) for leaf in nest.expand(result)]
        return nest.collapse(result, tensors)


# cond


def cond(
    pred: Any, true_fn: Function | None = None, false_fn: Function | None = None, strict: bool = False,
    name: str | None = None, fn1: Function | None = None, fn2: Function | None = None,
) -> Any:  # fmt: skip
    """The result of ``true_fn()`` if ``pred`` is true, else that of ``false_fn()``.

    Both functions are called once, while the graph is built; of the operations that they make, only those of the branch
    taken run, and of these only what the branch's results need. Operations made outside of them run in any case.

    Args:
        pred: a bool tensor of shape [].
        true_fn: a function of no arguments that returns a tensor, an operation, or a nested structure of them.
        false_fn: one that returns the same structure with the same types.
        strict: keep a list or tuple of one element; otherwise its element is returned.
        name: the name scope, "cond" by default.
        fn1: the older name of ``true_fn``.
        fn2: the older name of ``false_fn``.

    Returns:
        What the functions return, with the taken branch's values; for an operation, a bool tensor that is ready when the
        operation has run. Sizes in which the branches differ are unknown.

    Raises:
        TypeError: if ``pred`` is a Python bool or no bool tensor, or a function is missing or no function.
        ValueError: if the branches return nothing, other structures, or other types.

    Example:
        >>> x = tf.placeholder(tf.float32, [])
        >>> y = tf.cond(x > 0.0, lambda: 2.0 * x, lambda: -x)
        >>> with tf.Session() as sess:
        ...     sess.run(y, {x: -3.0})
        np.float32(3.0)

    Source: TensorFlow 1's ``tf.cond``.
    """
    true_fn = _either(true_fn, fn1, "true_fn", "fn1")
    false_fn = _either(false_fn, fn2, "false_fn", "fn2")
    if isinstance(pred, bool):
        raise TypeError(
            f"cond(): 'pred' must not be a Python bool, at {user_line()}. Use Python's own `if` for a value that is known "
            "while the graph is built."
        )
    with name_scope(name, "cond", [pred]) as scope:
        test = convert_to_tensor(pred, name="pred")
        if test.dtype.base_dtype is not bool_:
            raise TypeError(
                f"cond(): 'pred' must be a bool tensor, but {test.name!r} has type {test.dtype.base_dtype.name}, at "
                f"{user_line()}. Compare it, for instance with tf.not_equal(pred, 0)."
            )
        then_body, else_body = new_body("true", scope), new_body("false", scope)
        taken = _run_branch(then_body, true_fn, True)
        if taken is None:
            raise ValueError("cond(): 'true_fn' must have a return value.")
        for tensor in then_body.captured:
            else_body.capture(tensor)
        other = _run_branch(else_body, false_fn, False)
        if other is None:
            raise ValueError("cond(): 'false_fn' must have a return value.")
        results = _branch_op(
            "If", "Merge", test, [("true_fn", then_body, taken), ("false_fn", else_body, other)]
        )
    return results if strict else _unpacked(results)


def _either(value: Function | None, older: Function | None, name: str, older_name: str) -> Function:
    if value is not None and older is not None:
        raise TypeError(f"cond(): '{name}' and '{older_name}' may not be set simultaneously.")
    value = older if value is None else value
    if value is None:
        raise TypeError(f"cond(): '{name}' argument required, at {user_line()}.")
    if not callable(value):
        raise TypeError(
            f"cond(): '{name}' must be callable, not {value!r}, at {user_line()}. Write `lambda: x` for a tensor x that is "
            "computed already."
        )
    return value


def _unpacked(result: Any) -> Any:
    return result[0] if isinstance(result, (list, tuple)) and len(result) == 1 else result  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - user input


def _branch_op(kind: str, name: str, selector: Tensor, branches: Sequence[tuple[str, FuncGraph, Any]]) -> Any:
    """Make the operation that runs one of the branches ``(what it is called, body, result)``."""
    first_name, _, first = branches[0]
    kept = [i for i, t in enumerate(nest.expand(first)) if t is not None]
    for other_name, body, result in branches:
        _check_alike(first_name, first, other_name, result)
        body.outputs = [nest.expand(result)[i] for i in kept]
    bodies = [body for _, body, _ in branches]
    inputs = share_captures(bodies)
    op_type = kind if not all(b.pure for b in bodies) else "Stateless" + kind
    types = [t.dtype.base_dtype for t in bodies[0].outputs]
    functions: dict[str, Any] = (
        {"then_branch": bodies[0], "else_branch": bodies[1]} if kind == "If" else {"branches": bodies}
    )
    with waiting_for(get_default_graph(), bodies):
        outputs = apply(op_type, selector, inputs, Tin=_types(inputs), Tout=types, name=name, **functions)
    leaves: list[Any] = [None] * len(nest.expand(first))
    for position, output in zip(kept, outputs, strict=True):
        leaves[position] = output
    return nest.collapse(first, leaves)


def _types(tensors: Sequence[Tensor]) -> list[Any]:
    return [t.dtype.base_dtype for t in tensors]


def _check_alike(name: str, result: Any, other_name: str, other: Any) -> None:
    try:
        nest.assert_same_structure(result, other)
    except (ValueError, TypeError) as error:
        raise type(error)(
            f"'{name}' and '{other_name}' must return the same structure, at {user_line()}: {error}"
        ) from None
    for i, (a, b) in enumerate(zip(nest.expand(result), nest.expand(other), strict=True)):
        if (a is None) != (b is None):
            missing = other_name if b is None else name
            raise ValueError(
                f"'{missing}' returns None as its output {i}, the other branch does not, at {user_line()}."
            )
        if a is not None and a.dtype.base_dtype is not b.dtype.base_dtype:
            raise ValueError(
                f"Outputs of '{name}' and '{other_name}' must have the same type(s). Received {a.dtype.base_dtype.name} "
                f"from '{name}' and {b.dtype.base_dtype.name} from '{other_name}' as output {i}, at {user_line()}. Use "
                "tf.cast in one of them."
            )


# case, switch_case


def _check_case(
    xp: Namespace, preds: list[Array], *, exclusive: bool, exhaustive: bool, ctx: Any
) -> list[Array]:
    count = sum(xp.asarray(p).astype(np_int) for p in preds)
    if exclusive:
        ctx.check(count <= 1, "case(): more than one condition evaluated as True, but exclusive=True.")
    if exhaustive:
        ctx.check(count >= 1, "case(): none of the conditions evaluated as True, and there is no default.")
    return list(preds)


np_int = int32.np

register(
    "_CaseCheck", "preds: N*T -> checked: N*T", attrs={"exclusive": False, "exhaustive": False}, types={"T": (bool_,)},
    shape=lambda op: [t.shape for t in op.inputs], compute=_check_case, checks=True,
)  # fmt: skip


def case(
    pred_fn_pairs: Any,
    default: Function | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The result of the function beside the first condition that is true.

    Args:
        pred_fn_pairs: a list of pairs ``(pred, fn)``, or a dict from ``pred`` to ``fn``: bool tensors of shape [], and
            functions of no arguments that all return the same structure with the same types.
        default: the function for when no condition is true. Without it that is an error.
        exclusive: fail if more than one condition is true.
        strict: keep a list or tuple of one element.
        name: the name scope.

    Returns:
        The structure that the functions return.

    Raises:
        TypeError: if ``pred_fn_pairs`` does not hold pairs of a tensor and a function.
        InvalidArgumentError: when the graph runs and the conditions are not as demanded.

    Source: TensorFlow 1's ``tf.case``.
    """
    pairs = _pairs(pred_fn_pairs)
    if default is not None and not callable(default):
        raise TypeError(f"case(): 'default' must be callable, not {default!r}.")
    with name_scope(name, "case", [pred for pred, _ in pairs]):
        preds = [pred for pred, _ in pairs]
        if exclusive or default is None:
            preds = apply("_CaseCheck", preds, exclusive=exclusive, exhaustive=default is None, name="Assert")
        functions = [fn for _, fn in pairs]
        if default is not None:
            functions.append(default)
        last = functions.pop()
        if not functions:
            with get_default_graph().control_dependencies(preds):
                result = nest.map_structure(_identity, last())
        else:
            result = _nested(preds, functions, last)
    return result if strict else _unpacked(result)


def _identity(tensor: Any) -> Any:
    return apply("Identity", tensor)


def _nested(preds: Sequence[Any], functions: Sequence[Function], last: Function) -> Any:
    rest = last if len(functions) == 1 else lambda: _nested(preds[1:], functions[1:], last)
    return cond(preds[0], functions[0], rest, strict=True)


def _pairs(pred_fn_pairs: Any) -> list[tuple[Any, Function]]:
    if isinstance(pred_fn_pairs, Mapping):
        pairs: list[Any] = sorted(pred_fn_pairs.items(), key=lambda pair: pair[0].name)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownLambdaType] - user input
    elif isinstance(pred_fn_pairs, (list, tuple)):
        pairs = list(pred_fn_pairs)  # pyright: ignore[reportUnknownArgumentType] - user input
    else:
        raise TypeError(f"case(): 'pred_fn_pairs' must be a list of pairs or a dict, not {pred_fn_pairs!r}.")
    if not pairs:
        raise ValueError("case(): 'pred_fn_pairs' is empty: there is nothing to choose from.")
    return [_checked_pair(pair) for pair in pairs]


def _checked_pair(pair: Any) -> tuple[Any, Function]:
    if not isinstance(pair, tuple) or len(pair) != 2:  # pyright: ignore[reportUnknownArgumentType] - user input
        raise TypeError(f"case(): each entry of 'pred_fn_pairs' must be a pair (pred, fn), not {pair!r}.")
    condition: Any = pair[0]  # pyright: ignore[reportUnknownVariableType] - user input
    function: Any = pair[1]  # pyright: ignore[reportUnknownVariableType] - user input
    if not isinstance(condition, Tensor) or condition.dtype.base_dtype is not bool_:
        raise TypeError(f"case(): each condition must be a bool tensor, not {condition!r}.")
    if not callable(function):  # pyright: ignore[reportUnknownArgumentType] - user input
        raise TypeError(f"case(): {function!r}, beside {condition.name!r}, must be callable.")
    return condition, function


def switch_case(
    branch_index: Any, branch_fns: Any, default: Function | None = None, name: str = "switch_case"
) -> Any:
    """The result of the function whose number is ``branch_index``.

    Args:
        branch_index: an int32 tensor of shape [].
        branch_fns: a list of functions, or a dict or a list of pairs from 0, 1, ... to functions; all return the same
            structure with the same types.
        default: the function for any other number; without it, the last of ``branch_fns``.
        name: the name scope.

    Returns:
        The structure that the functions return.

    Raises:
        TypeError: if a branch is no function.
        ValueError: if the numbers are not 0, 1, ..., or there are no branches.

    Source: TensorFlow's ``tf.switch_case``.
    """
    functions = _numbered(branch_fns)
    if default is not None:
        functions.append(default)
    for function in functions:
        if not callable(function):
            raise TypeError(f"switch_case(): a branch must be callable, not {function!r}.")
    with name_scope(name, "switch_case", [branch_index]) as scope:
        index = convert_to_tensor(branch_index, name="branch_index", dtype=int32)
        branches: list[tuple[str, FuncGraph, Any]] = []
        for i, function in enumerate(functions):
            body = new_body(f"branch{i}", scope)
            for tensor in branches[-1][1].captured if branches else ():
                body.capture(tensor)
            result = _run_branch(body, function, True)
            if result is None:
                raise ValueError(f"switch_case(): branch {i} must have a return value.")
            branches.append((f"branch {i}", body, result))
        return _unpacked(_branch_op("Case", "indexed_case", index, branches))


def _numbered(branch_fns: Any) -> list[Any]:
    if isinstance(branch_fns, Mapping):
        branch_fns = list(branch_fns.items())  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType] - user input
    functions: list[Any] = list(branch_fns)  # pyright: ignore[reportUnknownArgumentType]
    if not functions:
        raise ValueError("switch_case(): 'branch_fns' is empty: there is nothing to choose from.")
    if all(isinstance(f, tuple) for f in functions):
        by_number = dict(functions)
        if sorted(by_number) != list(range(len(functions))):
            raise ValueError(
                f"switch_case(): branches must be numbered 0 to {len(functions) - 1}, not {sorted(by_number)}."
            )
        functions = [by_number[i] for i in range(len(functions))]
    return functions
