"""Networks from a person's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gradiente as tf
from gradiente.classify.networks import find_network
from gradiente.classify.problems import ImageTooSmallError, SettingsError

HEAD = "import gradiente as tf\nfrom gradiente.classify.networks.layers import dense, flatten\n"


def build(folder: Path, body: str, size: int = 8, name: str = "build", dtype: Any = tf.float32) -> Any:
    (folder / "my_net.py").write_text(HEAD + body)
    with tf.Graph().as_default():
        network = find_network(f"{folder / 'my_net.py'}:{name}")
        return network(tf.placeholder(dtype, [None, size, size, 1], name="images"), 3, True)


def test_a_network_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("WIDTH = 5\n")
    body = "import beside\ndef build(images, num_classes, training):\n    x = dense(flatten(images), beside.WIDTH, 'a')\n"
    logits = build(tmp_path, body + "    return dense(tf.nn.relu(x), num_classes, 'b')\n")
    assert logits.shape.as_list() == [None, 3]


def test_images_in_bfloat16(tmp_path: Path) -> None:
    half = (
        "def build(images, n, t):\n    return tf.matmul(flatten(images), tf.zeros([64, n], images.dtype))\n"
    )
    assert build(tmp_path, half, dtype=tf.bfloat16).dtype == tf.bfloat16
    own = "def build(images, n, t):\n    return tf.matmul(flatten(images), tf.Variable(tf.zeros([64, n])))\n"
    with pytest.raises(SettingsError, match=r"my_net.py:4 .*with --precision float32 they are float32"):
        build(tmp_path, own, dtype=tf.bfloat16)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def other(a): pass\n", r"has no function 'build'. It has dense, flatten, other"),
        ("def build(images, n): pass\n", r"can't be called as a network: too many positional .* build\(images, n\) at line 3"),
        ("def build(images, n, t):\n    return 5\n", "must return a tensor of logits, not int"),
        ("def build(images, n, t):\n    return dense(flatten(images), 7, 'a')\n", r"\[batch, 3\].*of the shape \(\?, 7\)"),
        ("def build(images, n, t):\n    return tf.nn.softmax(dense(flatten(images), n, 'a'))\n", "return the logits before it"),
        ("def build(images, n, t):\n    return tf.cast(dense(flatten(images), n, 'a'), tf.float64)\n", "float32 logits.*float64"),
        ("def build(images, n, t):\n    tf.Variable(1)\n    return dense(flatten(images), n, 'a')\n", "not float32.*Variable"),
        ("def build(images, n, t):\n    return images.nothing\n", r"my_net.py:4 \(return images.nothing\): AttributeError"),
        ("def build(:\n", "is no Python at line 3"),
        ("1 / 0\n", r"can't be run at .*my_net.py:3 \(1 / 0\): ZeroDivisionError"),
    ],
)  # fmt: skip
def test_faults_of_a_network_of_ones_own(body: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=message):
        build(tmp_path, body)


def test_images_that_are_too_small_for_it(tmp_path: Path) -> None:
    body = "def build(images, n, t):\n    return tf.nn.conv2d(images, tf.zeros([9, 9, 1, n]), [1, 1, 1, 1], 'VALID')\n"
    with pytest.raises(
        ImageTooSmallError, match=r"my_net.py:4 .*\(W − F \+ 2P\)/S \+ 1 = \(8 − 9 \+ 0\)/1 \+ 1"
    ):
        build(tmp_path, body)


def test_files_that_there_are_not(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"There is no file .*gone.py"):
        find_network(f"{tmp_path / 'gone.py'}:build")
    for name in ("net.txt:build", "net.py", "net.py:"):
        with pytest.raises(SettingsError, match="names no network"):
            find_network(name)
