"""Makes ``input.npz``: what TensorFlow makes of the programs in ``input_cases.py``.

Run in TensorFlow's environment: ``python tests/golden/make_input.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf
from input_cases import RUNS, programs, shuffled

OUT = Path(__file__).parent / "input.npz"


def main() -> None:
    tf.disable_eager_execution()
    for name in ("decode_csv", "decode_raw", "parse_example", "parse_single_example", "parse_single_sequence_example",
                 "FixedLenFeature", "VarLenFeature", "FixedLenSequenceFeature"):  # fmt: skip
        assert hasattr(tf, name), name
    found: dict[str, np.ndarray] = {}
    with tf.Session() as session:
        cases = programs(tf)
        for run in range(RUNS):
            for name, value in session.run(cases).items():
                if run == 0 or name.startswith(("random", "sample")):
                    text = np.asarray(value).dtype == object
                    found[f"{name}/{run}"] = np.asarray(value, "S") if text else np.asarray(value)
        fill, take = shuffled(tf)
        session.run(fill)
        found["shuffled"] = session.run(take)
    np.savez_compressed(OUT, **found)


main()
