"""Checkpoints: saving, restoring, what is kept, what goes wrong, and TensorFlow's own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import gradiente as tf

TENSORFLOWS = Path(__file__).parents[1] / "golden" / "saver"


def network() -> tuple[Any, Any, Any]:
    """A small network of variables of several types, its output and a training step."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    weights = tf.get_variable("weights", initializer=np.arange(6, dtype=np.float32).reshape(3, 2))
    bias = tf.get_variable("bias", [2], initializer=tf.zeros_initializer())
    y = tf.add(tf.matmul(x, weights), bias, name="y")
    step = tf.train.AdamOptimizer(0.1).minimize(
        tf.reduce_sum(y * y), global_step=tf.train.get_or_create_global_step()
    )
    return x, y, step


ONES = {"x:0": np.ones((1, 3), np.float32)}


@pytest.mark.parametrize("executor", ["xla", "python"])
def test_training_goes_on_where_it_was_saved(tmp_path: Path, executor: Any) -> None:
    _, y, step = network()
    saver = tf.train.Saver()
    with tf.Session(executor=executor) as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(step, ONES)
        path = saver.save(sess, str(tmp_path / "model"), global_step=tf.train.get_global_step())
        sess.run(step, ONES)
        expected = sess.run(y, ONES)

    assert path == str(tmp_path / "model-1")
    with tf.Session(executor=executor) as sess:
        saver.restore(sess, path)
        assert sess.run(tf.train.get_global_step()) == 1
        sess.run(step, ONES)
        np.testing.assert_array_equal(sess.run(y, ONES), expected)


def test_values_of_all_types_come_back(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "float16": np.float16([1.5, -2]), "float64": np.array(np.pi), "int64": np.array([2**62, -1]),
        "bool": np.array([[True], [False]]), "string": np.array([b"a", b"\xff\0", b""], object),
        "complex64": np.complex64([1 + 2j]), "complex128": np.array(3 - 4j), "uint8": np.zeros((0, 3), np.uint8),
        "bfloat16": np.ones(3, tf.bfloat16.as_numpy_dtype),
    }  # fmt: skip
    variables = {name: tf.Variable(value, name=name) for name, value in values.items()}
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = saver.save(sess, str(tmp_path / "model"))
    with tf.Session() as sess:
        saver.restore(sess, path)
        for name, value in values.items():
            found = np.asarray(sess.run(variables[name]))
            assert found.dtype == np.asarray(value).dtype
            np.testing.assert_array_equal(found, value)
    assert dict(tf.train.list_variables(path))["uint8"] == [0, 3]
    assert tf.train.load_variable(path, "float64") == np.pi
    np.testing.assert_array_equal(load_file(path + ".safetensors")["int64"], values["int64"])


def test_only_the_last_checkpoints_are_kept(tmp_path: Path) -> None:
    _, _, step = network()
    saver = tf.train.Saver(max_to_keep=2)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        paths = [saver.save(sess, str(tmp_path / "model"), global_step=i) for i in range(4)]
        sess.run(step, ONES)

    assert saver.last_checkpoints == paths[2:]
    assert [tf.train.checkpoint_exists(p) for p in paths] == [False, False, True, True]
    assert not (tmp_path / "model-0.meta").exists()
    assert tf.train.latest_checkpoint(str(tmp_path)) == paths[3]
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert state.model_checkpoint_path == paths[3]
    assert list(state.all_model_checkpoint_paths) == paths[2:]

    again = tf.train.Saver(max_to_keep=2)
    again.recover_last_checkpoints(state.all_model_checkpoint_paths)
    with tf.Session() as sess:
        again.restore(sess, paths[3])
        again.save(sess, str(tmp_path / "model"), global_step=9)
    assert not tf.train.checkpoint_exists(paths[2])
    assert len(tf.train.get_checkpoint_mtimes(again.last_checkpoints)) == 2


def test_a_folder_with_relative_paths_can_be_moved(tmp_path: Path) -> None:
    network()
    saver = tf.train.Saver(save_relative_paths=True, pad_step_number=True)
    (tmp_path / "old").mkdir()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        saver.save(sess, str(tmp_path / "old" / "model"), global_step=3)
    (tmp_path / "old").rename(tmp_path / "new")

    assert tf.train.latest_checkpoint(str(tmp_path / "new")) == str(tmp_path / "new" / "model-00000003")


def test_a_dictionary_renames(tmp_path: Path) -> None:
    first = tf.Variable([1.0, 2.0], name="first")
    second = tf.Variable([0.0, 0.0], name="second")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver([first]).save(sess, str(tmp_path / "model"), write_meta_graph=False)
        tf.train.Saver({"first": second}).restore(sess, path)
        assert sess.run(second).tolist() == [1.0, 2.0]
    assert not Path(path + ".meta").exists()


def test_pieces_of_a_variable_are_saved_as_the_whole(tmp_path: Path) -> None:
    values = np.arange(10.0, dtype=np.float32).reshape(5, 2)
    with tf.variable_scope("cut", partitioner=tf.fixed_size_partitioner(2)):
        cut = tf.get_variable("w", [5, 2], initializer=tf.constant_initializer(0.0))
    whole = tf.get_variable("whole", initializer=values)
    in_three = tf.get_variable("three", [5, 2], partitioner=tf.fixed_size_partitioner(3))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver({"w": whole}).save(sess, str(tmp_path / "a"))
        tf.train.Saver({"w": cut}).restore(sess, path)
        np.testing.assert_array_equal(sess.run(tf.identity(cut)), values)
        path = tf.train.Saver([cut]).save(sess, str(tmp_path / "b"))
        tf.train.Saver({"cut/w": in_three}).restore(sess, path)
        np.testing.assert_array_equal(sess.run(tf.identity(in_three)), values)
    assert tf.train.list_variables(path) == [("cut/w", [5, 2])]


def test_the_graph_comes_back_from_the_meta_file(tmp_path: Path) -> None:
    _, y, step = network()
    tf.add_to_collection("outputs", y)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(sess, str(tmp_path / "model"))
        sess.run(step, ONES)
        expected = sess.run(y, ONES)

    with tf.Graph().as_default(), tf.Session() as sess:
        saver = tf.train.import_meta_graph(path + ".meta")
        assert saver is not None
        saver.restore(sess, path)
        assert tf.trainable_variables()[0] is tf.global_variables()[0]
        sess.run(tf.get_collection("train_op"), ONES)
        np.testing.assert_array_equal(sess.run(tf.get_collection("outputs")[0], ONES), expected)

    with tf.Graph().as_default(), tf.Session() as sess:
        saver = tf.train.import_meta_graph(path + ".meta", import_scope="in")
        assert saver is not None
        saver.restore(sess, path)
        assert sess.run("in/y:0", {"in/x:0": ONES["x:0"]}).shape == (1, 2)


def test_tensorflows_graph_and_checkpoint_train_on_here() -> None:
    values = np.load(TENSORFLOWS / "values.npz")
    path = tf.train.latest_checkpoint(str(TENSORFLOWS))
    saver = tf.train.import_meta_graph(f"{path}.meta")
    assert saver is not None
    feed = {"x:0": values["images"], "t:0": values["labels"]}
    with tf.Session() as sess:
        saver.restore(sess, path)
        logits, loss = sess.run(["logits:0", "total:0"], feed)
        np.testing.assert_allclose(logits, values["logits"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(loss, values["loss"], rtol=1e-5)
        sess.run(tf.get_collection("train_op")[0], feed)
        assert sess.run(tf.train.get_global_step()) == 6
        weights, bias = sess.run(["layer/weights:0", "layer/bias:0"])
    np.testing.assert_allclose(weights, values["next_weights"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(bias, values["next_bias"], rtol=1e-5, atol=1e-6)
    assert tf.get_collection("number") == [7]


def test_variables_start_from_tensorflows_checkpoint() -> None:
    with tf.variable_scope("mine"):
        weights = tf.get_variable("weights", [4, 3])
        bias = tf.get_variable("bias", [3])
    pieces = tf.get_variable("parts", [5, 2], partitioner=tf.fixed_size_partitioner(3))
    tf.train.init_from_checkpoint(str(TENSORFLOWS), {"layer/": "mine/", "pieces": pieces})
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = sess.run([weights, bias, tf.identity(pieces)])
    reader = tf.train.NewCheckpointReader(str(TENSORFLOWS / "model-5"))
    for value, name in zip(found, ("layer/weights", "layer/bias", "pieces"), strict=True):
        np.testing.assert_array_equal(value, reader.get_tensor(name))
    with pytest.raises(ValueError, match=r"(?s)absent is not found.*layer/bias"):
        tf.train.init_from_checkpoint(str(TENSORFLOWS), {"absent": bias})
    with pytest.raises(ValueError, match=r"Shape of variable mine/bias:0 \(\[3\]\) .* \(\[4, 3\]\)"):
        tf.train.init_from_checkpoint(str(TENSORFLOWS), {"layer/weights": bias})


# What goes wrong


def saved(folder: Path) -> str:
    with tf.Graph().as_default(), tf.Session() as sess:
        network()
        sess.run(tf.global_variables_initializer())
        return tf.train.Saver().save(sess, str(folder / "model"), global_step=1)


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    saved(tmp_path)
    saver = tf.train.Saver([tf.Variable(1.0)])
    with tf.Session() as sess:
        with pytest.raises(tf.errors.NotFoundError, match=r"not a valid checkpoint: .*other.* has model-1"):
            saver.restore(sess, str(tmp_path / "other"))
        with pytest.raises(ValueError, match=r"folder .*nowhere does not exist"):
            saver.restore(sess, str(tmp_path / "nowhere" / "model"))
        with pytest.raises(ValueError, match="None"):
            saver.restore(sess, tf.train.latest_checkpoint(str(tmp_path / "nowhere")))


def test_a_variable_that_the_checkpoint_lacks(tmp_path: Path) -> None:
    path = saved(tmp_path)
    saver = tf.train.Saver([tf.Variable([1.0], name="weight")])
    with (
        tf.Session() as sess,
        pytest.raises(tf.errors.NotFoundError, match=r"Key weight not found.*near it: weights"),
    ):
        saver.restore(sess, path)


def test_a_variable_of_another_shape(tmp_path: Path) -> None:
    path = saved(tmp_path)
    other = tf.get_variable("weights", [2, 3])
    with tf.Session() as sess:
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"'weights'.*test_saver.py.*\(2, 3\).*\[3, 2\]"
        ):
            tf.train.Saver([other]).restore(sess, path)
        tf.train.Saver([other], reshape=True).restore(sess, path)
        np.testing.assert_array_equal(sess.run(other), np.arange(6.0).reshape(2, 3))


def test_a_variable_of_another_type(tmp_path: Path) -> None:
    path = saved(tmp_path)
    other = tf.get_variable("weights", [3, 2], tf.float64)
    with (
        tf.Session() as sess,
        pytest.raises(tf.errors.InvalidArgumentError, match=r"float64.*weights.*float32"),
    ):
        tf.train.Saver([other]).restore(sess, path)


@pytest.mark.parametrize("damage", ["cut off", "flipped bit"])
def test_a_damaged_checkpoint(tmp_path: Path, damage: str) -> None:
    path = saved(tmp_path)
    file = Path(path + ".safetensors")
    data = bytearray(file.read_bytes())
    if damage == "cut off":
        del data[len(data) // 2 :]
    else:
        data[-5] ^= 64
    file.write_bytes(data)
    network()
    saver = tf.train.Saver()
    with (
        tf.Session() as sess,
        pytest.raises(tf.errors.DataLossError, match=r"model-1.safetensors is damaged"),
    ):
        saver.restore(sess, path)


def test_an_uninitialized_variable_is_not_saved(tmp_path: Path) -> None:
    network()
    saver = tf.train.Saver()
    with tf.Session() as sess, pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value"):
        saver.save(sess, str(tmp_path / "model"))
    assert list(tmp_path.iterdir()) == []


def test_what_a_saver_takes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()
    variable = tf.Variable(1.0, name="v")
    with pytest.raises(TypeError, match="not a Variable"):
        tf.train.Saver([tf.constant(1.0)])
    saver = tf.train.Saver([variable])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises(ValueError, match=r"Parent directory of .* doesn't exist"):
            saver.save(sess, str(tmp_path / "absent" / "model"))
    with pytest.raises(OSError, match=r"absent.meta does not exist"):
        tf.train.import_meta_graph(str(tmp_path / "absent.meta"))
    (tmp_path / "bad.meta").write_bytes(b"\xff\xfe no graph")
    with pytest.raises(tf.errors.DataLossError, match=r"bad.meta is no MetaGraphDef"):
        tf.train.import_meta_graph(str(tmp_path / "bad.meta"))


def test_a_kill_while_saving_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    program = """
import os, signal, sys
import gradiente as tf
v = tf.Variable([1.0, 2.0], name="v")
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    saver.save(sess, sys.argv[1])
    print("saved", flush=True)
    real = os.replace
    os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
    sess.run(v.assign([3.0, 4.0]))
    saver.save(sess, sys.argv[1])
"""
    path = str(tmp_path / "model")
    ended = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
    assert ended.stdout.strip() == "saved", ended.stderr
    assert ended.returncode == -signal.SIGKILL
    assert tf.train.load_variable(path, "v").tolist() == [1.0, 2.0]


def test_a_disk_that_takes_no_more_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
import gradiente as tf
v = tf.Variable([1.0, 2.0], name="v")
large = tf.Variable(tf.zeros([100_000]), name="large")
path = sys.argv[1]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    tf.train.Saver([v]).save(sess, path, write_meta_graph=False)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    sess.run(v.assign([3.0, 4.0]))
    try:
        tf.train.Saver([v, large]).save(sess, path, write_meta_graph=False)
    except tf.errors.OpError as error:
        print(error)
"""
    path = str(tmp_path / "model")
    ended = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert "model.safetensors could not be written" in ended.stdout
    assert tf.train.load_variable(path, "v").tolist() == [1.0, 2.0]
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".part")]
