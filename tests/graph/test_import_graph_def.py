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


@pytest.mark.parametrize("name", ["loops_v1", "branches_v1", "loops_v2", "conv_net"])
def test_under_a_prefix_beside_another_copy(name: str) -> None:
    with tf.Graph().as_default():
        tf.import_graph_def(graph_def(name), name="copy")
        tf.import_graph_def(graph_def(name), name="copy")
        with tf.Session() as session:
            check(session, name, "copy_1/")


@pytest.mark.parametrize("name", ["loops_v1", "loops_v2"])
def test_imported_loops_keep_their_shapes_and_run_on_the_device(name: str) -> None:
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def(name), name="")
        loops = [op for op in graph.get_operations() if op.type.endswith("While")]
        outputs = [k for k in runs(name)[0][1] if "grow" not in k]
        known = [graph.get_tensor_by_name(k).shape.is_fully_defined() for k in outputs]
        assert sum(known) == len(known) - 1  # one grows from turn to turn
        invariant = [
            op for op in loops if len(op.attrs["body"].inputs) > op.attrs["_loop_vars"] or name == "loops_v2"
        ]
        assert invariant
        with tf.Session() as session:
            check(session, name)
        assert sum(op.attrs["body"].on_host for op in loops) == 1


def test_only_the_taken_branch_of_a_v1_condition_runs() -> None:
    proto = graph_def("branches_v1")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(proto, name="")
        assert {op.type for op in graph.get_operations()}.isdisjoint({"Switch", "Merge"})
        assert any(op.type == "StatelessIf" for op in graph.get_operations())


def test_gradients_go_back_through_an_imported_loop() -> None:
    for name in ("loops_v1", "loops_v2"):
        feeds, _ = runs(name)[2]
        power = next(k for k, v in runs(name)[2][1].items() if v.shape == (2, 3))
        with tf.Graph().as_default(), tf.Session() as session:
            x, y, n = tf.import_graph_def(graph_def(name), name="", return_elements=["x:0", power, "n:0"])
            total = tf.reduce_sum(y)
            (gradient,) = tf.gradients(total, x)
            got = session.run(gradient, {x: feeds["x:0"], n: feeds["n:0"]})
            step = np.zeros((2, 3), np.float32)
            step[1, 2] = 1e-2
            up, down = (session.run(total, {x: feeds["x:0"] + s * step, n: feeds["n:0"]}) for s in (1, -1))
        np.testing.assert_allclose(got[1, 2], (up - down) / 2e-2, rtol=2e-2, atol=1e-3)


def simple() -> Any:
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], "x")
        first = tf.assign(tf.Variable([0.0, 0.0], name="v"), x, name="first")
        with tf.control_dependencies([first.op]):
            tf.add(x, tf.constant([1.0, 2.0], name="c"), name="y")
        return graph.as_graph_def()


def test_input_map_of_tensors_and_of_control_inputs_and_return_elements() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        count = tf.Variable(0)
        seen = tf.assign_add(count, 1)
        mine = tf.constant([10.0, 20.0])
        y, op, x = tf.import_graph_def(
            simple(), {"x": mine, "^first": seen}, return_elements=["y:0", "y", "x:0"], name="sub"
        )
        session.run(count.initializer)
        assert (op.name, op.type) == ("sub/y", "AddV2")
        assert x is mine
        np.testing.assert_array_equal(session.run(y), [11.0, 22.0])
        assert session.run(count) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: setattr(g.node[0], "op", "Nonsense"), "gradiente lacks: Nonsense"),
        (lambda g: named(g, "y").input.__setitem__(0, "gone"), r"'y' \(AddV2\).*no node 'gone'"),
        (lambda g: named(g, "y").input.__setitem__(0, "c:3"), r"'y'.*'c' has 1 outputs"),
        (lambda g: named(g, "y").input.__setitem__(0, "y"), "cycle through 'y'"),
        (lambda g: named(g, "y").input.pop(0), r"'y' \(AddV2\).*takes 2 inputs, not 1"),
        (lambda g: named(g, "y").attr["T"].CopyFrom(named(g, "c").attr["value"]), "'y'.*'T' must be of kind type, not tensor"),
        (lambda g: named(g, "y").attr["T"].__setattr__("type", 9), "'y'.*input 0 .* must be int64, but 'import/x:0' is float32"),
        (lambda g: named(g, "c").attr["value"].tensor.__setattr__("tensor_content", b"123"), "'c'.*has 3 bytes"),
        (lambda g: named(g, "c").attr.pop("value"), "'c'.*lacks the attribute 'value'"),
        (lambda g: named(g, "c").attr["dtype"].__setattr__("type", 77), "'c' .*77"),
        (lambda g: g.node.add(name="y", op="NoOp"), "several nodes named 'y'"),
        (lambda g: named(g, "y").attr["surprise"].__setattr__("i", 4), "'y'.*'surprise'"),
        (lambda g: g.node.add(name="m", op="Merge", input=["x", "c"]), r"'m' \(Merge\).*not the two sides of one condition"),
        (lambda g: g.node.add(name="e", op="Exit", input=["x"]), r"'e' \(Exit\).*no loop"),
        (lambda g: g.node.add(name="w", op="While", input=["x"]), "'w'.*function"),
    ],
)  # fmt: skip
def test_a_broken_graph_def_names_the_node_and_adds_nothing(change: Any, message: str) -> None:
    proto = simple()
    change(proto)
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="mine")
        with pytest.raises(ValueError, match=message):
            tf.import_graph_def(proto)
        assert [op.name for op in graph.get_operations()] == ["mine"]


def named(proto: Any, name: str) -> Any:
    return next(n for n in proto.node if n.name == name)


def test_names_that_are_not_there() -> None:
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match=r"not found in graph_def: \[nobody:0\]"):
            tf.import_graph_def(simple(), {"nobody": 1.0})
        for name in ("nobody", "y:4", "nobody:0"):
            with pytest.raises(ValueError, match=f"Requested return_element '{name}' not found"):
                tf.import_graph_def(simple(), return_elements=[name])
        with pytest.raises(ValueError, match="inside a branch or a loop"):
            tf.import_graph_def(graph_def("loops_v1"), return_elements=["while/Identity"])
        with pytest.raises(TypeError, match="must be a GraphDef"):
            tf.import_graph_def(b"bytes")


def test_two_branches_joined_without_a_merge_are_named() -> None:
    with tf.Graph().as_default() as graph:
        tf.placeholder(tf.bool, [], "p")
        tf.placeholder(tf.float32, [], "x")
        proto = graph.as_graph_def()
    switch = proto.node.add(name="s", op="Switch", input=["x", "p"])
    switch.attr["T"].type = 1
    both = proto.node.add(name="both", op="AddV2", input=["s", "s:1"])
    both.attr["T"].type = 1
    with pytest.raises(ValueError, match=r"'both' \(AddV2\).*'s' and 's:1'.*different branches"):
        tf.import_graph_def(proto)
