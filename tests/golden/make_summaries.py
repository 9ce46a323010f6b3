"""Write summaries.npz: summaries that TensorFlow's ops serialize.

Run it with TensorFlow's interpreter, from the repository: ``python tests/golden/make_summaries.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import summary_cases as cases  # noqa: E402 - the folder is on the path now


def main() -> None:
    """Run every case in a graph of its own."""
    tf.disable_v2_behavior()
    values: dict[str, np.ndarray] = {}
    for name, build in cases.CASES.items():
        with tf.Graph().as_default(), tf.Session() as sess:
            values[name] = np.frombuffer(sess.run(build(tf)), np.uint8)
    np.savez_compressed(HERE / "summaries.npz", **values)
    print(f"{len(values)} entries, made by TensorFlow {tf.__version__}")


if __name__ == "__main__":
    main()
