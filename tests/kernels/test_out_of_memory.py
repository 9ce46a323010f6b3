"""A kernel whose threads get no memory: seen in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.kernels.cases import loaded

PROGRAM = """
import resource

import jax
import jax.numpy as jnp

from gradiente.kernels import conv

# Each thread needs 57 MB for the columns of an image.
x, w = jnp.ones((4, 768, 768, 16)), jnp.ones((5, 5, 16, 1))
convolve = jax.jit(lambda x, w: conv.conv2d(x, w, (1, 1), (1, 1), ((2, 2), (2, 2))))
convolve = convolve.lower(x, w).compile()
with open("/proc/self/statm") as file:
    pages = int(file.read().split()[0])
before = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (32 << 20), before[1]))
try:
    convolve(x, w)
except jax.errors.JaxRuntimeError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_AS, before)
print(float(convolve(x, w)[3, 9, 9, 0]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process's memory limited in this way")
def test_a_kernel_without_memory_is_an_error_and_nothing_else() -> None:
    loaded()
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    message, value = result.stdout.splitlines()
    assert message == "RESOURCE_EXHAUSTED: Out of memory in one of gradiente's CPU kernels."
    assert float(value) == 5 * 5 * 16
