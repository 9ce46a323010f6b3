"""Graphs written as GraphDefs and read again give the same values; what a GraphDef can't hold is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format
from tests.graph.exported import GRAPHS
from tests.ops.harness import Case, listed
from tests.ops.table import all_cases

import gradiente as tf


def copied(proto: Any) -> Any:
    """The GraphDef after a way through bytes."""
    again = tf.GraphDef()
    again.ParseFromString(proto.SerializeToString())
    return again


def assert_same(a: Any, b: Any) -> None:
    if np.asarray(a).dtype.kind in "OSU":
        np.testing.assert_array_equal(a, b)
    else:
        np.testing.assert_allclose(
            np.asarray(a, complex), np.asarray(b, complex), rtol=1e-6, atol=1e-7, equal_nan=True
        )


def with_bodies(graph: Any) -> list[Any]:
    """A graph and the bodies in it."""
    found = [graph]
    for each in found:
        for op in each.get_operations():
            for value in op.attrs.values():
                found += [
                    b
                    for b in (value if isinstance(value, (list, tuple)) else [value])
                    if isinstance(b, tf.Graph)
                ]
    return found


def row_by_row() -> list[Case]:
    return [c for c in all_cases() if c.python]


@pytest.mark.parametrize("case", row_by_row(), ids=lambda c: c.label)
def test_every_row_of_the_op_table_survives_the_way_through_a_graph_def(case: Case) -> None:
    arrays = case.arrays(case.dtypes[0])
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        inputs = [tf.placeholder(a.dtype if a.dtype != object else tf.string, a.shape) for a in arrays]
        outputs = [tf.convert_to_tensor(t) for t in listed(case.build(tf, *inputs))]
        feeds = {x.name: a for x, a in zip(inputs, arrays, strict=True)}
        names = [y.name for y in outputs]
        initializer = tf.global_variables_initializer().name
        with tf.Session(executor="python") as session:
            session.run(initializer)
            expected = session.run(names, feeds)
    if any(op.type.startswith("_TensorArray") for g in with_bodies(graph) for op in g.get_operations()):
        with pytest.raises(ValueError, match=r"can't express.*export_meta_graph"):
            graph.as_graph_def()
        return
    proto = graph.as_graph_def()
    assert not [n.name for n in proto.node if n.op.startswith("_")]
    with tf.Graph().as_default():
        tf.import_graph_def(copied(proto), name="")
        with tf.Session(executor="python") as session:
            session.run(initializer)
            for value, wanted in zip(session.run(names, feeds), expected, strict=True):
                assert_same(value, wanted)


@pytest.mark.parametrize("name", GRAPHS)
def test_control_flow_with_gradients_survives_too(name: str) -> None:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        outputs, feeds = GRAPHS[name](tf)
        initializer = tf.global_variables_initializer()
        session.run(initializer)
        expected = [session.run(outputs, feed) for feed in feeds]
        proto = graph.as_graph_def(add_shapes=True)
    assert not [n for f in proto.library.function for n in f.node_def if n.op.startswith("_")]
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(copied(proto), name="")
        session.run(initializer.name)
        for feed, wanted in zip(feeds, expected, strict=True):
            got = session.run([y.name for y in outputs], {x.name: v for x, v in feed.items()})
            for a, b in zip(got, wanted, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_random_numbers_in_a_body_are_drawn_anew_each_run_after_the_way() -> None:
    with tf.Graph().as_default() as graph:
        y = tf.cond(tf.constant(True), lambda: tf.random_uniform([500]), lambda: tf.zeros([500]))
        proto = graph.as_graph_def()
    assert {n.op for f in proto.library.function for n in f.node_def} >= {"StatelessRandomUniform"}
    with tf.Graph().as_default(), tf.Session() as session:
        (z,) = tf.import_graph_def(proto, return_elements=[y.name])
        a, b = session.run(z), session.run(z)
    assert not np.array_equal(a, b)
    assert abs(a.mean() - 0.5) < 0.1
    assert 0 <= a.min() <= a.max() < 1


def test_what_tensorflow_has_no_op_for_is_named_with_the_remedy(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        y = tf.TensorArray(tf.float32, 2, name="array").unstack([1.0, 2.0]).stack(name="whole")
        with pytest.raises(
            ValueError, match=r"TensorFlow's ops can't express.*_TensorArray.*export_meta_graph"
        ) as caught:
            graph.as_graph_def()
        assert "test_graph_def.py" in str(caught.value)
        with pytest.raises(ValueError, match="_TensorArray"):
            tf.train.write_graph(graph, str(tmp_path), "graph.pb")
        meta = tf.train.export_meta_graph()
    assert not list(tmp_path.iterdir())
    with tf.Graph().as_default(), tf.Session() as session:
        (again,) = tf.import_graph_def(meta.graph_def, name="", return_elements=[y.name])
        np.testing.assert_array_equal(session.run(again), [1.0, 2.0])


@pytest.mark.parametrize("as_text", [True, False])
def test_write_graph_and_back(tmp_path: Path, as_text: bool) -> None:
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], "x")
        tf.add(x, np.arange(200_000, dtype=np.float32).reshape(-1, 2)[:1] * 2.0, name="y")
        path = tf.train.write_graph(graph, str(tmp_path / "new"), "g.pb", as_text=as_text)
    proto = tf.GraphDef()
    if as_text:
        text_format.Parse(Path(path).read_text(), proto)
    else:
        proto.ParseFromString(Path(path).read_bytes())
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.import_graph_def(proto, return_elements=["x:0", "y:0"])
        assert x.shape.as_list() == [None, 2]
        np.testing.assert_array_equal(session.run(y, {x: [[1.0, 1.0]]}), [[1.0, 3.0]])


def test_a_large_constant() -> None:
    values = np.random.default_rng(0).standard_normal([1000, 1000])
    with tf.Graph().as_default() as graph:
        tf.constant(values, name="c")
        proto = copied(graph.as_graph_def())
    with tf.Graph().as_default(), tf.Session() as session:
        (c,) = tf.import_graph_def(proto, return_elements=["c:0"])
        np.testing.assert_array_equal(session.run(c), values)


def test_from_version_and_add_shapes() -> None:
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], "x")
        version = graph.version
        tf.identity(x, name="y")
        assert [n.name for n in graph.as_graph_def().node] == ["x", "y"]
        (node,) = graph.as_graph_def(from_version=version, add_shapes=True).node
    assert (node.name, list(node.input)) == ("y", ["x"])
    assert [d.size for d in node.attr["_output_shapes"].list.shape[0].dim] == [-1, 3]
