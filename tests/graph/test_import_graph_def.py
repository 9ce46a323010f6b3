"""GraphDefs that TensorFlow wrote give TensorFlow's numbers here; broken ones say what is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiente as tf

FOLDER = Path(__file__).parents[1] / "golden" / "graph_defs"
GRAPHS: dict[str, list[str]] = json.loads((FOLDER / "graphs.json").read_text())["initializers"]


def golden() -> dict[str, Any]:
    strings = json.loads((FOLDER / "graphs.json").read_text())["strings"]
    values: dict[str, Any] = {k: np.array([s.encode() for s in v], object) for k, v in strings.items()}
    with np.load(FOLDER / "values.npz") as file:
        return values | dict(file)


VALUES = golden()


def graph_def(name: str) -> Any:
    proto = tf.GraphDef()
    proto.ParseFromString((FOLDER / f"{name}.pb").read_bytes())
    return proto


def runs(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Feeds and results of each run, by tensor name."""
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for key, value in VALUES.items():
        if key.startswith(f"{name}/"):
            kind, rest = key[len(name) + 1 :].split("/", 1)
            tensor, _, run = rest.rpartition("/")
            found.setdefault(run, ({}, {}))[kind == "out"][tensor] = value
    return [found[k] for k in sorted(found, key=int)]


def check(session: Any, name: str, prefix: str = "") -> None:
    for feeds, expected in runs(name):
        for initializer in GRAPHS[name]:
            session.run(prefix + initializer)
        got = session.run({k: prefix + k for k in expected}, {prefix + k: v for k, v in feeds.items()})
        for tensor, value in expected.items():
            if value.dtype.kind in "fc":
                np.testing.assert_allclose(got[tensor], value, rtol=2e-5, atol=2e-5, err_msg=tensor)
            else:
                np.testing.assert_array_equal(got[tensor], value, err_msg=tensor)
            assert np.asarray(got[tensor]).dtype.kind == value.dtype.kind


@pytest.mark.parametrize("executor", ["xla", "python"])
@pytest.mark.parametrize("name", GRAPHS)
def test_what_tensorflow_wrote_gives_its_numbers(name: str, executor: str) -> None:
    with tf.Graph().as_default():
        tf.import_graph_def(graph_def(name), name="")
        with tf.Session(executor=executor) as session:
            check(session, name)
