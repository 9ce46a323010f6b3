"""Event files as TensorBoard reads them, and the functions that make summaries."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiente as tf


def accumulated(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found: Any = EventAccumulator(
        str(folder), size_guidance={"tensors": 0, "images": 0, "scalars": 0, "histograms": 0}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.Reload()
    return found


def test_tensorboard_reads_all_kinds(tmp_path: Path) -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    tf.summary.scalar("loss", x * 2.0)
    tf.summary.histogram("weights", tf.range(10.0))
    tf.summary.image("picture", tf.ones([2, 4, 4, 1]))
    tf.summary.text("note", tf.constant("# read me"))
    merged = tf.summary.merge_all()
    with tf.Session() as sess, tf.summary.FileWriter(str(tmp_path), sess.graph) as writer:
        for step in range(3):
            writer.add_summary(sess.run(merged, {x: step}), step)
        writer.add_run_metadata(tf.RunMetadata(), "step0", 0)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.CHECKPOINT), 0)
        writer.add_meta_graph(tf.train.export_meta_graph())

    found = accumulated(tmp_path)
    assert [(e.step, e.value) for e in found.Scalars("loss")] == [(0, 0.0), (1, 2.0), (2, 4.0)]
    assert found.Histograms("weights")[0].histogram_value.num == 10
    assert [i.width for i in found.Images("picture/image/1")] == [4, 4, 4]
    assert found.Tensors("note")[0].tensor_proto.string_val == [b"# read me"]
    assert found.SummaryMetadata("note").plugin_data.plugin_name == "text"
    graph = found.Graph()
    assert [n.name for n in graph.node] == [op.name for op in tf.get_default_graph().get_operations()]
    assert found.RunMetadata("step0") is not None


def test_tags_follow_the_scopes() -> None:
    with tf.name_scope("layer"):
        first, second = (tf.summary.scalar("loss", 1.0) for _ in range(2))
        family = tf.summary.scalar("a b", 1.0, family="group", collections=["mine"])
    assert [t.op.name for t in (first, second, family)] == ["layer/loss", "layer/loss_1", "layer/group/a_b"]
    assert tf.get_collection(tf.GraphKeys.SUMMARIES) == [first, second]
    assert tf.get_collection("mine") == [family]
    with tf.Session() as sess:
        tags = [tf.Summary.FromString(s).value[0].tag for s in sess.run([first, second, family])]
    assert tags == ["layer/loss", "layer/loss_1", "group/layer/group/a_b"]
    only = tf.summary.merge_all(scope="layer/loss_1")
    assert only is not None
    assert [t.op for t in only.op.inputs] == [second.op]
    assert tf.summary.merge_all(key="nothing") is None


def test_names_before_1_0(tmp_path: Path) -> None:
    tf.scalar_summary("a tag", 1.5)
    tf.histogram_summary("h", tf.ones([3]))
    tf.image_summary("i", tf.ones([1, 2, 2, 3]))
    merged = tf.merge_all_summaries()
    writer = tf.train.SummaryWriter(str(tmp_path), tf.get_default_graph().as_graph_def())
    with tf.Session() as sess:
        writer.add_summary(sess.run(merged), 7)
        assert (
            tf.Summary.FromString(sess.run(tf.merge_summary([tf.scalar_summary("x", 2.0)]))).value[0].tag
            == "x"
        )
    writer.flush()
    writer.close()
    (file,) = tmp_path.iterdir()
    events = list(tf.train.summary_iterator(str(file)))
    assert [e.step for e in events] == [0, 0, 7]
    assert [v.tag for v in events[2].summary.value] == ["a tag", "h", "i/image/0"]


def test_writer_reopens_and_is_shared(tmp_path: Path) -> None:
    writer = tf.summary.FileWriterCache.get(str(tmp_path))
    assert tf.summary.FileWriterCache.get(str(tmp_path)) is writer
    assert writer.get_logdir() == str(tmp_path)
    tf.summary.FileWriterCache.clear()
    writer.reopen()
    writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="t", simple_value=1.0)]), np.int64(3))
    writer.close()
    assert [e.step for e in accumulated(tmp_path).Scalars("t")] == [3]


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"one tag for each value.*tf.reduce_mean"):
        tf.summary.scalar("loss", tf.ones([3]))
    with pytest.raises(ValueError, match=r"1, 3 or 4 channels"):
        tf.summary.image("i", tf.ones([28, 28]))
    with pytest.raises(ValueError, match="dtype string, got float32"):
        tf.summary.text("t", tf.ones([]))
    bad = tf.summary.histogram("h", tf.constant([1.0, np.nan]))
    twice = tf.summary.merge([bad, bad])
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match="Nan in summary histogram for: h"):
            sess.run(bad)
        one = tf.scalar_summary("s", 1.0)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Duplicate tag s"):
            sess.run(tf.summary.merge([one, one]))
    assert twice.op.type == "MergeSummary"
    writer = tf.summary.FileWriter(str(tmp_path))
    with pytest.raises(TypeError, match="Run the merged summary first"):
        writer.add_summary(one)
    with pytest.raises(TypeError, match="instance of Graph"):
        writer.add_graph("graph")
    writer.add_run_metadata(tf.RunMetadata(), "tag")
    with pytest.raises(ValueError, match="already used"):
        writer.add_run_metadata(tf.RunMetadata(), "tag")
    writer.close()
