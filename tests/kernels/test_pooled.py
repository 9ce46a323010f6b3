"""Convolution, bias, rectifier and pool in one, and the gradients, against NumPy in float64 on every instruction set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.cases import (
    Array,
    Sizes,
    assert_near,
    cpus,
    fourier_sizes,
    method,
    misaligned,
    random,
    scale_of,
    sizes,
    using,
    winograd_sizes,
)

from gradiente.kernels import pooled as kernels
from gradiente.ops import nn_conv_numpy as reference
from gradiente.ops.nn_window import Window, padding_of


def windows_of(y: Array, pooled: tuple[int, int]) -> Array:
    """The elements of each window along a last axis of 4, minus infinity where there are none."""
    batch, rows, columns, channels = y.shape
    shape = (batch, 2 * pooled[0], 2 * pooled[1], channels)
    padded = np.full(shape, -np.inf)
    seen = (min(rows, shape[1]), min(columns, shape[2]))
    padded[:, : seen[0], : seen[1]] = y[:, : seen[0], : seen[1]]
    split = padded.reshape(batch, pooled[0], 2, pooled[1], 2, channels)
    return split.transpose(0, 1, 3, 5, 2, 4).reshape(batch, *pooled, channels, 4)


def spread(grad: Array, places: Array, results: tuple[int, int]) -> Array:
    """The gradient at its places."""
    batch, rows, columns, channels = grad.shape
    whole = np.zeros((batch, rows, columns, channels, 5))
    np.put_along_axis(whole, places[..., None].astype(int), grad[..., None], -1)
    split = whole[..., :4].reshape(batch, rows, columns, channels, 2, 2).transpose(0, 1, 4, 2, 5, 3)
    padded = np.zeros(
        (batch, *(max(2 * s, r) for s, r in zip((rows, columns), results, strict=True)), channels)
    )
    padded[:, : 2 * rows, : 2 * columns] = split.reshape(batch, 2 * rows, 2 * columns, channels)
    return padded[:, : results[0], : results[1]]


def check(case: Sizes, cpu: str, same: bool, tolerance: float | None = None) -> None:
    """All passes, from misaligned arrays; without ``tolerance`` from whole numbers, whose products have no rounding errors."""
    made = [random(case.seed + i, s) for i, s in enumerate((case.image, case.filters, (case.outputs,)))]
    x, filters, bias = made if tolerance else [np.round(a) for a in made]
    exact = x.astype(np.float64), filters.astype(np.float64)
    y = np.maximum(reference.conv(*exact, case.windows, case.pads) + bias, 0)
    results: Any = y.shape[1:3]
    size = ((results[0] + same) // 2, (results[1] + same) // 2)
    if 0 in size:
        return
    elements = windows_of(y, size)
    arguments = (
        [w.stride for w in case.windows], [w.dilation for w in case.windows], case.pads,
    )  # fmt: skip
    grad = random(case.seed + 3, elements.shape[:-1])
    gs = misaligned(grad)
    with using(cpu):
        largest, places = kernels.conv2d_pool(
            misaligned(x), misaligned(filters), misaligned(bias), size, *arguments
        )
        at = np.asarray(places)
        whole = spread(grad, at, results)
        dx = kernels.pooled_input_gradient(gs, places, misaligned(filters), results, case.lengths, *arguments)
        taps = case.filters[:2]
        dw = kernels.pooled_filter_gradient(misaligned(x), gs, places, results, taps, *arguments)
        db = kernels.pooled_bias_gradient(gs, places)
        np.testing.assert_array_equal(kernels.pooled_gradient(gs, places, results), whole)
    best = elements.max(-1)
    if tolerance is None:
        np.testing.assert_array_equal(largest, best)
        np.testing.assert_array_equal(at, np.where(best > 0, elements.argmax(-1), 4))
    else:
        scale = scale_of(reference.conv(*exact, case.windows, case.pads), *exact)
        terms = case.channels * taps[0] * taps[1]
        assert_near(largest, best, tolerance, terms, scale)
        chosen = np.take_along_axis(
            np.concatenate([elements, np.zeros_like(best)[..., None]], -1), at[..., None].astype(int), -1
        )
        assert_near(chosen[..., 0], best, 2 * tolerance, terms, scale)
    close = tolerance or 2e-6
    want = reference.conv_input_gradient(whole, exact[1], case.lengths, case.windows, case.pads)
    assert_near(dx, want, close, taps[0] * taps[1] * case.outputs, scale_of(want, whole, filters))
    want = reference.conv_filter_gradient(exact[0], whole, case.windows, case.pads)
    assert_near(dw, want, close, best.size, scale_of(want, x, whole))
    assert_near(db, whole.sum((0, 1, 2)), 2e-6, best.size)


@pytest.mark.parametrize("cpu", cpus())
@given(case=sizes(), same=st.booleans())
@settings(max_examples=25)
def test_random_sizes(cpu: str, case: Sizes, same: bool) -> None:
    """Of equal elements the first gets the gradient, and zeros of the rectifier get none: whole numbers have many of both."""
    with method("direct"):
        check(case, cpu, same)


@pytest.mark.parametrize("cpu", cpus())
@given(case=winograd_sizes(), same=st.booleans())
@settings(max_examples=25)
def test_winograd(cpu: str, case: Sizes, same: bool) -> None:
    with method("winograd"):
        check(case, cpu, same, 2e-5)


@pytest.mark.parametrize("cpu", cpus())
@given(case=fourier_sizes(), same=st.booleans())
@settings(max_examples=25)
def test_fourier(cpu: str, case: Sizes, same: bool) -> None:
    with method("fourier"):
        check(case, cpu, same, 4e-6)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(
    ("batch", "length", "channels", "outputs", "size", "stride"),
    [
        (3, 28, 1, 32, 5, 1),  # the experts' network
        (5, 14, 32, 64, 5, 1),
        (1, 28, 1, 32, 5, 1),  # bands of an image for the threads
        (2, 40, 3, 64, 3, 1),  # bands of an image for the cache
        (9, 6, 20, 40, 3, 2),  # several images in a task
        (1, 7, 320, 1280, 1, 1),  # panels divided among threads
        (2, 11, 40, 2, 5, 1),  # few outputs
        (2, 11, 2, 40, 5, 2),  # few channels, with strides
    ],
)
def test_shapes_that_take_ways_of_their_own(
    cpu: str, batch: int, length: int, channels: int, outputs: int, size: int, stride: int
) -> None:
    windows = (Window(size, stride), Window(size, stride))
    pads = padding_of((length, length), windows, "SAME", ())
    check(Sizes(batch, (length, length), channels, outputs, windows, pads, 0), cpu, True, 2e-5)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("way", ["direct", "winograd", "fourier"])
def test_a_nan_is_the_largest_and_gets_no_gradient(cpu: str, way: str) -> None:
    """As it is without the fusion: only the first element can be a NaN that a comparison leaves in its place."""
    x = np.zeros((2, 2, 2, 3), np.float32)
    x[0, ..., 0] = [[np.nan, 1], [1, 1]]
    x[1, ..., 1] = [[1, np.nan], [1, 2]]
    filters = np.zeros((3, 3, 3, 3), np.float32) if way != "direct" else np.zeros((1, 1, 3, 3), np.float32)
    pads = ((1, 1),) * 2 if way != "direct" else ((0, 0),) * 2
    filters[pads[0][0], pads[0][0]] = np.eye(3)
    with method(way), using(cpu):
        largest, places = kernels.conv2d_pool(
            misaligned(x),
            misaligned(filters),
            misaligned(np.zeros(3, np.float32)),
            (1, 1),
            (1, 1),
            (1, 1),
            pads,
        )
        assert np.isnan(np.asarray(largest)).all()
        assert np.asarray(places)[0, 0, 0, 0] == 4
        assert way != "direct" or np.asarray(places)[1, 0, 0, 1] == 3
