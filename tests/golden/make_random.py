"""Makes ``random.npz``: the random numbers that TensorFlow's CPU kernels draw in three consecutive runs of one session.

Run in TensorFlow's environment: ``python tests/golden/make_random.py``. The programs are in ``random_cases.py``, which
the tests run under gradiente.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf
from random_cases import RUNS, initializers, programs

OUT = Path(__file__).parent / "random.npz"


def stateless() -> dict[str, tf.Tensor]:
    shape, seed = [7, 5], [3, -8]
    return {
        "stateless_uniform": tf.random.stateless_uniform(shape, seed),
        "stateless_normal": tf.random.stateless_normal(shape, seed),
        "stateless_truncated": tf.random.stateless_truncated_normal(shape, seed),
        "stateless_int": tf.random.stateless_uniform(shape, seed, -3, 1000, tf.int32),
    }


def main() -> None:
    tf.disable_eager_execution()
    found: dict[str, np.ndarray] = {}
    with tf.Session() as session:
        cases = programs(tf)
        for run in range(RUNS):
            for name, value in session.run(cases).items():
                found[f"{name}/{run}"] = value.astype(np.float32) if value.dtype.name == "bfloat16" else value
        found.update(session.run(initializers(tf)))
        found.update(session.run(stateless()))
    np.savez_compressed(OUT, **found)


if __name__ == "__main__":
    main()
