"""The convolution kernels against NumPy in float64, over random sizes, on every instruction set that the machine has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from tests.kernels.cases import (
    Sizes,
    assert_near,
    cpus,
    fourier_sizes,
    loaded,
    method,
    misaligned,
    random,
    scale_of,
    sizes,
    using,
    winograd_sizes,
)

import gradiente as tf
from gradiente.kernels import conv as kernels
from gradiente.ops import nn_conv_device as device
from gradiente.ops import nn_conv_numpy as reference
from gradiente.ops.nn_window import Window, padding_of


def check(case: Sizes, cpu: str, tolerance: float = 2e-6) -> None:
    """All three passes, from misaligned arrays."""
    x, filters = random(case.seed, case.image), random(case.seed + 1, case.filters)
    exact = [a.astype(np.float64) for a in (x, filters)]
    y = reference.conv(exact[0], exact[1], case.windows, case.pads)
    grad = random(case.seed + 2, y.shape)
    exact.append(grad.astype(np.float64))
    dx = reference.conv_input_gradient(exact[2], exact[1], case.lengths, case.windows, case.pads)
    dw = reference.conv_filter_gradient(exact[0], exact[2], case.windows, case.pads)
    taps = case.windows[0].size * case.windows[1].size
    xs, ws, gs = misaligned(x), misaligned(filters), misaligned(grad)
    with using(cpu):
        got = device.conv(xs, ws, case.windows, case.pads)
        assert_near(got, y, tolerance, taps * case.channels, scale_of(y, x, filters))
        got = device.conv_input_gradient(gs, ws, case.lengths, case.windows, case.pads)
        assert_near(got, dx, tolerance, taps * case.outputs, scale_of(dx, grad, filters))
        got = device.conv_filter_gradient(xs, gs, case.windows, case.pads)
        assert_near(got, dw, tolerance, y.size // case.outputs, scale_of(dw, x, grad))


@pytest.mark.parametrize("cpu", cpus())
@given(case=sizes())
@settings(max_examples=25)
def test_random_sizes(cpu: str, case: Sizes) -> None:
    check(case, cpu)


@pytest.mark.parametrize("cpu", cpus())
@given(case=winograd_sizes())
@settings(max_examples=25)
def test_winograd(cpu: str, case: Sizes) -> None:
    """Its rounding errors are larger: the transforms multiply and divide by up to 90."""
    with method("winograd"):
        check(case, cpu, 2e-5)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("batch", [1, 4, 5, 12])
def test_winograd_of_few_and_many_tiles(cpu: str, batch: int) -> None:
    """16 tiles an image. The filter's gradient is divided by its rows for up to 64 of them, and else by the tiles."""
    with method("winograd"):
        check(Sizes(batch, (15, 14), 33, 130, (Window(3, 1),) * 2, ((1, 1),) * 2, 0), cpu, 2e-5)


@pytest.mark.parametrize("cpu", cpus())
@given(case=fourier_sizes())
@settings(max_examples=25)
def test_fourier(cpu: str, case: Sizes) -> None:
    """A tile's rounding errors are those of its largest values, also where the results are small."""
    with method("fourier"):
        check(case, cpu, 4e-6)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(
    ("length", "size", "padding"),
    [
        (14, 5, 2),  # zeros before the first pixel stand for those after the last one: the experts' network
        (15, 5, 2),  # one pixel too many for that
        (16, 5, 0),  # a whole tile, and its input gradient with padding on all sides
        (12, 9, 4),
        (16, 1, 0),
    ],
)
def test_images_of_one_tile(cpu: str, length: int, size: int, padding: int) -> None:
    windows, pads = (Window(size, 1),) * 2, ((padding, padding),) * 2
    with method("fourier"):
        check(Sizes(40, (length, length), 20, 33, windows, pads, 0), cpu)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("way", ["winograd", "fourier"])
@pytest.mark.parametrize("scale", [1e4, 1e-30])
def test_transforms_of_large_and_tiny_values(cpu: str, way: str, scale: float) -> None:
    x, filters = random(0, (2, 9, 9, 20)) * np.float32(scale), random(1, (3, 3, 20, 20))
    windows, pads = (Window(3, 1),) * 2, ((1, 1), (1, 1))
    y = reference.conv(x.astype(float), filters.astype(float), windows, pads)
    with method(way), using(cpu):
        assert_near(
            np.asarray(device.conv(jnp.asarray(x), jnp.asarray(filters), windows, pads)) / scale,
            y / scale,
            2e-5,
        )


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(
    ("batch", "length", "channels", "outputs", "size", "stride"),
    [
        (3, 28, 1, 32, 5, 1),  # the experts' network
        (2, 14, 32, 64, 5, 1),
        (9, 8, 128, 256, 3, 1),  # several images a task, several panels, the common axis in blocks
        (1, 7, 320, 1280, 1, 1),  # panels divided among threads, which pack them for themselves
        (1, 7, 60, 192, 1, 1),  # panels narrowed so that threads get as many
        (1, 14, 500, 272, 1, 1),  # the same of a larger image, in several pieces of the common axis
        (2, 12, 32, 16, 1, 1),  # a filter that lies packed, and pixels that lie close
        (1, 14, 30, 20, 3, 1),  # bands as even as can be
        (3, 14, 30, 20, 3, 1),
        (3, 10, 20, 40, 1, 1),  # several images of evenly spaced pixels in a task
        (3, 10, 48, 600, 1, 1),  # pixels as rows of a product of matrices
        (3, 10, 24, 70, 1, 1),  # the same of a short common axis
        (3, 10, 600, 48, 1, 1),  # the same of the input gradient
        (4, 24, 70, 9, 1, 1),  # a filter's gradient whose images and received gradients change places
        (3, 20, 5, 160, 1, 1),  # one whose received gradients, of several panels, are read as they lie
        (1, 40, 70, 16, 3, 2),  # bands of an image
        (2, 9, 600, 17, 3, 1),  # one segment longer than a block
        (3, 20, 3, 64, 3, 1),  # an input gradient to few channels
        (3, 20, 3, 26, 3, 2),  # narrow tiles of two vectors, the second of which is not full
        (11, 7, 50, 100, 1, 1),  # a filter's gradient of several images whose pixels are one row
        (3, 33, 3, 16, 3, 1),  # a filter's gradient in bands of images, from received gradients as they lie
        (2, 11, 40, 2, 5, 1),  # few outputs
        (2, 11, 2, 40, 5, 2),  # few channels, with strides
        (2, 5, 4, 8, 2, 3),  # a stride beyond the window: elements that no window sees
    ],
)
def test_shapes_that_take_ways_of_their_own(
    cpu: str, batch: int, length: int, channels: int, outputs: int, size: int, stride: int
) -> None:
    windows = (Window(size, stride), Window(size, stride))
    pads = padding_of((length, length), windows, "SAME", ())
    check(Sizes(batch, (length, length), channels, outputs, windows, pads, 0), cpu)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(
    ("batch", "channels", "size", "stride"), [(3, 70, 1, 1), (3, 70, 3, 2), (40, 8, 3, 2)]
)
def test_images_that_are_asked_for_ahead(cpu: str, batch: int, channels: int, size: int, stride: int) -> None:
    windows, pads = (Window(size, stride),) * 2, ((size // 2,) * 2,) * 2
    check(Sizes(batch, (110, 100), channels, 5, windows, pads, 0), cpu)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(("way", "size"), [("direct", 1), ("direct", 3), ("winograd", 3), ("fourier", 3)])
def test_results_that_go_past_the_caches(cpu: str, way: str, size: int) -> None:
    windows, pads = (Window(size, 1),) * 2, ((size // 2,) * 2,) * 2
    with method(way):
        check(Sizes(1, (258, 512), 2, 64, windows, pads, 0), cpu, 2e-5 if way == "winograd" else 2e-6)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("activation", kernels.ACTIVATIONS)
def test_bias_and_activation(cpu: str, activation: kernels.Activation) -> None:
    x, filters, bias = random(0, (2, 6, 5, 3)), random(1, (3, 3, 3, 37)), random(2, (37,))
    y = reference.conv(x.astype(float), filters.astype(float), (Window(3, 1),) * 2, ((1, 1), (1, 1))) + bias
    y = {"none": y, "relu": np.maximum(y, 0), "relu6": np.clip(y, 0, 6)}[activation]
    with using(cpu):
        got = kernels.conv2d_bias_act(
            *map(jnp.asarray, (x, filters, bias)), activation, padding=((1, 1), (1, 1))
        )
    assert_near(got, y, terms=27)


def test_bias_and_activation_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    x, filters, bias = map(jnp.asarray, (random(0, (2, 6, 5, 3)), random(1, (3, 3, 3, 4)), random(2, (4,))))
    for activation in kernels.ACTIVATIONS:
        ours = kernels.conv2d_bias_act(x, filters, bias, activation, (2, 1), (1, 2))
        with monkeypatch.context() as patch:
            patch.setenv("GRADIENTE_CONV", "xla")
            text = (
                jax.jit(kernels.conv2d_bias_act, static_argnums=3)
                .lower(x, filters, bias, activation)
                .as_text()
            )
            assert "custom_call" not in text
            theirs = kernels.conv2d_bias_act(x, filters, bias, activation, (2, 1), (1, 2))
        assert_near(ours, np.asarray(theirs), terms=27)


def test_a_nan_and_an_infinity_stay() -> None:
    x = np.zeros((1, 1, 3, 1), np.float32)
    x[0, 0, :, 0] = [np.nan, np.inf, -np.inf]
    filters, bias = jnp.ones((1, 1, 1, 2)), jnp.zeros(2)
    got = np.asarray(kernels.conv2d_bias_act(jnp.asarray(x), filters, bias, "relu"))
    np.testing.assert_array_equal(got[0, 0, :, 0], [np.nan, np.inf, 0])


def test_many_threads_at_once() -> None:
    case = Sizes(2, (12, 12), 5, 20, (Window(3, 1), Window(3, 2)), ((1, 1), (0, 1)), 0)
    loaded()
    x, filters = jnp.asarray(random(0, case.image)), jnp.asarray(random(1, case.filters))
    grad = jnp.asarray(random(2, (2, 12, 6, 20)))

    @jax.jit
    def passes(x: Any, filters: Any, grad: Any) -> Any:
        return (
            device.conv(x, filters, case.windows, case.pads),
            device.conv_input_gradient(grad, filters, case.lengths, case.windows, case.pads),
            device.conv_filter_gradient(x, grad, case.windows, case.pads),
        )

    alone = [np.asarray(a) for a in passes(x, filters, grad)]
    with ThreadPoolExecutor(8) as threads:
        for results in threads.map(lambda _: passes(x, filters, grad), range(200)):
            for got, want in zip(results, alone, strict=True):
                np.testing.assert_array_equal(got, want)


def graph_text(dtype: tf.DType = tf.float32, data_format: str = "NHWC") -> str:
    channels_last = data_format == "NHWC"
    x = tf.placeholder(dtype, [2, 8, 8, 4] if channels_last else [2, 4, 8, 8])
    filters = tf.placeholder(dtype, [3, 3, 4, 6])
    y = tf.nn.conv2d(x, filters, [1, 1, 1, 1], "SAME", data_format=data_format)
    feeds = {t: np.ones(t.shape.as_list(), dtype.as_numpy_dtype) for t in (x, filters)}
    with tf.Session() as sess:
        return sess.as_text([y, tf.gradients(y, [x, filters])], feeds, stage="stablehlo")


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_a_program_contains_the_kernels(data_format: str) -> None:
    loaded()
    text = graph_text(data_format=data_format)
    for target in ("conv2d", "conv2d_input_gradient", "conv2d_filter_gradient"):
        assert text.count(f"custom_call @gradiente_{target}(") == 1
    assert "stablehlo.convolution" not in text


def test_other_types_and_a_switched_off_kernel_are_xlas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "gradiente_conv2d" not in graph_text(tf.float64)
    monkeypatch.setenv("GRADIENTE_CONV", "xla")
    assert "gradiente_conv2d" not in graph_text()


def test_an_unknown_method_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIENTE_CONV", "fast")
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"GRADIENTE_CONV is 'fast'.*direct, winograd, fourier, xla"
    ):
        graph_text()


def test_an_empty_batch() -> None:
    x = tf.placeholder(tf.float32, [None, 8, 8, 4])
    y = tf.nn.conv2d(x, tf.ones([3, 3, 4, 6]), [1, 1, 1, 1], "SAME")
    with tf.Session() as sess:
        assert sess.run(y, {x: np.ones((0, 8, 8, 4))}).shape == (0, 8, 8, 6)
