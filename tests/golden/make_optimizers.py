"""Write optimizers.npz: what TensorFlow's optimizers, schedules and moving averages compute.

Run it with TensorFlow's interpreter, from the repository: ``python tests/golden/make_optimizers.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import optimizer_cases as cases  # noqa: E402 - the folder is on the path now


def main() -> None:
    """Compute everything, each in a graph of its own."""
    tf.disable_v2_behavior()
    values: dict[str, np.ndarray] = {}
    for case in cases.OPTIMIZERS:
        for form in cases.FORMS:
            for dtype in cases.dtypes(case):
                with tf.Graph().as_default():
                    values[f"{case}/{form}/{dtype}"] = cases.trajectory(tf, tf.Session, case, form, dtype)
    for case in cases.SCHEDULES:
        with tf.Graph().as_default():
            values[f"schedule/{case}"] = cases.schedule(tf, tf.Session, case)
    for case in cases.AVERAGES:
        with tf.Graph().as_default():
            values[f"average/{case}"] = cases.averages(tf, tf.Session, case)
    np.savez_compressed(HERE / "optimizers.npz", **values)
    print(f"{len(values)} entries, made by TensorFlow {tf.__version__}")


if __name__ == "__main__":
    main()
