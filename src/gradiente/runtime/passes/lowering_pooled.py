"""Which kernels the steps of ``pooled_convolution`` call, and what they hand to each other in place of whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradiente.graph.operation import Operation
from gradiente.graph.types import is_known
from gradiente.kernels import conv, pooled
from gradiente.kernels.library import usable
from gradiente.ops.nn_window import Window, output_sizes
from gradiente.ops.reduction import normal_axes
from gradiente.runtime.passes.lowering import (
    convolution_geometry,
    geometry_and_results,
    max_pool_relu_gradient,
)
from gradiente.runtime.passes.program import Fused, Held


class _Results(Held):
    """A convolution's rectified results: the place of the largest in each window. The whole is computed anew."""

    def __init__(self, shape: Sequence[int], places: Any, pool: Operation, whole: Callable[[], Any]) -> None:
        super().__init__(shape, whole)
        self.places = places
        self._window = _pool_attrs(pool)

    def suits(self, gradient: Operation, grad: Any) -> bool:
        """Whether the operation is that pool's gradient, and what it receives can go with the places."""
        return self._window == _pool_attrs(gradient) and grad.shape == self.places.shape and usable(grad)


class _Gradient(Held):
    """What goes back through the pool and the rectifier: the gradient of each window's largest element, and its place."""

    def __init__(self, shape: Sequence[int], grad: Any, places: Any) -> None:
        super().__init__(shape, lambda: pooled.pooled_gradient(grad, places, shape[1:3]))
        self.grad = grad
        self.places = places


def _pool_attrs(pool: Operation) -> tuple[Any, ...]:
    return tuple(pool.attrs[name] for name in ("ksize", "strides", "padding", "data_format"))


def conv2d_pool(step: Fused, x: Any, filters: Any, bias: Any) -> Sequence[Any] | None:
    """Convolution, bias, rectifier and maximum over windows."""
    geometry = convolution_geometry(step, x, filters, bias)
    if geometry is None or bias.shape != filters.shape[3:]:
        return None
    sizes = conv.output_sizes(x, filters, *geometry)
    try:
        windows = output_sizes(sizes, [Window(2, 2)] * 2, step.parts[-1].attrs["padding"], ())
    except ValueError:
        return None
    if 0 in windows:
        return None
    y, places = pooled.conv2d_pool(x, filters, bias, [w or 0 for w in windows], *geometry)
    shape = (x.shape[0], *sizes, filters.shape[3])

    def whole() -> Any:
        return conv.conv2d_bias_act(x, filters, bias, "relu", *geometry)

    return [y, *(_Results(shape, places, step.parts[-1], whole) for _ in step.held)]


def pool_relu_gradient(step: Fused, x: Any, y: Any, grad: Any) -> Sequence[Any] | None:
    """The gradient of the rectifier and of the maximum over windows, in the form that the forward pass has."""
    if not isinstance(x, Held):
        return max_pool_relu_gradient(step, x, y, grad)
    if not isinstance(x, _Results) or not x.suits(step.parts[0], grad):
        return None
    return [_Gradient(x.shape, grad, x.places)]


def _suits(attrs: Any, value: Any) -> bool:
    return attrs["data_format"] == "NHWC" and value.ndim == 4 and conv.conv_usable(value)


def filter_gradient(step: Fused, x: Any, sizes: Any, grad: Any) -> Sequence[Any] | None:
    """The filter's gradient."""
    attrs = step.parts[0].attrs
    if not isinstance(grad, _Gradient) or not is_known(sizes) or not _suits(attrs, x):
        return None
    taps = [int(s) for s in sizes]
    found = geometry_and_results(attrs, x.shape[1:3], taps[:2])
    if found is None or (x.shape[0], *found[1], taps[3]) != grad.shape or x.shape[3] != taps[2]:
        return None
    geometry, results = found
    return [pooled.pooled_filter_gradient(x, grad.grad, grad.places, results, taps[:2], *geometry)]


def input_gradient(step: Fused, sizes: Any, filters: Any, grad: Any) -> Sequence[Any] | None:
    """The image's gradient."""
    attrs = step.parts[0].attrs
    if not isinstance(grad, _Gradient) or not is_known(sizes) or not _suits(attrs, filters):
        return None
    batch, *image, channels = (int(s) for s in sizes)
    found = geometry_and_results(attrs, image, filters.shape[:2])
    if found is None or (batch, *found[1], filters.shape[3]) != grad.shape or channels != filters.shape[2]:
        return None
    geometry, results = found
    return [pooled.pooled_input_gradient(grad.grad, grad.places, filters, results, image, *geometry)]


def bias_gradient(step: Fused, grad: Any) -> Sequence[Any] | None:
    """The bias's gradient."""
    if not isinstance(grad, _Gradient) or step.parts[0].attrs["data_format"] != "NHWC":
        return None
    return [pooled.pooled_bias_gradient(grad.grad, grad.places)]


def total(step: Fused, grad: Any, axes: Any) -> Sequence[Any] | None:
    """A sum over all axes but the channels', a bias's gradient; or over none, which changes nothing."""
    if not isinstance(grad, _Gradient) or step.parts[0].attrs["keep_dims"] or not is_known(axes):
        return None
    summed = sorted(normal_axes(axes, grad.ndim))
    if summed == [0, 1, 2]:
        return [pooled.pooled_bias_gradient(grad.grad, grad.places)]
    return None if summed else [grad]


def same_shape(step: Fused, grad: Any, shape: Any) -> Sequence[Any] | None:
    """A shape that is the old one."""
    del step
    same = isinstance(grad, _Gradient) and is_known(shape) and tuple(shape) == grad.shape
    return [grad] if same else None
