"""Keeping the memory of intermediate values: seen from the page faults of a process of its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from gradiente.kernels.library import library
from gradiente.runtime.memory import settle_memory

TAIL = """
import resource
import statistics

faults = []
with tf.Session() as session:
    for _ in range(16):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        session.run(y, {x: value})
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(statistics.median(faults[8:]))
"""
"""Prints the page faults of a run of y, once the memory that is kept has grown to its size."""

SUMS = """
import numpy as np

import gradiente as tf

x = tf.placeholder(tf.float32, [None, 1 << 20])
y = tf.reduce_sum(tf.cumsum(tf.cumsum(x, axis=1), axis=0))
value = np.ones([9, 1 << 20], np.float32)
"""
"""Needs results of 36 MB: from 32 MB on malloc keeps nothing by itself."""

CONVOLUTIONS = """
import numpy as np

import gradiente as tf

x = tf.placeholder(tf.float32, [None, 16, 16, 16])
y, filters = x, tf.constant(np.full([3, 3, 16, 16], 0.01, np.float32))
for _ in range(20):
    y = tf.nn.conv2d(y, filters, [1, 1, 1, 1], "SAME")
y = tf.gradients(y, filters)
value = np.ones([160, 16, 16, 16], np.float32)
"""
"""Needs twenty results of 2.5 MB at the same time: too much for malloc to keep it by itself."""

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")


def faults(program: str, memory: str) -> float:
    """Page faults a run of the program."""
    environment = {**os.environ, "GRADIENTE_MEMORY": memory}
    result = subprocess.run(
        [sys.executable, "-c", program + TAIL], env=environment, capture_output=True, text=True, check=True
    )
    return float(result.stdout)


@needs_glibc
def test_intermediate_values_come_from_memory_that_was_kept():
    assert faults(SUMS, "keep") < 0.2 * faults(SUMS, "return")


def test_results_of_kernels_come_in_large_pages():
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if library() is None or not setting.exists() or "[never]" in setting.read_text():
        pytest.skip("no kernels, or no such pages here")
    # They are 12,800 pages of 4 KB.
    assert faults(CONVOLUTIONS, "return") < 3000


@pytest.mark.parametrize("keep", [True, False])
def test_another_word_is_refused(monkeypatch, keep):
    monkeypatch.setenv("GRADIENTE_MEMORY", "hold")
    with pytest.raises(ValueError, match=r"GRADIENTE_MEMORY is 'hold'.*it can be keep, return"):
        settle_memory(keep)


def test_nothing_is_changed_unless_it_is_wanted(monkeypatch):
    monkeypatch.delenv("GRADIENTE_MEMORY", raising=False)
    assert not settle_memory(keep=False)
    monkeypatch.setenv("GRADIENTE_MEMORY", "return")
    assert not settle_memory(keep=True)
