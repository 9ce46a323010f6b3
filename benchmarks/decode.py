"""Decoding and resizing photographs: this package, a plain Pillow loop, and tf.data, in one run.

`.venv-bench/bin/python benchmarks/decode.py FOLDER [SIDE]` prints images/s of each, the best of three passes over the folder's
JPEG files, and this package's ratio to the better peer. tf.data is left out where TensorFlow is not installed.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from gradiente.images.loading import load_images

PASSES = 3


def plain_loop(paths: list[Path], side: int) -> None:
    for path in paths:
        np.asarray(Image.open(path).convert("RGB").resize((side, side)))


def ours(paths: list[Path], side: int) -> None:
    load_images(paths, side, side, 3)


def tf_data(paths: list[Path], side: int) -> None:
    import tensorflow as tf

    def decode(path):
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.cast(tf.image.resize(image, (side, side), antialias=True), tf.uint8)

    data = tf.data.Dataset.from_tensor_slices(list(map(str, paths)))
    for _ in data.map(decode, num_parallel_calls=tf.data.AUTOTUNE).batch(64).prefetch(tf.data.AUTOTUNE):
        pass


def speed(load: Callable[[list[Path], int], None], paths: list[Path], side: int) -> float:
    times: list[float] = []
    for _ in range(PASSES):
        start = time.perf_counter()
        load(paths, side)
        times.append(time.perf_counter() - start)
    return len(paths) / min(times)


def main() -> None:
    side = int(sys.argv[2]) if len(sys.argv) > 2 else 224
    paths = sorted(Path(sys.argv[1]).rglob("*.jpg"))
    results = {"gradiente": speed(ours, paths, side), "plain Pillow loop": speed(plain_loop, paths, side)}
    try:
        results["tf.data"] = speed(tf_data, paths, side)
    except ImportError:
        print("TensorFlow is not installed: tf.data is left out")
    print(f"{len(paths):,} files to {side}x{side} on {platform.processor() or platform.machine()}")
    for name, value in results.items():
        print(f"{name:20} {value:8,.0f} images/s")
    peer = max(value for name, value in results.items() if name != "gradiente")
    print(f"{results['gradiente'] / peer:.2f} times the better peer")


if __name__ == "__main__":
    main()
