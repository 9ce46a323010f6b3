"""``while_loop``: turns over loop variables while a condition holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradiente.graph import nest
from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import bool_, int32
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import get_default_graph
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.source import user_line
from gradiente.ops.control_flow import new_body, share_captures, waiting_for
from gradiente.ops.control_flow_ops import NOT_BACKPROPAGATED


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
    maximum_iterations: Any = None, return_same_structure: bool = False,
) -> Any:  # fmt: skip
    """Repeat ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)`` is true.

    Both functions are called once, while the graph is built. The loop's gradient runs it backwards, from the values that
    the variables had at the beginning of each turn, which it computes by running the loop again.

    Args:
        cond: a function of the loop variables that returns a bool tensor of shape [].
        body: a function of the loop variables that returns their next values, in the same structure.
        loop_vars: a list or tuple of tensors, TensorArrays, or nested structures of them: the values to begin with.
        shape_invariants: for each loop variable a shape that its values have in every turn; by default, what is known of
            the shape it begins with. A loop whose shapes change is run in Python, turn by turn.
        parallel_iterations: accepted: XLA orders the operations of a turn, and turns follow each other.
        back_prop: False if no gradient flows through the loop.
        swap_memory: accepted and without effect.
        name: the name scope, "while" by default.
        maximum_iterations: stop after so many turns in any case: a number or an integer tensor of shape [].
        return_same_structure: return the structure of ``loop_vars`` also if it has only one variable.

    Returns:
        The loop variables after the last turn, in their structure; a single one by itself.

    Raises:
        TypeError: if ``cond`` or ``body`` is no function, ``cond`` returns no bool, or a variable changes its type.
        ValueError: if there are no loop variables, ``body`` returns another structure, or a shape is not invariant.

    Example:
        >>> i, total = tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), [0, 0])
        >>> with tf.Session() as sess:
        ...     sess.run(total)
        np.int32(10)

    Source: TensorFlow 1's ``tf.while_loop``.
    """
    del swap_memory
    for argument, function in (("cond", cond), ("body", body)):
        if not callable(function):
            raise TypeError(
                f"while_loop(): '{argument}' must be callable, not {function!r}, at {user_line()}."
            )
    if isinstance(parallel_iterations, bool) or parallel_iterations < 1:
        raise TypeError(
            f"while_loop(): 'parallel_iterations' must be a positive integer, not {parallel_iterations!r}."
        )
    if not isinstance(loop_vars, (list, tuple)):
        loop_vars = [loop_vars]
    if not loop_vars:
        raise ValueError(f"while_loop(): No loop variables provided, at {user_line()}.")
    with name_scope(name, "while", []) as scope:
        loop = _Builder(loop_vars, shape_invariants, scope)
        loop.build(cond, body, maximum_iterations)
        return loop.finish(parallel_iterations, back_prop, return_same_structure)


GROWS = frozenset({"_TensorArrayGrow"})
"""Ops that make a loop variable larger from turn to turn."""


class _Builder:
    """A loop in the making.

    ``start`` are the tensors that the loop variables begin with, ``shapes`` what holds of their shapes in every turn. Behind
    them stands a variable of our own, the number of turns.
    """

    def __init__(self, loop_vars: Any, shape_invariants: Any, scope: str) -> None:
        self.structure = nest.map_structure(_as_leaf, loop_vars)
        self.start: list[Tensor] = nest.expand(self.structure)
        self.shapes = [s for leaf in nest.flatten(self.structure) for s in _shapes_of(leaf)]
        if shape_invariants is not None:
            self.shapes = _invariants(self.structure, shape_invariants, self.start)
        self.result: Any = None
        self.tested, self.turned = new_body("cond", scope), new_body("body", scope)

    def build(self, cond: Callable[..., Any], body: Callable[..., Any], maximum_iterations: Any) -> None:
        """Call the functions in their bodies."""
        limit = None
        if maximum_iterations is not None:
            limit = convert_to_tensor(maximum_iterations, dtype=None, name="maximum_iterations")
            if not limit.dtype.is_integer or limit.shape.ndims not in (None, 0):
                raise ValueError(
                    f"while_loop(): 'maximum_iterations' must be an integer scalar, not {limit.dtype.name}{limit.shape}."
                )
            limit = limit if limit.dtype.base_dtype is int32 else apply("Cast", limit, DstT=int32)
        arguments, turn = self._arguments(self.tested)
        with self.tested.as_default():
            go = convert_to_tensor(cond(*arguments))
            self._check_condition(go)
            if limit is not None:
                go = apply("LogicalAnd", apply("Less", turn, limit), go)
            self.tested.outputs = [self.tested.capture(go)]
        arguments, turn = self._arguments(self.turned)
        for tensor in self.tested.captured:
            self.turned.capture(tensor)
        self.turned.turn = turn
        with self.turned.as_default():
            self.result = self._check_result(body(*arguments))
            outputs = [convert_to_tensor(t) for t in nest.expand(self.result)]
            self.turned.outputs = [self.turned.capture(t) for t in outputs]
            self.turned.outputs.append(apply("AddV2", turn, 1, name="turn"))
        for i, output in enumerate(self.turned.outputs[:-1]):
            self._check_output(i, output)

    def _arguments(self, graph: FuncGraph) -> tuple[Sequence[Any], Tensor]:
        tensors: list[Any] = [
            graph.add_input(t.dtype.base_dtype, s, "arg")
            for t, s in zip(self.start, self.shapes, strict=True)
        ]
        turn = graph.add_input(int32, TensorShape([]), "turns")
        return nest.collapse(self.structure, tensors), turn

    @staticmethod
    def _check_condition(go: Tensor) -> None:
        if go.dtype.base_dtype is not bool_:
            raise TypeError(
                f"while_loop(): 'cond' must return a bool tensor, but {go.name!r} has type {go.dtype.base_dtype.name}, at "
                f"{user_line()}. Compare it with something."
            )
        if go.shape.ndims not in (None, 0):
            raise ValueError(
                f"while_loop(): 'cond' must return one bool (rank 0), but {go.name!r} has shape {go.shape}, at "
                f"{user_line()}. Reduce it with tf.reduce_all or tf.reduce_any."
            )

    def _check_result(self, result: Any) -> Any:
        if not nest.is_nested(result) or isinstance(result, dict):
            result = [result]
        result = _with_leaves(result)
        if len(self.structure) == 1 and nest.is_nested(self.structure[0]):
            try:
                nest.assert_same_structure(self.structure[0], result)
                result = [result]
            except (ValueError, TypeError):
                pass
        try:
            nest.assert_same_structure(list(self.structure), list(result))
        except (ValueError, TypeError) as error:
            raise type(error)(
                f"while_loop(): 'body' must return what it takes, {len(self.start)} loop variables in the structure of "
                f"'loop_vars', at {user_line()}: {error}"
            ) from None
        return result

    def _check_output(self, position: int, output: Tensor) -> None:
        begins, shape = self.start[position], self.shapes[position]
        if output.dtype.base_dtype is not begins.dtype.base_dtype:
            raise TypeError(
                f"while_loop(): loop variable {position}, {begins.name!r}, enters the loop as "
                f"{begins.dtype.base_dtype.name}, but is {output.dtype.base_dtype.name} after one turn, at {user_line()}. "
                "Use tf.cast in 'body', or begin "
                "with the other type."
            )
        if not _at_most_as_general(output.shape, shape):
            raise ValueError(
                f"while_loop(): Input tensor {begins.name!r} enters the loop with shape {shape}, but has shape "
                f"{output.shape} after one iteration, at {user_line()}. To allow the shape to vary across iterations, use "
                "the `shape_invariants` argument of tf.while_loop to specify a less-specific shape."
            )

    def finish(self, parallel_iterations: int, back_prop: bool, return_same_structure: bool) -> Any:
        """Make the operation and pack its outputs."""
        bodies = [self.tested, self.turned]
        if any(op.type in GROWS for op in self.turned.needed()):
            self.turned.keep_on_host(shapes_vary=True)
            self.tested.keep_on_host(shapes_vary=True)
        captured = share_captures(bodies)
        count = len(self.start)
        self.turned.outputs += self.turned.inputs[count + 1 :]
        kind = "StatelessWhile" if self.tested.pure and self.turned.pure else "While"
        attrs: dict[str, Any] = {} if back_prop else {"_gradient_op_type": NOT_BACKPROPAGATED}
        with waiting_for(get_default_graph(), bodies):
            outputs = apply(
                kind, [*self.start, 0, *captured], cond=self.tested, body=self.turned, _loop_vars=count + 1, _turns=count,
                parallel_iterations=parallel_iterations, name="Exit", **attrs,
            )  # fmt: skip
        packed = nest.collapse(self.result, outputs[:count])
        return packed if return_same_structure or count != 1 or len(packed) != 1 else packed[0]


def _as_leaf(value: Any) -> Any:
    return value if isinstance(value, (nest.Composite, IndexedSlices)) else convert_to_tensor(value)


def _with_leaves(result: Any) -> Any:
    if isinstance(result, (list, tuple)) and not hasattr(result, "_fields"):  # pyright: ignore[reportUnknownArgumentType] - user input
        return type(result)(_with_leaves(part) for part in result)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportCallIssue]
    return nest.map_structure(_as_leaf, result)


def _invariants(structure: Any, shape_invariants: Any, start: Sequence[Tensor]) -> list[TensorShape]:
    shapes = _shapes_up_to(structure, shape_invariants)
    if len(shapes) != len(start):
        raise ValueError(
            f"while_loop(): 'shape_invariants' has {len(shapes)} shapes for {len(start)} loop variables."
        )
    for tensor, shape in zip(start, shapes, strict=True):
        if not _at_most_as_general(tensor.shape, shape):
            raise ValueError(
                f"while_loop(): The shape invariant specified for {tensor.name!r} is not compatible with the initial shape "
                f"of the loop variable. It enters the loop with shape {tensor.shape}, but the specified shape invariant is "
                f"{shape}, at {user_line()}."
            )
    return shapes


def _shapes_up_to(structure: Any, shapes: Any) -> list[TensorShape]:
    if isinstance(structure, nest.Composite):
        return structure.invariant_shapes()
    if isinstance(structure, IndexedSlices):
        dense = as_shape(shapes)
        parts = [TensorShape([None]).concatenate(dense[1:]), TensorShape([None]), TensorShape([dense.ndims])]
        return parts[: 2 + (structure.dense_shape is not None)]
    if not nest.is_nested(structure):
        return [as_shape(shapes)]
    if isinstance(structure, dict):
        return [s for k in sorted(structure) for s in _shapes_up_to(structure[k], shapes[k])]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - user input
    if not isinstance(shapes, (list, tuple)) or len(shapes) != len(structure):  # pyright: ignore[reportUnknownArgumentType] - user input
        raise ValueError("while_loop(): 'shape_invariants' must have the structure of 'loop_vars'.")
    return [s for part, shape in zip(structure, shapes, strict=True) for s in _shapes_up_to(part, shape)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _shapes_of(leaf: Any) -> list[TensorShape]:
    return (
        leaf.invariant_shapes() if isinstance(leaf, nest.Composite) else [t.shape for t in nest.expand(leaf)]
    )


def _at_most_as_general(shape: TensorShape, invariant: TensorShape) -> bool:
    """Whether everything that ``invariant`` says is known to hold for ``shape``."""
    if invariant.plain is None:
        return True
    if shape.plain is None or len(shape.plain) != len(invariant.plain):
        return False
    return all(i is None or i == s for s, i in zip(shape.plain, invariant.plain, strict=True))
