"""Variable scopes, get_variable, partitioners, templates and penalties."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.ops import regularizers

ZEROS = tf.zeros_initializer()


def operations(prefix: str = "") -> list[str]:
    return [op.name for op in tf.get_default_graph().get_operations() if op.name.startswith(prefix)]


def value(tensor: Any) -> Any:
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(tensor)


def test_names_are_tensorflows() -> None:
    with tf.variable_scope("net"):
        tf.get_variable("w", [3, 2])
        tf.get_variable("b", [2], initializer=ZEROS)
        tf.get_variable("c", initializer=np.ones(2, np.float32))
        tf.get_variable("d", initializer=lambda: tf.ones([4]))

    assert operations("net/w") == [
        "net/w/Initializer/random_uniform/shape", "net/w/Initializer/random_uniform/min",
        "net/w/Initializer/random_uniform/max", "net/w/Initializer/random_uniform/RandomUniform",
        "net/w/Initializer/random_uniform/sub", "net/w/Initializer/random_uniform/mul",
        "net/w/Initializer/random_uniform", "net/w", "net/w/Assign", "net/w/read",
    ]  # fmt: skip
    assert operations("net/b") == ["net/b/Initializer/zeros", "net/b", "net/b/Assign", "net/b/read"]
    assert operations("net/c") == ["net/c/initial_value", "net/c", "net/c/Assign", "net/c/read"]
    assert operations("net/d") == ["net/d/Initializer/ones", "net/d", "net/d/Assign", "net/d/read"]


def test_scopes_share_variables_and_not_operations() -> None:
    with tf.variable_scope("a") as scope:
        first = tf.get_variable("w", [2])
        with tf.variable_scope("b", reuse=tf.AUTO_REUSE) as inner:
            made = tf.get_variable("w", [1])
            assert tf.get_variable("w", [1]) is made
            assert (inner.name, inner.original_name_scope, inner.reuse) == ("a/b", "a/b/", tf.AUTO_REUSE)
    with tf.variable_scope(scope, reuse=True) as again:
        assert tf.get_variable("w", [2]) is first
        assert tf.constant(1, name="x").name == "a_1/x:0"
        assert (again.name, again.original_name_scope) == ("a", "a/")
        with tf.variable_scope("b"):
            assert tf.get_variable("w", [1]) is made
    with tf.variable_scope("z"), tf.variable_scope(scope) as moved:
        assert (moved.name, moved.reuse) == ("a", False)
        assert tf.constant(1, name="x").name == "z/a/x:0"
        moved.reuse_variables()
        assert tf.get_variable("w") is first
    assert tf.get_variable_scope().name == ""
    with tf.variable_scope("n", auxiliary_name_scope=False):
        assert tf.get_variable("v", initializer=1.0).name == "n/v:0"
        assert tf.constant(1, name="outside").name == "outside:0"
    with tf.name_scope("ns"):
        assert tf.get_variable("top", [1]).name == "top:0"
        assert tf.Variable(1.0, name="plain").name == "ns/plain:0"


def test_default_names_are_unique_in_their_scope() -> None:
    names: list[str] = []
    for _ in range(2):
        with tf.variable_scope("outer"):
            for _ in range(2):
                with tf.variable_scope(None, "d") as scope:
                    names.append(scope.name)
    assert names == ["outer/d", "outer/d_1", "outer/d", "outer/d_1"]


def test_what_a_scope_gives_its_variables() -> None:
    with tf.variable_scope(
        "r",
        initializer=tf.constant_initializer(2.0),
        regularizer=lambda v: 0.5 * tf.reduce_sum(v),
        dtype=tf.float64,
    ) as scope:
        variable = tf.get_variable("w", [2])
        tf.get_variable("free", [2], regularizer=tf.no_regularizer)
        assert scope.trainable_variables() == tf.trainable_variables("r/")
    (loss,) = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)

    assert variable.dtype.base_dtype == tf.float64
    assert loss.name == "r/w/Regularizer/mul:0"
    assert value(loss) == 2.0


def test_types_without_an_initializer() -> None:
    made = {t: tf.get_variable(f"v_{t}", [2], t) for t in ("float16", "float64", "int32", "bool", "string")}
    found = dict(zip(made, value(list(made.values())), strict=True))

    assert found["int32"].tolist() == [0, 0]
    assert found["bool"].tolist() == [False, False]
    assert found["string"].tolist() == [b"", b""]
    assert np.abs(found["float64"]).max() <= np.sqrt(6 / 4)
    assert tf.get_variable("number", initializer=3).dtype.base_dtype == tf.int32


def test_custom_getters_stand_around_each_other() -> None:
    seen: list[str] = []

    def outer(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        seen.append(f"outer {name}")
        return getter(name, *args, **kwargs)

    def inner(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        seen.append(f"inner {name}")
        return getter(name + "_h", *args, **kwargs)

    with tf.variable_scope("s", custom_getter=outer), tf.variable_scope("t", custom_getter=inner):
        assert tf.get_variable("w", [1]).name == "s/t/w_h:0"
    assert seen == ["inner s/t/w", "outer s/t/w_h"]


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (
            lambda: tf.get_variable("w", [2]),
            r"w already exists.*reuse=tf.AUTO_REUSE.*made at .*test_variable_scope.py:\d+",
        ),
        (lambda: _reused(lambda: tf.get_variable("w", [3])), r"shape \(3,\) and found shape \(2,\).*made at"),
        (
            lambda: _reused(lambda: tf.get_variable("w", dtype=tf.float64)),
            r"dtype float64 and found dtype float32",
        ),
        (lambda: _reused(lambda: tf.get_variable("ww", [2])), r"ww does not exist.*Near it: w\."),
        (lambda: tf.get_variable("n", [None, 2]), r"\(n\) must be fully defined, but instead was \(\?, 2\)"),
        (lambda: tf.get_variable("n"), r"\(n\) must be fully defined"),
        (lambda: tf.get_variable("n", [2], initializer=np.zeros(2, np.float32)), "initializer is a constant"),
        (
            lambda: tf.get_variable("n", dtype=tf.float32, initializer=np.zeros(2)),
            "float64.*float32.*don't match",
        ),
        (
            lambda: tf.variable_scope(None, "d", reuse=True),
            "reuse=True cannot be used without a name_or_scope",
        ),
        (lambda: tf.variable_scope("d", reuse="yes"), "reuse parameter"),
    ],
)
def test_errors(ask: Any, text: str) -> None:
    tf.get_variable("w", [2])
    with pytest.raises(ValueError, match=text):
        ask()


def _reused(ask: Any) -> Any:
    with tf.variable_scope("", reuse=True):
        return ask()


def test_a_scope_needs_a_name() -> None:
    with pytest.raises(TypeError, match="name_or_scope is required"):
        tf.variable_scope(None)


def test_variables_stay_apart_between_graphs_and_out_of_branches() -> None:
    tf.get_variable("w", [2])
    with tf.Graph().as_default():
        tf.get_variable("w", [3])
    branch = tf.cond(
        tf.constant(True), lambda: tf.get_variable("inside", [], initializer=ZEROS) + 1.0, lambda: 0.0
    )
    assert [v.name for v in tf.global_variables()] == ["w:0", "inside:0"]
    assert value(branch) == 1.0


def test_partitioned_variable() -> None:
    start = np.arange(10, dtype=np.float32).reshape(5, 2)
    whole = tf.get_variable(
        "p", [5, 2], partitioner=tf.fixed_size_partitioner(2), initializer=lambda shape, dtype, partition_info: tf.constant(
            start[partition_info.single_offset(shape) :][: shape[0]], dtype
        )
    )  # fmt: skip
    assert [(v.name, v.shape.as_list()) for v in whole] == [("p/part_0:0", [3, 2]), ("p/part_1:0", [2, 2])]
    assert whole.get_shape().as_list() == [5, 2]
    np.testing.assert_array_equal(value(whole * 2.0), start * 2)
    np.testing.assert_array_equal(value(tf.matmul(whole, tf.ones([2, 1]))), start.sum(1, keepdims=True))
    with tf.variable_scope("", reuse=True):
        again = tf.get_variable("p", [5, 2], partitioner=tf.fixed_size_partitioner(2))
        assert again is whole
    assert tf.variable_axis_size_partitioner(16)(shape=[10, 2], dtype=tf.float32) == [5, 1]
    assert tf.min_max_variable_partitioner(4, min_slice_size=40)(shape=[10, 2], dtype=tf.float32) == [2, 1]
    with pytest.raises(ValueError, match="only one axis"):
        tf.get_variable("q", [4, 4], partitioner=lambda **_: [2, 2])


def test_template_shares_its_variables() -> None:
    layer = tf.make_template("layer", lambda x, size: tf.matmul(x, tf.get_variable("w", [2, size])), size=3)
    first, second = layer(tf.ones([1, 2])), layer(tf.zeros([4, 2]))
    other = tf.make_template("layer", lambda: tf.get_variable("w", [1]))()

    assert (first.shape.as_list(), second.shape.as_list()) == ([1, 3], [4, 3])
    assert [v.name for v in layer.trainable_variables] == ["layer/w:0"]
    assert other.name == "layer_1/w:0"
    wrong = tf.make_template("wrong", lambda: tf.Variable(1.0))
    wrong()
    with pytest.raises(
        ValueError, match=r"tf.Variable when you meant tf.get_variable.*made at .*test_variable_scope"
    ):
        wrong()


def test_penalties_are_the_closed_forms() -> None:
    weights = np.array([[1.0, -2.0], [0.5, 0.0]], np.float32)
    tensor = tf.constant(weights)
    one, two = np.abs(weights).sum(), (weights**2).sum() / 2
    found = value([
        regularizers.l1_regularizer(0.1)(tensor), regularizers.l2_regularizer(0.2)(tensor),
        regularizers.l1_l2_regularizer(0.1, 0.2)(tensor),
        regularizers.apply_regularization(regularizers.l2_regularizer(0.5), [tensor, 2.0 * tensor]),
    ])  # fmt: skip
    np.testing.assert_allclose(found, [0.1 * one, 0.2 * two, 0.1 * one + 0.2 * two, 2.5 * two], rtol=1e-6)
    assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 1
    assert regularizers.l1_regularizer(0.0)(tensor) is None
    for scale in (1, -0.5):
        with pytest.raises(ValueError, match=re.escape(str(scale))):
            regularizers.l2_regularizer(scale)
