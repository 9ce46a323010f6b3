"""Both historical orders of concat and split, and what the shape rules of joining and reshaping refuse."""

from __future__ import annotations

import numpy as np
import pytest

import gradiente as tf


def _run(tensor: object) -> np.ndarray:
    with tf.Session() as sess:
        return sess.run(tensor)


def test_concat_in_both_orders() -> None:
    a, b = tf.ones([2, 3]), tf.zeros([2, 1])
    wanted = np.array([[1, 1, 1, 0]] * 2)
    for joined in (
        tf.concat([a, b], 1), tf.concat(1, [a, b]), tf.concat(concat_dim=1, values=[a, b]), tf.concat((a, b), -1),
        tf.concat(tf.constant(1), [a, b]), tf.concat(np.int64(1), [a, b]),
    ):  # fmt: skip
        np.testing.assert_array_equal(_run(joined), wanted)


def test_concat_that_can_not_be_told() -> None:
    with pytest.raises(TypeError, match=r"can't be told apart.*Write tf.concat\(\[a, b\], axis=1\)"):
        tf.concat([1, 2], [3, 4])
    with pytest.raises(TypeError, match="needs the tensors and the axis"):
        tf.concat([tf.zeros([1])])


def test_split_in_both_orders() -> None:
    x = tf.constant(np.arange(6).reshape(2, 3))
    for parts in (
        tf.split(x, 3, 1),
        tf.split(1, 3, x),
        tf.split(split_dim=1, num_split=3, value=x),
        tf.split(x, [1] * 3, 1),
    ):
        assert [_run(p).tolist() for p in parts] == [[[0], [3]], [[1], [4]], [[2], [5]]]


def test_split_that_can_not_be_told() -> None:
    with pytest.raises(TypeError, match="can't be told apart"):
        tf.split(tf.zeros([4, 2]), 2, [1, 2])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: tf.concat([tf.zeros([2, 3]), tf.zeros([3, 3])], 1), "Dimension 0 in both shapes .* are 2 and 3"),
        (lambda: tf.concat([tf.zeros([2, 3]), tf.zeros([3])], 0), "tensors of one rank"),
        (lambda: tf.concat([tf.zeros([]), tf.zeros([])], 0), "use tf.stack instead"),
        (lambda: tf.concat([tf.zeros([2]), tf.zeros([2])], 1), r"'axis' must be in \[-1, 1\)"),
        (lambda: tf.stack([tf.zeros([2]), tf.zeros([3])]), "Shapes must be equal"),
        (lambda: tf.unstack(tf.placeholder(tf.float32, [None, 2])), "Cannot infer argument `num`"),
        (lambda: tf.split(tf.zeros([2, 5]), 2, 1), "evenly divisible by 2 but is 5"),
        (lambda: tf.split(tf.zeros([5]), [2, 2]), "add up to 4"),
        (lambda: tf.reshape(tf.zeros([784]), [28, 29]), "784 elements to shape .* must stay the same"),
        (lambda: tf.reshape(tf.zeros([10]), [-1, 4]), "10 is not a multiple of 4"),
        (lambda: tf.reshape(tf.zeros([10]), [-1, -1]), "Only one size may be -1"),
        (lambda: tf.squeeze(tf.zeros([2, 3]), [1]), r"Can not squeeze dim\[1\], expected a dimension of 1, got 3"),
        (lambda: tf.transpose(tf.zeros([2, 3]), [0, 0]), "list each of the 2 dimensions once"),
        (lambda: tf.expand_dims(tf.zeros([2, 3]), 3), r"'axis' must be in \[-3, 3\)"),
        (lambda: tf.tile(tf.zeros([2, 3]), [2]), "one number for each of the 2 dimensions"),
        (lambda: tf.pad(tf.zeros([2, 3]), [[3, 0], [0, 0]], "REFLECT"), "no greater than 1 for size 2"),
        (lambda: tf.pad(tf.zeros([2]), [[1, 1]], "WRAP"), "Unknown padding mode 'WRAP'"),
        (lambda: tf.range(0, 5, 0), "delta != 0"),
        (lambda: tf.range(5, 0), "Requires start <= limit"),
        (lambda: tf.nn.top_k(tf.zeros([3]), 4), "at least k columns, but has 3 and k is 4"),
        (lambda: tf.where(tf.constant([True]), tf.zeros([2, 2]), tf.zeros([2, 2])), "a vector chooses rows"),
        (lambda: tf.where(tf.constant([True]), tf.zeros([1])), "both x and y, or neither"),
        (lambda: tf.boolean_mask(tf.zeros([3]), [True, False]), "incompatible"),
        (lambda: tf.zeros([None, 3]), "partially known"),
        (lambda: tf.ensure_shape(tf.zeros([2, 3]), [3, 3]), "incompatible"),
        (lambda: tf.space_to_depth(tf.zeros([1, 3, 4, 1]), 2), "must be multiples of block_size 2"),
    ],
)  # fmt: skip
def test_what_is_refused_while_building(build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        build()
    assert "test_joining.py" in str(caught.value) or len(str(caught.value)) < 120


@pytest.mark.parametrize("executor", ["xla", "python"])
def test_sizes_that_turn_out_wrong_when_run(executor: str) -> None:
    x, y = (
        tf.placeholder(tf.float32, [None, None], name="x"),
        tf.placeholder(tf.float32, [None, None], name="y"),
    )
    with tf.Session(executor=executor) as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"must stay the same[\s\S]*'narrow'"):
            sess.run(tf.reshape(x, [-1, 4], name="narrow"), {x: np.zeros((2, 3))})
        with pytest.raises(tf.errors.InvalidArgumentError, match="must agree in every other"):
            sess.run(tf.concat([x, y], 0), {x: np.zeros((2, 3)), y: np.zeros((2, 2))})
        with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible with expected shape"):
            sess.run(tf.ensure_shape(x, [None, 3]), {x: np.zeros((2, 2))})


def test_zeros_and_ones_like_keep_what_is_known() -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    assert tf.zeros_like(x).shape.as_list() == [None, 3]
    assert tf.ones_like(x, dtype=tf.int32).dtype == tf.int32
    assert tf.zeros_like(tf.zeros([2, 3])).op.type == "Const"
    assert tf.zeros_like(tf.zeros([2, 3]), optimize=False).op.type == "ZerosLike"
