"""Every row of the op table under gradiente and under TensorFlow, compared: ``make oracle``.

    python tests/oracle/run.py --tensorflow PATH/TO/PYTHON [--only NAME] [--write]

The same rows (``tests/ops/cases_*.py``) are built, run and differentiated in two processes, this one with gradiente and one
of TensorFlow's environment with ``tensorflow.compat.v1``. Forward values must agree to 1e-5 (relative, float32), gradients
to 1e-4, both to 1e-10 in float64, integers, bools and strings exactly. ``--write`` keeps the table in ``tests/oracle/RESULTS.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.ops.harness import Case, listed
from tests.ops.table import all_cases

FORWARD, GRADIENT, DOUBLE = 1e-5, 1e-4, 1e-10


def evaluate(tf: Any, case: Case, dtype: str, gradient: bool) -> dict[str, np.ndarray[Any, Any]]:
    """A row's outputs in one framework, or the gradients of its inputs."""
    arrays = case.arrays(dtype)
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        inputs = [tf.placeholder(a.dtype if a.dtype != object else tf.string, a.shape) for a in arrays]
        outputs = [tf.convert_to_tensor(t) for t in listed(case.build(tf, *inputs))]
        feed = dict(zip(inputs, arrays, strict=True))
        fetches = {f"out{i}": t for i, t in enumerate(outputs)}
        with tf.Session() as session:
            if gradient:
                fetches = {}
                floats = [y for y in outputs if y.dtype.base_dtype.name == dtype]
                wanted = [(i, x) for i, x in enumerate(inputs) if x.dtype.base_dtype.name == dtype]
                if not (case.grad and floats and wanted):
                    return {}
                rng = np.random.default_rng(3)
                session.run(tf.global_variables_initializer())
                shapes = [np.shape(v) for v in session.run(floats, feed)]
                grad_ys = [tf.placeholder(dtype, None) for _ in floats]
                feed |= {
                    g: rng.standard_normal(s).astype(dtype) for g, s in zip(grad_ys, shapes, strict=True)
                }
                gradients = tf.gradients(floats, [x for _, x in wanted], grad_ys)
                for (i, _), g in zip(wanted, gradients, strict=True):
                    if g is not None:
                        fetches[f"grad{i}"] = tf.convert_to_tensor(g)
            session.run(tf.global_variables_initializer())
            return session.run(fetches, feed)


def run_all(framework: str, only: str, folder: Path) -> None:
    """Evaluate all rows in this process and write them to ``folder``."""
    if framework == "gradiente":
        import gradiente as tf
    else:
        import tensorflow.compat.v1 as tf

        tf.disable_v2_behavior()
    for number, (case, dtype) in enumerate(rows(only)):
        plain: dict[str, np.ndarray[Any, Any]] = {}
        told: dict[str, Any] = {"strings": {}}
        for part in ("forward", "gradient"):
            try:
                found = evaluate(tf, case, dtype, part == "gradient")
                plain |= {k: np.asarray(v) for k, v in found.items()}
            except Exception as error:  # the table says which rows fail, and why
                told[part] = f"{type(error).__name__}: {str(error).splitlines()[0]}"[:200]
        for key in [k for k, v in plain.items() if v.dtype == object]:
            told["strings"][key] = [s.hex() if isinstance(s, bytes) else s for s in plain.pop(key).ravel()]
        plain = {k: v.astype(np.float32) if v.dtype.name == "bfloat16" else v for k, v in plain.items()}
        np.savez(folder / f"{framework}-{number}.npz", **plain)
        (folder / f"{framework}-{number}.json").write_text(json.dumps(told))


def rows(only: str) -> list[tuple[Case, str]]:
    """The rows to compare, in each of their types."""
    return [(c, d) for c in all_cases() if c.oracle and only in c.label for d in c.dtypes]


def difference(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    """The largest difference relative to the larger of 1 and the largest magnitude; infinite if shapes or kinds differ."""
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return float("inf")
    if a.dtype.kind not in "fc":
        return 0.0 if np.array_equal(a, b) else float("inf")
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    x, y = a.astype(wide), b.astype(wide)
    same = (x == y) | (np.isnan(x) & np.isnan(y))
    if same.all():
        return 0.0
    if (np.isfinite(x) != np.isfinite(y)).any():
        return float("inf")
    finite = np.abs(y[np.isfinite(y)])
    return float(np.max(np.abs(x - y)[~same])) / max(1.0, float(finite.max()) if finite.size else 1.0)


def compare(only: str, folder: Path) -> tuple[list[str], int, int]:
    """The comparison's table: its lines, the rows that agree, the rows that do not."""
    lines: list[str] = []
    good = bad = 0
    for number, (case, dtype) in enumerate(rows(only)):
        ours, theirs = (
            json.loads((folder / f"{f}-{number}.json").read_text()) for f in ("gradiente", "tensorflow")
        )
        values = [dict(np.load(folder / f"{f}-{number}.npz")) for f in ("gradiente", "tensorflow")]
        notes = [f"gradiente, {part}: {ours[part]}" for part in ("forward", "gradient") if part in ours]
        only_here = [
            f"TensorFlow has none: {theirs[part]}"
            for part in ("forward", "gradient")
            if part in theirs and part not in ours
        ]
        if "forward" not in theirs and ours["strings"] != theirs["strings"]:
            notes.append("strings differ")
        keys = [
            k
            for k in set(values[0]) | set(values[1])
            if ("forward" if k.startswith("out") else "gradient") not in theirs
        ]
        notes += [f"{k} in one only" for k in sorted(keys) if (k in values[0]) != (k in values[1])]
        both = [k for k in keys if k in values[0] and k in values[1]]
        forward = max(
            (difference(values[0][k], values[1][k]) for k in both if k.startswith("out")), default=0.0
        )
        gradient = max(
            (difference(values[0][k], values[1][k]) for k in both if k.startswith("grad")), default=0.0
        )
        limits = (
            (DOUBLE, DOUBLE) if dtype == "float64" else (max(FORWARD, case.rtol), max(GRADIENT, case.rtol))
        )
        fine = not notes and forward <= limits[0] and gradient <= limits[1]
        good, bad = good + fine, bad + (not fine)
        text = "; ".join([*notes, *only_here]).replace("|", "/").replace("\n", " ")
        verdict = ("agrees" if fine else "**differs**") + (f" ({text})" if text else "")
        lines.append(f"| {case.label} | {dtype} | {forward:.1e} | {gradient:.1e} | {verdict} |")
    return lines, good, bad


def main() -> int:
    """Compare all rows; the exit status says whether they agree."""
    parser = argparse.ArgumentParser(description="Compare every op with TensorFlow.")
    parser.add_argument("--tensorflow", help="the Python of an environment with TensorFlow 2.21")
    parser.add_argument("--only", default="", help="only rows whose label contains this")
    parser.add_argument("--write", action="store_true", help="keep the table in tests/oracle/RESULTS.md")
    parser.add_argument("--evaluate", choices=["gradiente", "tensorflow"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.evaluate:
        run_all(arguments.evaluate, arguments.only, arguments.folder)
        return 0
    if not arguments.tensorflow:
        parser.error(
            "--tensorflow PYTHON: the Python of an environment with TensorFlow (make oracle makes one)"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for framework, python in (("gradiente", sys.executable), ("tensorflow", arguments.tensorflow)):
            subprocess.run(
                [python, __file__, "--evaluate", framework, "--folder", name, "--only", arguments.only],
                check=True, cwd=ROOT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            )  # fmt: skip
        lines, good, bad = compare(arguments.only, folder)
    header = [
        "# gradiente and TensorFlow 2.21, op by op", "",
        "Made by `make oracle`: every row of the op table, built, run and differentiated in both, on the same inputs. The numbers",
        "are the largest differences, relative to the larger of 1 and the largest value; integers, bools and strings are compared",
        "exactly. Limits: forward 1e-5, gradient 1e-4 in float32, 1e-10 in float64 (a row with a wider one says why in its file).",
        "", f"{good} rows agree, {bad} differ.", "", "| row | type | forward | gradient | |", "|---|---|---|---|---|",
    ]  # fmt: skip
    if arguments.write:
        (ROOT / "tests/oracle/RESULTS.md").write_text("\n".join([*header, *lines]) + "\n")
    print("\n".join(line for line in lines if "differs" in line))
    print(f"{good} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
