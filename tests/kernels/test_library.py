"""Loading the compiled kernels, and doing without them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.kernels.cases import loaded

from gradiente.kernels import library as module
from gradiente.kernels.library import Library, requested_cpu

PROGRAM = """
import numpy as np
import gradiente as tf
x = tf.placeholder(tf.float32, [1, 4, 4, 1])
y = tf.nn.max_pool(tf.nn.conv2d(x, np.ones((3, 3, 1, 1), "float32"), 1, "SAME"), 2, 2, "SAME")
sess = tf.Session()
feeds = {x: np.ones((1, 4, 4, 1))}
print(sess.run(y, feeds).ravel().tolist(), "gradiente_conv2d" in sess.as_text(y, feeds, stage="stablehlo"))
"""


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("cpu", ["baseline", "none"])
def test_the_environment_chooses_the_instruction_set(cpu: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded()
    monkeypatch.setenv("GRADIENTE_CPU", cpu)
    done = run(dict(os.environ))
    assert done.stdout == f"[9.0, 9.0, 9.0, 9.0] {cpu != 'none'}\n", done.stderr


def test_an_unknown_instruction_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIENTE_CPU", "mmx")
    with pytest.raises(ValueError, match=r"GRADIENTE_CPU is 'mmx'.*none, baseline, avx2, avx512"):
        requested_cpu()


def test_an_instruction_set_that_is_not_here_is_named() -> None:
    loaded()
    with pytest.raises(
        ValueError, match=r"GRADIENTE_CPU is 'sse9'.* lacks that instruction set. It can be none, baseline"
    ):
        Library(module._FILE, "sse9")


def test_what_is_lost_without_the_library_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADIENTE_CPU", raising=False)
    monkeypatch.setattr(module, "_loaded", [])
    monkeypatch.setattr(module, "_FILE", tmp_path / "gradiente_kernels.so")
    with pytest.warns(RuntimeWarning, match=r"without its CPU kernels.*several times longer.*C\+\+ compiler"):
        assert module.library() is None
    assert module.library() is None


def test_a_library_that_does_not_load_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIENTE_CPU", raising=False)
    broken = tmp_path / "gradiente_kernels.so"
    broken.write_bytes(b"not a library")
    with pytest.warns(RuntimeWarning, match=r"gradiente_kernels.so cannot be used"):
        assert module._load(broken) is None
