"""Keeping the memory of intermediate values: seen from the page faults of a process of its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from gradiente.runtime.memory import settle_memory

PROGRAM = """
import resource

import numpy as np

import gradiente as tf

x = tf.placeholder(tf.float32, [None, 1 << 20])
y = tf.reduce_sum(tf.cumsum(tf.cumsum(x, axis=1), axis=0))
value = np.ones([16, 1 << 20], np.float32)
with tf.Session() as session:
    for _ in range(4):
        session.run(y, {x: value})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        session.run(y, {x: value})
    print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 8)
"""

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")


def faults(memory: str) -> float:
    """Page faults a run of the program's second half."""
    environment = {**os.environ, "GRADIENTE_MEMORY": memory}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    return float(result.stdout)


@needs_glibc
def test_intermediate_values_come_from_memory_that_was_kept():
    assert faults("keep") < 0.2 * faults("return")


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
