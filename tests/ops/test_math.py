"""Mathematics beyond the op table: names, types, 16-bit floats, integer arithmetic, and what errors say."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import gradiente as tf

EXECUTORS = ("xla", "python")


def run(fetch, feed=None, executor="xla"):
    with tf.Session(executor=executor) as session:
        return session.run(fetch, feed)


def made(build):
    """The operations that ``build`` makes on float, int and bool placeholders, as ``name[type]``."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [3, 3], name="x")
        i = tf.placeholder(tf.int32, [3], name="i")
        p = tf.placeholder(tf.bool, [3], name="p")
        build(x, i, p)
        return ", ".join(f"{op.name}[{op.type}]" for op in graph.get_operations()[3:])


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda x, i, p: x + 1, "add/y[Const], add[AddV2]"),
        (lambda x, i, p: 1 - x, "sub/x[Const], sub[Sub]"),
        (lambda x, i, p: 2 * x, "mul/x[Const], mul[Mul]"),
        (lambda x, i, p: 1 / x, "truediv/x[Const], truediv[RealDiv]"),
        (lambda x, i, p: i / 2, "truediv/y[Const], truediv/Cast[Cast], truediv/Cast_1[Cast], truediv[RealDiv]"),
        (lambda x, i, p: i // 2, "floordiv/y[Const], floordiv[FloorDiv]"),
        (lambda x, i, p: 7 % i, "mod/x[Const], mod[FloorMod]"),
        (lambda x, i, p: x**2, "pow/y[Const], pow[Pow]"),
        (lambda x, i, p: x @ x, "matmul[MatMul]"),
        (lambda x, i, p: -abs(x), "Abs[Abs], Neg[Neg]"),
        (lambda x, i, p: (x < 1, x >= 1), "Less/y[Const], Less[Less], GreaterEqual/y[Const], GreaterEqual[GreaterEqual]"),
        (lambda x, i, p: ~(p & True | p), "and/y[Const], and[LogicalAnd], or[LogicalOr], LogicalNot[LogicalNot]"),
        (lambda x, i, p: p ^ p,
         "xor/LogicalOr[LogicalOr], xor/LogicalAnd[LogicalAnd], xor/LogicalNot[LogicalNot], xor[LogicalAnd]"),
        (lambda x, i, p: tf.reduce_mean(x), "Const[Const], Mean[Mean]"),
        (lambda x, i, p: tf.reduce_sum(x, 1, name="s"), "s/reduction_indices[Const], s[Sum]"),
        (lambda x, i, p: tf.argmax(x, 1), "ArgMax/dimension[Const], ArgMax[ArgMax]"),
        (lambda x, i, p: tf.to_float(i), "ToFloat[Cast]"),
        (lambda x, i, p: (tf.cast(x, tf.float32), tf.add_n([x]), tf.real(x), tf.round(i)), ""),
        (lambda x, i, p: tf.norm(x),
         "norm/mul[Mul], norm/Const[Const], norm/Sum[Sum], norm/Sqrt[Sqrt], norm/Squeeze[Squeeze]"),
        (lambda x, i, p: tf.tensordot(x, x, 1), "Tensordot/MatMul[MatMul]"),
    ],
)  # fmt: skip
def test_operations_have_tensorflows_names(build, expected):
    assert made(build) == expected


def _some_of_each(x):
    """What functions of each kind make of a matrix."""
    return [
        x + 1, x * x, x / 2, x**2, x // 2, x % 2, tf.exp(x), tf.sqrt(x), tf.rsqrt(x), tf.sigmoid(x), tf.tanh(x), tf.log(x),
        tf.erf(x), tf.lgamma(x), tf.floor(x), tf.maximum(x, 1), tf.clip_by_value(x, 1, 2), tf.reduce_sum(x, 1),
        tf.reduce_mean(x), tf.reduce_max(x, 0), tf.reduce_prod(x), tf.cumsum(x, 1), tf.matmul(x, x, transpose_b=True),
        tf.einsum("ij,ij->i", x, x), tf.unsorted_segment_sum(x, [1, 1], 2), tf.unsorted_segment_max(x, [0, 0], 1),
    ]  # fmt: skip


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_sixteen_bit_floats_keep_their_type(dtype, executor):
    values = np.array([[0.5, 1.5, 2.0], [1.0, 0.25, 4.0]])
    x = tf.constant(values.astype(dtype.as_numpy_dtype))
    fetches, exact = _some_of_each(x), _some_of_each(tf.constant(values))
    got, expected = run([fetches, exact], executor=executor)
    step = float(ml_dtypes.finfo(dtype.as_numpy_dtype).eps)
    for tensor, a, b in zip(fetches, got, expected, strict=True):
        assert tensor.dtype == dtype
        assert np.asarray(a).dtype == np.dtype(dtype.as_numpy_dtype), tensor
        np.testing.assert_allclose(
            np.asarray(a).astype(np.float64), b, rtol=2 * step, atol=step, err_msg=str(tensor)
        )
    assert np.array_equal(run(tf.argmax(x, 1), executor=executor), [2, 2])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_integers_keep_their_type_and_wrap(executor):
    x = tf.constant(np.array([100, -100, 127], np.int8))
    doubled, total = run([x + x, tf.reduce_sum(x)], executor=executor)
    np.testing.assert_array_equal(doubled, np.array([-56, 56, -2], np.int8))
    assert doubled.dtype == np.int8
    assert total == np.int8(127)
    assert total.dtype == np.int8


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("divide", [tf.floordiv, tf.mod, tf.truncatediv, tf.truncatemod, tf.div])
def test_dividing_an_integer_by_zero_is_an_error(divide, executor):
    y = tf.placeholder(tf.int32, [2])
    quotient = divide(tf.constant([7, 8]), y)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Integer division by zero") as caught:
        run(quotient, {y: [1, 0]}, executor)
    assert "test_math.py" in str(caught.value)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_dividing_a_float_by_zero_is_infinite(executor):
    x = tf.placeholder(tf.float32, [3])
    values = run([x / 0.0, tf.div_no_nan(x, 0.0)], {x: [1, -1, 0]}, executor)
    np.testing.assert_array_equal(values, [[np.inf, -np.inf, np.nan], [0, 0, 0]])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_negative_power_of_an_integer_is_an_error(executor):
    y = tf.placeholder(tf.int32, [])
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative powers"):
        run(tf.constant(2) ** y, {y: -1}, executor)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_broken_matrices_are_errors(executor):
    x = tf.placeholder(tf.float64, [2, 2])
    singular = {x: [[1, 2], [2, 4]]}
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        run(tf.matrix_inverse(x), singular, executor)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        run(tf.matrix_solve(x, np.ones((2, 1))), singular, executor)
    with pytest.raises(tf.errors.InvalidArgumentError, match="positive definite"):
        run(tf.cholesky(x), {x: [[1, 2], [2, 1]]}, executor)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_segment_ids_are_checked(executor):
    ids = tf.placeholder(tf.int32, [3])
    data = np.arange(3.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of range"):
        run(tf.unsorted_segment_sum(data, ids, 2), {ids: [0, 2, 1]}, executor)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not increasing"):
        run(tf.segment_sum(data, ids), {ids: [0, 2, 1]}, executor)


def test_matmul_says_which_sizes_differ_and_what_to_do():
    a, b = (
        tf.placeholder(tf.float32, [None, 784], name="images"),
        tf.placeholder(tf.float32, [10, 784], name="weights"),
    )
    with pytest.raises(ValueError, match="784") as caught:
        tf.matmul(a, b, name="scores")
    text = str(caught.value)
    assert "Matrix size-incompatible" in text
    assert "transpose_b=True makes them fit" in text
    assert "'scores'" in text
    assert "images:0 (?, 784)" in text
    assert "test_math.py" in text


def test_matmul_of_one_example_asks_for_the_batch_axis():
    with pytest.raises(ValueError, match=r"Shape must be rank 2 but is rank 1.*tf.expand_dims"):
        tf.matmul(tf.placeholder(tf.float32, [784]), tf.zeros([784, 10]))


@pytest.mark.parametrize(
    ("build", "match"),
    [
        (lambda: tf.add(tf.zeros([2, 3]), tf.zeros([2, 4])), r"Incompatible shapes for broadcasting.*tf.expand_dims"),
        (lambda: tf.add_n([tf.zeros([2]), tf.zeros([3])]), "Shapes must be equal"),
        (lambda: tf.add_n([]), "at least one tensor"),
        (lambda: tf.reduce_sum(tf.zeros([2, 3]), 2), "Axis 2 is out of range"),
        (lambda: tf.reduce_sum(tf.zeros([2, 3]), [0, -2]), "named twice"),
        (lambda: tf.reduce_sum(tf.zeros([2]), axis=0, reduction_indices=0), "one argument's names"),
        (lambda: tf.matmul(tf.zeros([2, 2]), tf.zeros([2, 2]), transpose_a=True, adjoint_a=True), "only one of"),
        (lambda: tf.einsum("ij,jk->ik", tf.zeros([2, 3]), tf.zeros([2, 3])), "one label has one size"),
        (lambda: tf.einsum("ij->ik", tf.zeros([2, 3])), "'k', which no input has"),
        (lambda: tf.einsum("ij,jk->ik", tf.zeros([2, 3])), "names 2 inputs, but 1"),
        (lambda: tf.tensordot(tf.zeros([2, 3]), tf.zeros([2, 3]), 1), "their sizes must be equal"),
        (lambda: tf.matrix_inverse(tf.zeros([2, 3])), "takes square matrices"),
        (lambda: tf.matrix_solve(tf.zeros([3, 3]), tf.zeros([2, 1])), "as many right-hand rows"),
        (lambda: tf.cross(tf.zeros([2]), tf.zeros([2])), "vectors of 3 numbers"),
        (lambda: tf.norm(tf.zeros([2, 2]), ord="fro"), "give axis two numbers"),
        (lambda: tf.matrix_diag(tf.zeros([3]), num_rows=5, num_cols=5), "diagonal 0 has 5"),
        (lambda: tf.segment_sum(tf.zeros([2, 3]), [0, 0, 1]), "the segment of each row"),
        (lambda: tf.cumsum(tf.zeros([2]), 3), "Axis 3 is out of range"),
    ],
)  # fmt: skip
def test_what_can_not_be_built_says_why(build, match):
    with pytest.raises(ValueError, match=match):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: tf.constant([1]) + tf.constant([1.0]),
        lambda: tf.constant([1]) * 2.5,
        lambda: tf.matmul(tf.zeros([2, 2]), tf.zeros([2, 2], tf.float64)),
        lambda: tf.constant([True]) + True,
        lambda: tf.exp(tf.constant([1])),
        lambda: tf.logical_and(tf.constant([1]), True),
    ],
)
def test_types_that_do_not_fit_are_type_errors(build):
    with pytest.raises(TypeError, match=r"tf\.cast|can't be made"):
        build()


def test_a_maximum_that_is_tied_sends_its_gradient_to_the_first():
    x, y = tf.constant([1.0, 2.0]), tf.constant([1.0, 3.0])
    high, low = tf.gradients(tf.maximum(x, y), [x, y]), tf.gradients(tf.minimum(x, y), [x, y])
    np.testing.assert_array_equal(run(high), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(run(low), [[1, 1], [0, 0]])


def test_global_norm_clips_slices_and_passes_none_over():
    slices = tf.IndexedSlices(tf.constant([[3.0], [0.0]]), tf.constant([1, 0]), tf.constant([2, 1]))
    clipped, norm = tf.clip_by_global_norm([slices, None, tf.constant([4.0])], 1.0)
    assert clipped[1] is None
    assert isinstance(clipped[0], tf.IndexedSlices)
    values, whole, size = run([clipped[0].values, clipped[2], norm])
    np.testing.assert_allclose(values, [[0.6], [0.0]], rtol=1e-6)
    np.testing.assert_allclose(whole, [0.8], rtol=1e-6)
    assert size == 5.0
    broken, _ = tf.clip_by_global_norm([tf.constant([np.inf, 1.0], tf.float32)], 1.0)
    assert np.isnan(run(broken[0])).all()


def test_confusion_matrix_counts():
    matrix = tf.confusion_matrix([1, 2, 2, 0], [1, 2, 0, 0], num_classes=4)
    np.testing.assert_array_equal(run(matrix), [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])
    weighted = tf.confusion_matrix([1, 0], [0, 0], weights=[0.5, 2.0], dtype=tf.float32)
    np.testing.assert_array_equal(run(weighted), [[2, 0], [0.5, 0]])


def test_shapes_computed_by_division_are_known_while_building():
    x = tf.zeros([6, 4])
    assert tf.reshape(x, [tf.shape(x)[0] // 2, -1]).shape.as_list() == [3, 8]
