"""The table of TensorFlow 1's module paths: where gradiente keeps what a program looks for in each."""

from __future__ import annotations

import importlib
import importlib.util
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ROOT = "tensorflow"
VERSION = "1.15.5"
"""TensorFlow's last 1.x release: what a program that asks for the version is told."""


def _no_names() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Row:
    """Where the names of one module live.

    Attributes:
        module: the module that stands whole under the old path, if there is one.
        sources: otherwise, the modules in which a name is looked up, in this order.
        names: names that have another name or place today.
        values: names with a plain value.
    """

    module: str = ""
    sources: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=_no_names)
    values: Mapping[str, Any] = field(default_factory=_no_names)


def _public(*names: str) -> dict[str, str]:
    return {name.rpartition(".")[2]: "gradiente." + name for name in names}


_ALL = ("gradiente",)
_NN = ("gradiente.nn", "gradiente")
_TRAIN = ("gradiente.train", "gradiente")
_MNIST = Row(module="gradiente.images.input_data")
_PROTOS = "tensorboard.compat.proto"

TABLE: dict[str, Row] = {
    "": Row(
        sources=("gradiente", "gradiente.compat.v2_behavior"),
        values={
            "__version__": VERSION,
            "VERSION": VERSION,
            "GIT_VERSION": f"v{VERSION}",
            "COMPILER_VERSION": "XLA",
            "GRAPH_DEF_VERSION": 1087,
        },
    ),
    "test": Row(sources=("gradiente.testing",)),
    "graph_util": Row(sources=("gradiente.graph.graph_util",)),
    "version": Row(values={"VERSION": VERSION, "GIT_VERSION": f"v{VERSION}", "GRAPH_DEF_VERSION": 1087}),
    "compat": Row(sources=("gradiente.compat",), names={"v1": ROOT}),
    "compat.v1": Row(module=ROOT),
    "examples.tutorials.mnist.input_data": _MNIST,
    "contrib.learn.python.learn.datasets.mnist": _MNIST,
    "contrib.learn.datasets.mnist": _MNIST,
    "contrib.layers": Row(sources=("gradiente.compat.contrib_layers",)),
    "contrib.framework": Row(
        names=_public(
            "train.get_global_step",
            "train.get_or_create_global_step",
            "train.create_global_step",
            "train.get_checkpoint_state",
            "train.latest_checkpoint",
        )
    ),
    "contrib.util": Row(names=_public("make_tensor_proto", "make_ndarray")),
    "python.client.session": Row(names=_public("Session", "InteractiveSession")),
    "python.client.device_lib": Row(sources=("gradiente.runtime.local_devices",)),
    "python.framework.constant_op": Row(names=_public("constant")),
    "python.framework.dtypes": Row(sources=("gradiente.graph.dtypes",)),
    "python.framework.errors": Row(sources=("gradiente.graph.errors",)),
    "python.framework.errors_impl": Row(sources=("gradiente.graph.errors",)),
    "python.framework.graph_util": Row(sources=("gradiente.graph.graph_util",)),
    "python.framework.importer": Row(names=_public("import_graph_def")),
    "python.framework.ops": Row(sources=_ALL),
    "python.framework.random_seed": Row(sources=_ALL),
    "python.framework.tensor_shape": Row(sources=("gradiente.graph.shapes",)),
    "python.framework.tensor_util": Row(
        names={**_public("make_tensor_proto"), "MakeNdarray": "gradiente.make_ndarray"}, sources=_ALL
    ),
    "python.ops.array_ops": Row(sources=_ALL),
    "python.ops.check_ops": Row(sources=_ALL),
    "python.ops.clip_ops": Row(sources=_ALL),
    "python.ops.control_flow_ops": Row(sources=_ALL),
    "python.ops.data_flow_ops": Row(sources=_ALL),
    "python.ops.gradient_checker": Row(sources=("gradiente.testing.gradient_checker",)),
    "python.ops.gradients": Row(sources=_ALL),
    "python.ops.gradients_impl": Row(sources=_ALL),
    "python.ops.image_ops": Row(sources=("gradiente.image",)),
    "python.ops.init_ops": Row(
        sources=_ALL,
        names={
            "Constant": "gradiente.constant_initializer",
            "Ones": "gradiente.ones_initializer",
            "RandomNormal": "gradiente.random_normal_initializer",
            "RandomUniform": "gradiente.random_uniform_initializer",
            "TruncatedNormal": "gradiente.truncated_normal_initializer",
            "Zeros": "gradiente.zeros_initializer",
        },
    ),
    "python.ops.io_ops": Row(sources=_ALL),
    "python.ops.linalg_ops": Row(sources=_ALL),
    "python.ops.logging_ops": Row(sources=_ALL),
    "python.ops.math_ops": Row(sources=_ALL),
    "python.ops.nn": Row(sources=_NN),
    "python.ops.nn_impl": Row(sources=_NN),
    "python.ops.nn_ops": Row(sources=_NN),
    "python.ops.parsing_ops": Row(sources=_ALL),
    "python.ops.random_ops": Row(sources=_ALL),
    "python.ops.script_ops": Row(sources=_ALL),
    "python.ops.state_ops": Row(sources=_ALL),
    "python.ops.string_ops": Row(sources=_ALL),
    "python.ops.variable_scope": Row(sources=_ALL),
    "python.ops.variables": Row(sources=_ALL),
    "python.platform.app": Row(sources=("gradiente.platform.app",)),
    "python.platform.flags": Row(sources=("gradiente.platform.flags",)),
    "python.platform.gfile": Row(sources=("gradiente.platform.gfile",)),
    "python.platform.googletest": Row(sources=("gradiente.testing",)),
    "python.platform.resource_loader": Row(sources=("gradiente.platform.resource_loader",)),
    "python.platform.sysconfig": Row(sources=("gradiente.platform.sysconfig",)),
    "python.platform.test": Row(sources=("gradiente.testing",)),
    "python.platform.tf_logging": Row(sources=("gradiente.platform.tf_logging",)),
    "python.framework.test_util": Row(names={"TensorFlowTestCase": "gradiente.testing.TestCase"}),
    "python.lib.io.file_io": Row(sources=("gradiente.platform.file_io",)),
    "python.lib.io.tf_record": Row(sources=("gradiente.python_io",)),
    "python.summary.summary": Row(sources=("gradiente.summary",)),
    "python.util.compat": Row(sources=("gradiente.compat",)),
}
"""Old path below `tensorflow` -> where its names live. Every prefix of a path is a package by itself."""

TABLE.update(
    {
        f"python.training.{name}": Row(sources=_TRAIN)
        for name in (
            "adadelta", "adagrad", "adagrad_da", "adam", "basic_session_run_hooks", "checkpoint_management",
            "coordinator", "ftrl", "gradient_descent", "input", "learning_rate_decay", "momentum",
            "moving_averages", "optimizer", "proximal_adagrad", "proximal_gradient_descent",
            "queue_runner", "queue_runner_impl", "rmsprop", "saver", "training", "training_util",
        )
    }
)  # fmt: skip

PROTO_FOLDERS = ("core.framework", "core.protobuf", "core.util", "core.example")
"""Folders whose `*_pb2` modules are taken from the protos that tensorboard carries."""


def row_of(path: str) -> Row | None:
    """The row for a full module path, or None where gradiente has nothing under it."""
    if path == ROOT:
        return TABLE[""]
    name = path.removeprefix(ROOT + ".").removeprefix("compat.v1.")
    row = TABLE.get(name)
    if row is not None:
        return row
    folder, _, last = name.rpartition(".")
    if folder in PROTO_FOLDERS and last.endswith("_pb2"):
        return _proto_row(last)
    if name in PROTO_FOLDERS or any(known.startswith(name + ".") for known in (*TABLE, *PROTO_FOLDERS)):
        return Row()
    return _public_module_row(name)


def _proto_row(module: str) -> Row | None:
    path = f"{_PROTOS}.{module}"
    return Row(module=path) if importlib.util.find_spec(path) else None


def _public_module_row(name: str) -> Row | None:
    """The row of a public module such as `tf.nn`, whose path is its public name."""
    value: Any = importlib.import_module("gradiente")
    for part in name.split("."):
        value = getattr(value, part) if part in dir(value) else None
        if not isinstance(value, types.ModuleType):
            return None
    return Row(sources=(value.__name__,))
