"""Compares the gradient in the graph with finite differences (`tf.test.compute_gradient`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from gradiente.gradients import gradients
from gradiente.graph.build import apply
from gradiente.graph.default_session import get_default_session
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.types import Array

Jacobians: TypeAlias = tuple[Array, Array]
Feeds: TypeAlias = Mapping[Any, Any]


def compute_gradient(
    x: Tensor | Sequence[Tensor],
    x_shape: Any,
    y: Tensor,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Operation | Iterable[Operation] | None = None,
    extra_feed_dict: Feeds | None = None,
) -> Jacobians | list[Jacobians]:
    """Returns the Jacobian ∂y/∂x twice: by backpropagation, and by central differences.

    J_ij = ∂y_j/∂x_i ≈ (y_j(x_i + δ) − y_j(x_i − δ)) / 2δ.

    Args:
        x: a tensor of real numbers, or a list of them.
        x_shape: its shape, or a list of shapes.
        y: a tensor computed from `x`.
        y_shape: its shape.
        x_init_value: where to compute the Jacobian, or a list; by default random numbers in [0, 1).
        delta: the step δ.
        init_targets: operations that are run first, such as an initializer.
        extra_feed_dict: values for other placeholders.

    Returns:
        Two arrays of shape [size of x, size of y]; for a list of tensors a list of such pairs.

    Raises:
        ValueError: when there is no default session, or a shape does not fit.
    """
    single = isinstance(x, Tensor)
    xs: list[Tensor] = [x] if isinstance(x, Tensor) else list(x)
    shapes: list[Any] = [x_shape] if single else list(x_shape)
    given: list[Any] = [x_init_value] if single else list(x_init_value or [None] * len(xs))
    session = get_default_session()
    if session is None:
        raise ValueError(
            "compute_gradient runs the graph, and there is no default session.\n"
            "  Remedy: call it inside `with self.test_session():` or `with tf.Session():`."
        )
    if init_targets is not None:
        session.run(init_targets if isinstance(init_targets, Operation) else list(init_targets))
    points = [_point(*each) for each in zip(xs, shapes, given, strict=True)]
    feeds: dict[Any, Any] = {**(extra_feed_dict or {}), **dict(zip(xs, points, strict=True))}
    size = int(np.prod(_plain(y_shape)))
    results = [
        (
            _by_backpropagation(session, tensor, y, tuple(_plain(y_shape)), size, feeds),
            _by_differences(session, tensor, y, size, feeds, delta),
        )
        for tensor in xs
    ]
    return results[0] if single else results


def compute_gradient_error(
    x: Tensor | Sequence[Tensor],
    x_shape: Any,
    y: Tensor,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Operation | Iterable[Operation] | None = None,
    extra_feed_dict: Feeds | None = None,
) -> float:
    """Returns the largest absolute difference between the two Jacobians of `compute_gradient`."""
    results = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict)
    pairs = [results] if isinstance(results, tuple) else results
    return max(float(np.max(np.abs(theory - measured), initial=0.0)) for theory, measured in pairs)


def _point(x: Tensor, shape: Any, given: Any) -> Array:
    if not x.dtype.is_floating:
        raise ValueError(
            f"compute_gradient checks tensors of real numbers; {x.name!r} has dtype {x.dtype.base_dtype.name}."
        )
    wanted = tuple(_plain(shape))
    dtype: Any = x.dtype.as_numpy_dtype
    if given is None:
        return np.asarray(np.random.random_sample(wanted)).astype(dtype)  # noqa: NPY002 -- np.random.seed fixes it
    point = np.array(given, dtype)
    if point.shape != wanted:
        raise ValueError(f"compute_gradient: x_init_value has shape {point.shape}, and x_shape is {wanted}.")
    return point


def _plain(shape: Any) -> list[int]:
    plain = getattr(shape, "as_list", None)
    return [int(size) for size in (plain() if plain else np.ravel(np.asarray(shape, np.int64)))]


def _by_backpropagation(
    session: Any, x: Tensor, y: Tensor, y_shape: tuple[int, ...], size: int, feeds: Feeds
) -> Array:
    with y.graph.as_default():
        direction = apply("Placeholder", dtype=y.dtype.base_dtype, shape=list(y_shape))
        gradient = gradients([y], [x], grad_ys=[direction])[0]
    count = int(np.asarray(feeds[x]).size)
    jacobian: Array = np.zeros((count, size), x.dtype.as_numpy_dtype)
    if gradient is None:
        return jacobian
    values: Any = getattr(gradient, "values", None)
    dense: Any = gradient if values is None else apply("Identity", gradient)
    for column in range(size):
        unit: Array = np.zeros(size, y.dtype.as_numpy_dtype)
        unit[column] = 1
        computed: Array = session.run(dense, {**feeds, direction: unit.reshape(y_shape)})
        jacobian[:, column] = np.ravel(computed)
    return jacobian


def _by_differences(session: Any, x: Tensor, y: Tensor, size: int, feeds: Feeds, delta: float) -> Array:
    point: Array = feeds[x]
    jacobian: Array = np.zeros((point.size, size), x.dtype.as_numpy_dtype)
    for row in range(point.size):
        ends: list[Array] = []
        for step in (delta, -delta):
            moved = point.copy()
            moved.reshape(-1)[row] += step
            ends.append(np.ravel(session.run(y, {**feeds, x: moved})))
        jacobian[row] = (ends[0] - ends[1]) / (2 * delta)
    return jacobian
