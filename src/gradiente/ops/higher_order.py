"""Functions applied along the first dimension of tensors: ``map_fn``, ``scan``, ``foldl``, ``foldr``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradiente.graph import nest
from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import DType, as_dtype
from gradiente.graph.operation import Tensor
from gradiente.graph.source import user_line
from gradiente.ops.tensor_array import TensorArray
from gradiente.ops.while_loop import while_loop


def _elem(value: Any) -> Tensor:
    return convert_to_tensor(value, name="elem")


def _dtype(tensor: Tensor) -> DType:
    return tensor.dtype.base_dtype


class _Rows:
    """The rows of a nested structure of tensors, which are equally many."""

    def __init__(self, function: str, elems: Any) -> None:
        self._structure = nest.map_structure(_elem, elems)
        tensors: list[Tensor] = nest.flatten(self._structure)
        if not tensors:
            raise ValueError(f"{function}(): 'elems' holds no tensor, at {user_line()}.")
        for tensor in tensors:
            if tensor.shape.ndims == 0:
                raise ValueError(
                    f"{function}(): 'elems' must be tensors of at least one dimension, along which the function is applied, "
                    f"but {tensor.name!r} is a scalar, at {user_line()}."
                )
        self.static_count: int | None = None
        for tensor in tensors:
            if tensor.shape.plain and tensor.shape.plain[0] is not None:
                size = tensor.shape.plain[0]
                if self.static_count not in (None, size):
                    raise ValueError(
                        f"{function}(): the tensors of 'elems' have {self.static_count} and {size} rows."
                    )
                self.static_count = size
        self.count: Any = (
            convert_to_tensor(self.static_count, name="n")
            if self.static_count is not None
            else apply("StridedSlice", apply("Shape", tensors[0]), [0], [1], [1], shrink_axis_mask=1)
        )
        self._arrays = [TensorArray(t.dtype, size=self.count, name="elems").unstack(t) for t in tensors]

    def has(self, index: Any, *carried: Any) -> Any:
        """Whether there is a row at ``index``, coming from the first."""
        del carried
        return index < self.count

    def at(self, index: Any) -> Any:
        """The structure's rows at ``index``."""
        return nest.pack_sequence_as(self._structure, [array.read(index) for array in self._arrays])

    @property
    def dtypes(self) -> Any:
        """The structure's types."""
        return nest.map_structure(_dtype, self._structure)


def _not_passed(index: Any, *carried: Any) -> Any:
    """Whether there is a row at ``index``, coming from the last."""
    del carried
    return index >= 0


def map_fn(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, name: str | None = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """``fn`` of each row of ``elems``, stacked: [fn(elems[0]), fn(elems[1]), ...].

    Args:
        fn: a function of one row, or of a structure of rows, that returns a tensor or a structure of tensors.
        elems: a tensor, or a nested structure of tensors with equally many rows.
        dtype: the type, or the structure of types, that ``fn`` returns; by default those of ``elems``.
        parallel_iterations: accepted; see ``tf.while_loop``.
        back_prop: False if no gradient flows through.
        swap_memory: accepted and without effect.
        infer_shape: require that the results of all rows have one shape.
        name: the name scope.
        fn_output_signature: the newer name of ``dtype``.

    Returns:
        What ``fn`` returns, each tensor with a new first dimension.

    Raises:
        TypeError: if ``fn`` is no function.
        ValueError: if ``elems`` have no rows, or ``fn`` returns another structure than ``dtype`` says.

    Source: TensorFlow 1's ``tf.map_fn``.
    """
    _check_function("map_fn", fn)
    wanted = fn_output_signature if dtype is None else dtype
    with name_scope(name, "map", nest.flatten(elems)):
        rows = _Rows("map_fn", elems)
        types = rows.dtypes if wanted is None else nest.map_structure(as_dtype, wanted)
        outputs = [TensorArray(t, size=rows.count, infer_shape=infer_shape) for t in nest.flatten(types)]

        def turn(i: Any, arrays: Any) -> Any:
            result = fn(rows.at(i))
            _check_structure("map_fn", types, result)
            return i + 1, [a.write(i, r) for a, r in zip(arrays, nest.flatten(result), strict=True)]

        _, arrays = while_loop(
            rows.has, turn, (0, outputs), parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=None,
        )  # fmt: skip
        return nest.pack_sequence_as(types, [a.stack() for a in arrays])


def scan(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """All results of folding: a_0 = fn(initializer, elems[0]), a_1 = fn(a_0, elems[1]), ..., stacked.

    Args:
        fn: a function of the result so far and of a row, that returns the next result.
        elems: a tensor, or a nested structure of tensors with equally many rows.
        initializer: the result to begin with; without it the first row, which is the first result then.
        parallel_iterations: accepted; see ``tf.while_loop``.
        back_prop: False if no gradient flows through.
        swap_memory: accepted and without effect.
        infer_shape: require that all results have one shape.
        reverse: go from the last row to the first.
        name: the name scope.

    Returns:
        The results, each tensor with a new first dimension; with ``reverse``, in the order of the rows.

    Raises:
        TypeError: if ``fn`` is no function.
        ValueError: if ``elems`` have no rows, or ``fn`` returns another structure than ``initializer``.

    Source: TensorFlow 1's ``tf.scan``.
    """
    _check_function("scan", fn)
    with name_scope(name, "scan", nest.flatten(elems)):
        rows = _Rows("scan", elems)
        last = rows.count - 1
        result, begun = _begin(rows, initializer, last if reverse else 0)
        tensors: list[Tensor] = nest.flatten(result)
        outputs = [TensorArray(t.dtype, size=rows.count, infer_shape=infer_shape) for t in tensors]
        if begun:
            first = last if reverse else 0
            outputs = [a.write(first, t) for a, t in zip(outputs, tensors, strict=True)]

        def turn(i: Any, so_far: Any, arrays: Any) -> Any:
            following = fn(so_far, rows.at(i))
            _check_structure("scan", result, following)
            arrays = [a.write(i, r) for a, r in zip(arrays, nest.flatten(following), strict=True)]
            return (i - 1 if reverse else i + 1), following, arrays

        start = (last - begun) if reverse else begun
        arrays = while_loop(
            _not_passed if reverse else rows.has, turn,
            (start, result, outputs), parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory,
        )[2]  # fmt: skip
        return nest.pack_sequence_as(result, [a.stack() for a in arrays])


def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The rows of ``elems`` folded from the first: fn(fn(fn(initializer, elems[0]), elems[1]), ...).

    Args:
        fn: a function of the result so far and of a row, that returns the next result.
        elems: a tensor, or a nested structure of tensors with equally many rows.
        initializer: the result to begin with; without it the first row.
        parallel_iterations: accepted; see ``tf.while_loop``.
        back_prop: False if no gradient flows through.
        swap_memory: accepted and without effect.
        name: the name scope.

    Returns:
        The last result.

    Raises:
        TypeError: if ``fn`` is no function.
        ValueError: if ``elems`` have no rows.

    Source: TensorFlow 1's ``tf.foldl``.
    """
    return _fold("foldl", fn, elems, initializer, parallel_iterations, back_prop, swap_memory, name)


def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The rows of ``elems`` folded from the last: fn(fn(fn(initializer, elems[n-1]), elems[n-2]), ...).

    Args, returns and errors are those of ``foldl``.

    Source: TensorFlow 1's ``tf.foldr``.
    """
    return _fold("foldr", fn, elems, initializer, parallel_iterations, back_prop, swap_memory, name)


def _fold(
    kind: str, fn: Callable[..., Any], elems: Any, initializer: Any, parallel_iterations: int, back_prop: bool,
    swap_memory: bool, name: str | None,
) -> Any:  # fmt: skip
    _check_function(kind, fn)
    backwards = kind == "foldr"
    with name_scope(name, kind, nest.flatten(elems)):
        rows = _Rows(kind, elems)
        last = rows.count - 1
        result, begun = _begin(rows, initializer, last if backwards else 0)

        def turn(i: Any, so_far: Any) -> Any:
            following = fn(so_far, rows.at(i))
            _check_structure(kind, result, following)
            return (i - 1 if backwards else i + 1), following

        start = (last - begun) if backwards else begun
        return while_loop(
            _not_passed if backwards else rows.has, turn, (start, result),
            parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory,
        )[1]  # fmt: skip


def _begin(rows: _Rows, initializer: Any, first: Any) -> tuple[Any, int]:
    """The result to begin with, and how many rows went into it."""
    if initializer is None:
        return rows.at(first), 1
    return nest.map_structure(convert_to_tensor, initializer), 0


def _check_function(name: str, fn: Any) -> None:
    if not callable(fn):
        raise TypeError(f"{name}(): 'fn' must be callable, not {fn!r}, at {user_line()}.")


def _check_structure(name: str, wanted: Any, result: Any) -> None:
    try:
        nest.assert_same_structure(wanted, result)
    except (ValueError, TypeError) as error:
        remedy = " Say what it returns with dtype=." if name == "map_fn" else ""
        raise type(error)(
            f"{name}(): 'fn' returns another structure than expected, at {user_line()}: {error}{remedy}"
        ) from None
