"""Makes control_flow.npz: what TensorFlow gives for the rows of tests/ops/cases_control.py, values and gradients.

Run from the repository's root in an environment with TensorFlow: ``python -m tests.golden.make_control_flow``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf  # pyright: ignore[reportMissingImports] - only in the oracle's environment
from tests.ops.cases_control import CASES
from tests.ops.harness import listed


def main() -> None:
    tf.disable_v2_behavior()
    golden: dict[str, np.ndarray] = {}
    for case in CASES:
        if not case.oracle:
            continue
        with tf.Graph().as_default(), tf.Session() as session:
            arrays = case.arrays("float64")
            inputs = [tf.placeholder(a.dtype, a.shape) for a in arrays]
            outputs = [tf.convert_to_tensor(y) for y in listed(case.build(tf, *inputs))]
            total = tf.add_n([tf.reduce_sum(tf.sin(y)) for y in outputs if y.dtype == tf.float64])
            gradients = tf.gradients(total, [x for x in inputs if x.dtype == tf.float64])
            fetches = [*outputs, *(tf.convert_to_tensor(g) for g in gradients if g is not None)]
            for i, value in enumerate(session.run(fetches, dict(zip(inputs, arrays, strict=True)))):
                golden[f"{case.label}/{i}"] = value
    np.savez_compressed(Path(__file__).with_name("control_flow.npz"), **golden)


if __name__ == "__main__":
    main()
