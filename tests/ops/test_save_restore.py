"""The ops of checkpoints that graphs of TensorFlow's may hold: its own forms, shards, pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.formats.tensor_bundle import CheckpointReader
from gradiente.graph.build import apply
from gradiente.graph.registry import registered_ops

SOURCE = Path(__file__).parents[1] / "golden" / "saver" / "model-5"


def run(*fetches: Any) -> list[Any]:
    with tf.Session() as sess:
        return sess.run(list(fetches))


def test_shards_are_merged(tmp_path: Path) -> None:
    whole = np.arange(10.0).reshape(5, 2)
    first = apply("ShardedFilename", str(tmp_path / "part"), 0, 2)
    second = apply("ShardedFilename", str(tmp_path / "part"), 1, 2)
    spec = apply("ShardedFilespec", str(tmp_path / "part"), 2)
    saves = [
        apply("SaveV2", first, ["w", "s"], ["5 2 0,3:-", ""], [tf.constant(whole[:3]), tf.constant("text")]),
        apply("SaveV2", second, ["w"], ["5 2 3,2:0,2"], [tf.constant(whole[3:])]),
    ]
    with tf.control_dependencies(saves):
        merge = apply("MergeV2Checkpoints", [first, second], str(tmp_path / "model"))
    names = run(first, second, spec)
    assert [Path(n.decode()).name for n in names] == [
        "part-00000-of-00002",
        "part-00001-of-00002",
        "part-?????-of-00002",
    ]
    run(saves[0])
    with pytest.raises(tf.errors.DataLossError, match="only 6 of the 10 elements"):
        CheckpointReader(names[0].decode()).get_tensor("w")
    run(merge)

    reader = CheckpointReader(str(tmp_path / "model"))
    np.testing.assert_array_equal(reader.get_tensor("w"), whole)
    assert reader.get_tensor("s") == b"text"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.index", "model.safetensors"]
    rows, text = apply(
        "RestoreV2", str(tmp_path / "model"), ["w", "s"], ["5 2 1,2:-", ""], dtypes=[tf.float64, tf.string]
    )
    found = run(rows, text)
    np.testing.assert_array_equal(found[0], whole[1:3])
    assert found[1] == b"text"


def test_the_forms_of_version_1(tmp_path: Path) -> None:
    path = str(tmp_path / "old")
    run(apply("Save", path, ["a", "b"], [tf.constant([1, 2]), tf.constant(3.0)]))
    restored = apply("Restore", path, "a", dt=tf.int32)
    part = apply("RestoreSlice", path, "a", "2 1,1", dt=tf.int32)
    assert [v.tolist() for v in run(restored, part)] == [[1, 2], [2]]

    run(apply("SaveSlices", path, ["a"], ["2 0,2"], [tf.constant([5, 6])]))
    assert run(restored)[0].tolist() == [5, 6]


def test_tensorflows_checkpoint_is_read() -> None:
    (weights,) = apply("RestoreV2", str(SOURCE), ["layer/weights"], [""], dtypes=[tf.float32])
    np.testing.assert_array_equal(run(weights)[0], CheckpointReader(SOURCE).get_tensor("layer/weights"))


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    save = apply("SaveV2", str(tmp_path / "absent" / "model"), ["a"], [""], [tf.constant(1)])
    with pytest.raises(tf.errors.NotFoundError, match=r"Can't save .*absent does not exist"):
        run(save)


def test_all_ops_are_declared() -> None:
    assert {"ScalarSummary", "HistogramSummary", "ImageSummary", "MergeSummary", "TensorSummaryV2"} <= set(
        registered_ops()
    )


def test_the_older_tensor_summary() -> None:
    with tf.Session() as sess:
        summary = tf.Summary.FromString(sess.run(apply("TensorSummary", tf.constant([1, 2]), name="t")))
    assert summary.value[0].node_name == "t"
    assert tf.make_ndarray(summary.value[0].tensor).tolist() == [1, 2]
