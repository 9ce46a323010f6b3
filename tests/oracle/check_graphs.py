"""Whether the graphs that gradiente writes load in TensorFlow and give the same numbers, and whether the ops are the same ones.

``python -m tests.oracle.check_graphs write DIR`` runs in gradiente's environment, then
``python -m tests.oracle.check_graphs read DIR`` in TensorFlow's, which fails where a value or a declaration differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tests.graph.exported import GRAPHS

# The declarations


def declared() -> dict[str, Any]:
    """gradiente's declarations in plain values."""
    from gradiente.graph.protos import attr_to_proto
    from gradiente.graph.registry import REQUIRED, registered_ops

    def default(a: Any) -> str | None:
        if a.default is REQUIRED or a.default is None:
            return None
        return attr_to_proto(a.kind, a.default).SerializeToString(deterministic=True).hex()

    def argument(a: Any) -> list[Any]:
        dtype = a.dtype.as_datatype_enum if a.dtype else 0
        return [a.name, dtype, a.type_attr or "", a.number_attr or "", a.type_list_attr or "", a.is_ref]

    return {
        name: {
            "inputs": [argument(a) for a in d.inputs],
            "outputs": [argument(a) for a in d.outputs],
            "attrs": {k: [a.kind, default(a)] for k, a in d.attrs.items() if not k.startswith("_")},
        }
        for name, d in registered_ops().items()
        if not name.startswith("_")
    }


_WIDER = {"FusedBatchNormGradV2", "FusedBatchNormGradV3"}
"""Ops that also take float64 here, so that their ``scale`` has the type attribute U instead of float32."""

_OWN = {("MaxPoolGradGrad", "explicit_paddings"), ("MaxPoolGradGrad", "T")}
"""Attributes of ours that are written only where TensorFlow's op has no form for what they say."""


def same_default(kind: str, ours: str | None, theirs: Any) -> bool:
    """Whether two defaults are the same value, however it is encoded."""
    import tensorflow as tf

    if ours is None or not theirs.ByteSize():
        return ours is None and not theirs.ByteSize()
    own = type(theirs).FromString(bytes.fromhex(ours))
    if kind == "tensor":
        return np.array_equal(tf.make_ndarray(own.tensor), tf.make_ndarray(theirs.tensor))
    return own == theirs


def differences(ours: dict[str, Any]) -> list[str]:
    """What differs between gradiente's declarations and TensorFlow's OpDefs."""
    from tensorflow.python.framework import op_def_registry

    found: list[str] = []
    for name, own in ours.items():
        theirs: Any = op_def_registry.get(name)
        if theirs is None:
            found.append(f"{name}: TensorFlow has no such op")
            continue
        for side, args in (("inputs", theirs.input_arg), ("outputs", theirs.output_arg)):
            expected = [
                [a.name, a.type, a.type_attr, a.number_attr, a.type_list_attr, a.is_ref] for a in args
            ]
            if expected != own[side] and name not in _WIDER:
                found.append(f"{name}: {side} {own[side]}, in TensorFlow {expected}")
        attrs = {a.name: a for a in theirs.attr}
        for key, (kind, default) in own["attrs"].items():
            if (name, key) in _OWN and key not in attrs:
                continue
            if key not in attrs:
                found.append(f"{name}: attribute {key}, which TensorFlow's has not")
                continue
            other = attrs[key]
            if other.type != kind:
                found.append(f"{name}.{key}: kind {kind}, in TensorFlow {other.type}")
            empty = kind.startswith("list(") and not other.default_value.list.ByteSize()
            if not empty and not same_default(kind, default, other.default_value) and (name, key) not in _OWN:
                found.append(f"{name}.{key}: default {default}, in TensorFlow {other.default_value}")
        for key, other in attrs.items():
            if key not in own["attrs"] and not other.HasField("default_value"):
                found.append(f"{name}: lacks the attribute {key}, which TensorFlow requires")
    return found


# The graphs


def write(folder: Path) -> None:
    import gradiente as tf

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "declarations.json").write_text(json.dumps(declared()))
    expected: dict[str, Any] = {}
    for name, build in GRAPHS.items():
        with tf.Graph().as_default() as graph, tf.Session() as session:
            outputs, feeds = build(tf)
            initializer = tf.global_variables_initializer()
            tf.train.write_graph(graph, str(folder), f"{name}.pbtxt")
            session.run(initializer)
            for run, feed in enumerate(feeds):
                for x, value in feed.items():
                    expected[f"{name}/in/{x.name}/{run}"] = np.asarray(value)
                for y, value in zip(outputs, session.run(outputs, feed), strict=True):
                    expected[f"{name}/out/{y.name}/{run}"] = np.asarray(value)
            expected[f"{name}/init/{initializer.name}"] = np.zeros(0)
    np.savez(folder / "values.npz", **expected)
    print(f"{len(GRAPHS)} graphs written")


def read(folder: Path) -> None:
    import tensorflow.compat.v1 as tf
    from google.protobuf import text_format

    tf.disable_v2_behavior()
    values = dict(np.load(folder / "values.npz"))
    failed: list[str] = []
    for name in GRAPHS:
        mine = {k[len(name) + 1 :]: v for k, v in values.items() if k.startswith(f"{name}/")}
        try:
            proto = text_format.Parse((folder / f"{name}.pbtxt").read_text(), tf.GraphDef())
            with tf.Graph().as_default(), tf.Session() as session:
                tf.import_graph_def(proto, name="")
                session.run([k[5:] for k in mine if k.startswith("init/")])
                for run in sorted({k.rpartition("/")[2] for k in mine if k.startswith("out/")}):
                    chosen = {k.rpartition("/")[0]: v for k, v in mine.items() if k.rpartition("/")[2] == run}
                    feeds = {k[3:]: v for k, v in chosen.items() if k.startswith("in/")}
                    wanted = {k[4:]: v for k, v in chosen.items() if k.startswith("out/")}
                    got = session.run({k: k for k in wanted}, feeds)
                    for key, value in wanted.items():
                        np.testing.assert_allclose(got[key], value, rtol=2e-5, atol=2e-5, err_msg=key)
        except Exception as error:  # all graphs are tried; the run fails below
            failed.append(f"{name}: {type(error).__name__}: {str(error)[:600]}")
    failed += differences(json.loads((folder / "declarations.json").read_text()))
    print("\n".join(failed))
    print(f"{len(GRAPHS)} graphs, {len(failed)} problems")
    sys.exit(bool(failed))


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
