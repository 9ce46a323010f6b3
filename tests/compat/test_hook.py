from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import gradiente
from gradiente import compat
from gradiente.compat.table import TABLE, row_of


@pytest.fixture
def hook():
    with compat.install() as installation:
        yield installation


def imported(statement: str, name: str) -> object:
    namespace: dict[str, object] = {}
    exec(statement, namespace)
    return namespace[name]


@pytest.mark.parametrize(
    ("statement", "name", "target"),
    [
        ("from tensorflow import placeholder", "placeholder", "placeholder"),
        ("import tensorflow.compat.v1 as tf; f = tf.matmul", "f", "matmul"),
        ("from tensorflow.compat.v1 import Session", "Session", "Session"),
        ("import tensorflow as tf; f = tf.compat.v1.nn.relu", "f", "nn.relu"),
        ("import tensorflow as tf; f = tf.nn.relu", "f", "nn.relu"),
        ("from tensorflow.python.framework import ops; f = ops.Graph", "f", "Graph"),
        ("from tensorflow.python.framework.ops import reset_default_graph as f", "f", "reset_default_graph"),
        ("from tensorflow.python.framework import dtypes; f = dtypes.float32", "f", "float32"),
        (
            "from tensorflow.python.framework import tensor_shape; f = tensor_shape.TensorShape",
            "f",
            "TensorShape",
        ),
        ("from tensorflow.python.framework.constant_op import constant as f", "f", "constant"),
        ("from tensorflow.python.framework.errors import OpError as f", "f", "errors.OpError"),
        ("from tensorflow.python.ops import math_ops; f = math_ops.add", "f", "add"),
        ("from tensorflow.python.ops import array_ops; f = array_ops.reshape", "f", "reshape"),
        ("from tensorflow.python.ops import nn_ops; f = nn_ops.conv2d", "f", "nn.conv2d"),
        ("from tensorflow.python.ops import control_flow_ops as c; f = c.group", "f", "group"),
        ("from tensorflow.python.ops import variables; f = variables.Variable", "f", "Variable"),
        ("from tensorflow.python.ops import variable_scope as vs; f = vs.get_variable", "f", "get_variable"),
        (
            "from tensorflow.python.ops import init_ops; f = init_ops.zeros_initializer",
            "f",
            "zeros_initializer",
        ),
        ("from tensorflow.python.client.session import Session as f", "f", "Session"),
        ("from tensorflow.python.platform import gfile; f = gfile.GFile", "f", "gfile.GFile"),
        ("from tensorflow.python.platform import flags; f = flags.FLAGS", "f", "flags.FLAGS"),
        ("from tensorflow.python.platform import test; f = test.TestCase", "f", "test.TestCase"),
        ("from tensorflow.python.training import adam; f = adam.AdamOptimizer", "f", "train.AdamOptimizer"),
        ("from tensorflow.python.training import saver; f = saver.Saver", "f", "train.Saver"),
        ("import tensorflow as tf; f = tf.mul", "f", "multiply"),
        ("import tensorflow as tf; f = tf.train.SummaryWriter", "f", "summary.FileWriter"),
    ],
)
def test_old_paths_lead_to_the_public_names(hook, statement, name, target):
    expected: object = gradiente
    for part in target.split("."):
        expected = getattr(expected, part)
    assert imported(statement, name) is expected


def test_input_data_by_both_of_its_paths(hook):
    one = imported("from tensorflow.examples.tutorials.mnist import input_data", "input_data")
    two = imported("import tensorflow.examples.tutorials.mnist.input_data as i", "i")
    three = imported(
        "from tensorflow.contrib.learn.python.learn.datasets.mnist import read_data_sets as r", "r"
    )
    assert one is two
    assert one.read_data_sets is three


def test_protos_are_those_of_tensorboard(hook):
    pb2 = imported("from tensorflow.core.framework import graph_pb2", "graph_pb2")
    assert pb2.GraphDef().ByteSize() == 0
    assert imported("from tensorflow.core.util import event_pb2", "event_pb2").Event().step == 0


def test_tensorflow_says_a_version_of_its_own(hook):
    tf = importlib.import_module("tensorflow")
    assert tf.__version__.startswith("1.")
    assert tf.__version__ == tf.VERSION
    assert importlib.import_module("tensorflow.compat.v1") is tf


def test_everything_can_be_imported_at_once(hook):
    namespace: dict[str, object] = {}
    exec("from tensorflow import *", namespace)
    assert namespace["placeholder"] is gradiente.placeholder


def test_every_row_of_the_table_leads_somewhere(hook):
    for path, row in TABLE.items():
        module = importlib.import_module(f"tensorflow.{path}".rstrip("."))
        for name in row.names:
            assert getattr(module, name) is not None
        if row.sources:
            assert dir(module)


def test_nothing_stays_when_the_hook_is_taken_out():
    before = set(vars(gradiente))
    with compat.install():
        assert compat.active()
        importlib.import_module("tensorflow.python.framework.ops")
    assert not compat.active()
    assert not [name for name in sys.modules if name.split(".")[0] == "tensorflow"]
    assert "python" not in set(vars(gradiente)) - before


def test_a_tensorflow_that_was_there_before_comes_back(monkeypatch):
    real = type(sys)("tensorflow")
    monkeypatch.setitem(sys.modules, "tensorflow", real)
    with compat.install():
        assert importlib.import_module("tensorflow") is not real
    assert sys.modules["tensorflow"] is real


def test_tensorboard_keeps_to_its_stub(hook):
    import tensorboard.compat

    assert importlib.import_module("tensorboard.compat.notf")
    assert tensorboard.compat.__name__ == "tensorboard.compat"


def test_a_plain_import_of_gradiente_installs_nothing():
    program = "import sys, gradiente, gradiente.compat; print('tensorflow' in sys.modules, gradiente.compat.active())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_paths_that_lead_nowhere():
    assert row_of("tensorflow.python.keras") is None
    assert row_of("tensorflow.core.framework.no_such_pb2") is None


def test_compat_converts_text():
    assert compat.as_bytes("ñ") == b"\xc3\xb1"
    assert compat.as_text(b"\xc3\xb1") == compat.as_str("ñ") == "ñ"
    assert compat.as_str_any(3) == "3"
    assert compat.path_to_str(b"a/b") == "a/b"
    with pytest.raises(TypeError, match="3"):
        compat.as_bytes(3)
    with pytest.raises(TypeError, match="3"):
        compat.as_text(3)


def test_the_switches_of_tensorflow_2(hook):
    tf = importlib.import_module("tensorflow.compat.v1")
    tf.disable_v2_behavior()
    tf.disable_eager_execution()
    gradiente.compat.v1.disable_v2_behavior()
    assert gradiente.compat.v1.matmul is gradiente.matmul
    assert not tf.executing_eagerly()
    with pytest.raises(NotImplementedError, match="no eager"):
        tf.enable_eager_execution()
    with pytest.raises(NotImplementedError, match="leave the call out"):
        tf.enable_v2_behavior()
