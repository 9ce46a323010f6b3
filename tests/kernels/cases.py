"""Random sizes of convolutions and poolings, and what the tests of the kernels share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

from gradiente.kernels.library import Library, library
from gradiente.ops.nn_window import Pads, Window, padding_of

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Sizes:
    """The sizes of a convolution or a pooling, two axes."""

    batch: int
    lengths: tuple[int, int]
    channels: int
    outputs: int
    windows: tuple[Window, Window]
    pads: Pads
    seed: int

    @property
    def image(self) -> tuple[int, ...]:
        return (self.batch, *self.lengths, self.channels)

    @property
    def filters(self) -> tuple[int, ...]:
        return (*(w.size for w in self.windows), self.channels, self.outputs)


# Around the vectors' and the tiles' widths: less than one, exactly one or two, one more.
CHANNELS = st.one_of(st.integers(1, 20), st.sampled_from([31, 32, 33, 48, 63, 64, 65, 80, 130]))


def _at_stride_one(draw: st.DrawFn, sizes: tuple[int, int], most_before: int, longest: int) -> Sizes:
    """Filters of these sizes on images of all lengths that they fit on."""
    pads = tuple((draw(st.integers(0, most_before)), draw(st.integers(0, 4))) for _ in range(2))
    lengths = tuple(
        draw(st.integers(max(1, size - sum(p)), longest)) for size, p in zip(sizes, pads, strict=True)
    )
    windows = (Window(sizes[0], 1), Window(sizes[1], 1))
    batch, channels, outputs = draw(st.integers(1, 4)), draw(CHANNELS), draw(CHANNELS)
    return Sizes(batch, lengths, channels, outputs, windows, pads, draw(st.integers(0, 99)))


@st.composite
def winograd_sizes(draw: st.DrawFn) -> Sizes:
    """Those that Winograd's transforms can do: 3×3 and 5×5, stride 1; images that the tiles don't divide, and smaller ones."""
    size = draw(st.sampled_from([3, 5]))
    return _at_stride_one(draw, (size, size), 4, 19)


@st.composite
def fourier_sizes(draw: st.DrawFn) -> Sizes:
    """Those that Fourier's transform can do: up to 9×9, stride 1; images of less than a tile, of one, and of several."""
    return _at_stride_one(draw, (draw(st.integers(1, 9)), draw(st.integers(1, 9))), 9, 26)


@st.composite
def sizes(draw: st.DrawFn, dilated: bool = True) -> Sizes:
    """Any that fit: strides, dilations, all kinds of padding, images from a single pixel."""
    windows = tuple(
        Window(draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 2)) if dilated else 1)
        for _ in range(2)
    )
    kind = draw(st.sampled_from(["SAME", "VALID", "EXPLICIT"]))
    explicit = tuple((draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in range(2))
    room = [sum(p) if kind == "EXPLICIT" else 0 for p in explicit]
    least = [1 if kind == "SAME" else max(1, w.extent - r) for w, r in zip(windows, room, strict=True)]
    lengths = tuple(draw(st.integers(n, n + 17)) for n in least)
    pads = padding_of(lengths, windows, kind, explicit)
    return Sizes(
        draw(st.integers(1, 5)),
        lengths,
        draw(CHANNELS),
        draw(CHANNELS),
        windows,
        pads,
        draw(st.integers(0, 99)),
    )


def loaded() -> Library:
    """The library; skips the test on a machine without it."""
    found = library()
    if found is None:
        pytest.skip("this installation has no compiled kernels")
    return found


def cpus() -> list[str]:
    """The instruction sets of this machine that the kernels can use."""
    found = library()
    return [] if found is None else [name for name in found.cpus() if name != "none"]


@contextmanager
def using(cpu: str) -> Iterator[None]:
    """Run the kernels on an instruction set. JAX's calls return before they are done, so what was begun is waited for."""
    kernels = loaded()
    before = kernels.cpu
    assert kernels.choose_cpu(cpu)
    try:
        yield
    finally:
        jax.block_until_ready(jax.live_arrays())
        kernels.choose_cpu(before)


@contextmanager
def method(name: str) -> Iterator[None]:
    """Set ``GRADIENTE_CONV`` in a block: hypothesis runs many examples in one test, for which ``monkeypatch`` is no use."""
    before = os.environ.get("GRADIENTE_CONV")
    os.environ["GRADIENTE_CONV"] = name
    try:
        yield
    finally:
        os.environ.pop("GRADIENTE_CONV")
        if before is not None:
            os.environ["GRADIENTE_CONV"] = before


def random(seed: int, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def misaligned(values: Array) -> Any:
    """The values as an array on the device that begins 4 bytes after a multiple of 64, where the device allows it."""
    room = np.empty(values.size + 32, np.float32)
    start = (-(room.ctypes.data // 4) % 16) + 1
    view = room[start : start + values.size].reshape(values.shape)
    view[...] = values
    return jnp.asarray(view)


def scale_of(want: Array, *factors: Array) -> float:
    """The largest value, or the largest term that it may be made of: that of products of these. Values can all be zero, where
    Winograd's way has rounding errors."""
    term = float(np.prod([np.abs(f).max(initial=1e-6) for f in factors]))
    return max(term, float(np.abs(want).max(initial=0)))


def assert_near(
    got: Any, want: Array, tolerance: float = 2e-6, terms: int = 1, scale: float | None = None
) -> None:
    """Equal but for rounding: ``tolerance`` of the largest value, growing with the root of the number of terms. Where terms
    cancel, ``scale`` is what they are themselves."""
    assert got.shape == want.shape
    if scale is None:
        scale = float(np.abs(want).max(initial=1e-6))
    error = np.abs(np.asarray(got, np.float64) - want).max(initial=0)
    assert error <= tolerance * scale * max(1.0, terms**0.5)
