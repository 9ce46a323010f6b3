"""The sampling kernel against the operation's NumPy form, which is tested against SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from gradiente.kernels import image
from gradiente.kernels.library import library
from gradiente.ops.image_transform import _transform

pytestmark = pytest.mark.skipif(library() is None, reason="the library is not there")


@pytest.mark.parametrize("maps", [1, 5])
@pytest.mark.parametrize("shape", [(5, 9, 7, 3), (5, 1, 4, 1), (5, 6, 1, 2), (5, 28, 28, 1)])
def test_the_kernel_agrees_with_numpy(shape, maps):
    import jax

    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype(np.float32)
    a = rng.normal(size=(maps, 8)).astype(np.float32) * np.array(
        [1, 0.5, 3, 0.5, 1, 3, 0.01, 0.01], np.float32
    )
    a[0] = [2, 0, 0, 0, 2, 0, -1, 0]  # 0 below for x = 1
    size = (8, 11)
    expected = _transform(
        np, x, a, np.array(size), np.float32(0.5), interpolation="BILINEAR", fill_mode="NEAREST"
    )
    found = jax.jit(lambda x, a: image.transform(x, a, size, np.float32(0.5)))(x, a)
    np.testing.assert_allclose(found, expected, atol=2e-4)
