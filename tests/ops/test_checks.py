"""Assert, Print, check_numerics and the assertions: what they show, and when."""

from __future__ import annotations

import numpy as np
import pytest

import gradiente as tf


@pytest.fixture(params=["xla", "python"])
def executor(request: pytest.FixtureRequest) -> str:
    return request.param


def test_assert_shows_its_data(executor: str) -> None:
    x = tf.placeholder(tf.float32, [None])
    check = tf.Assert(tf.reduce_all(x > 0), [x, "msg", tf.shape(x), True])
    with tf.Session(executor=executor) as sess:
        sess.run(check, {x: [1, 2]})
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"failed: \[-1.5 2 3\.\.\.\] \[msg\] \[4\] \[1\]"
        ):
            sess.run(check, {x: [-1.5, 2, 3, 1e-7]})


def test_what_depends_on_a_failed_assertion_does_not_happen(executor: str) -> None:
    x, v = tf.placeholder(tf.float32, []), tf.Variable(0.0)
    with tf.control_dependencies([tf.assert_positive(x, message="rate")]):
        step = tf.assign(v, x)
    with tf.Session(executor=executor) as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(step, {x: 2})
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"\[rate\] \[Condition x > 0 did not hold element-wise:\]"
        ):
            sess.run(step, {x: -1})
        assert sess.run(v) == 2


@pytest.mark.parametrize(
    ("assertion", "good", "bad"),
    [
        ("equal", ([1, 2], [1, 2]), ([1, 2], [1, 3])), ("none_equal", ([1, 2], [2, 1]), ([1, 2], [2, 2])),
        ("less", ([1], [2]), ([2], [2])), ("less_equal", ([2], [2]), ([3], [2])),
        ("greater", ([3], [2]), ([2], [2])), ("greater_equal", ([2], [2]), ([1], [2])),
        ("positive", ([1],), ([0],)), ("negative", ([-1],), ([0],)), ("non_negative", ([0],), ([-1],)),
        ("non_positive", ([0],), ([1],)),
    ],
)  # fmt: skip
def test_comparisons(assertion: str, good: tuple[list[int], ...], bad: tuple[list[int], ...]) -> None:
    function = getattr(tf, f"assert_{assertion}")
    assert function(*good).type == "NoOp"
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"did not hold element-wise:\nx \(.*/x:0\) = "):
        function(*bad)
    fed = [tf.placeholder(tf.int32, [None]) for _ in good]
    check = function(*fed)
    with tf.Session() as sess:
        sess.run(check, dict(zip(fed, good, strict=True)))
        with pytest.raises(tf.errors.InvalidArgumentError, match="did not hold"):
            sess.run(check, dict(zip(fed, bad, strict=True)))


def test_ranks_and_types() -> None:
    x = tf.placeholder(tf.float32, [2])
    good = [
        tf.assert_rank(x, 1),
        tf.assert_rank_at_least(x, 1),
        tf.assert_rank_in(x, [0, 1]),
        tf.assert_type(x, tf.float32),
    ]
    assert {op.type for op in good} == {"NoOp"}
    with pytest.raises(ValueError, match=r"must have rank 2\.  Received rank 1, shape \(2,\)"):
        tf.assert_rank(x, 2)
    with pytest.raises(ValueError, match="must have rank at least 2"):
        tf.assert_rank_at_least(x, 2)
    with pytest.raises(ValueError, match=r"must have rank in \(2, 3\)"):
        tf.assert_rank_in(x, [2, 3])
    with pytest.raises(TypeError, match=r"must be of type tf\.int32; got tf\.float32"):
        tf.assert_type(x, tf.int32)
    with pytest.raises(TypeError, match="to be integer type"):
        tf.assert_integer(x)
    with pytest.raises(ValueError, match="Expected scalar shape"):
        tf.assert_scalar(x)
    open_ = tf.placeholder(tf.float32)
    check = tf.assert_rank(open_, 2)
    with tf.Session() as sess:
        sess.run(check, {open_: np.zeros((1, 1))})
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"must have rank \] \[2\] \[Received shape: \] \[3\]"
        ):
            sess.run(check, {open_: np.zeros(3)})


def test_order() -> None:
    with tf.Session() as sess:
        values = [
            tf.is_non_decreasing([1, 1, 2]),
            tf.is_strictly_increasing([1, 1, 2]),
            tf.is_non_decreasing([[2, 1]]),
        ]
        assert sess.run(values) == [True, False, False]
    assert tf.is_numeric_tensor(tf.zeros([1]))
    assert not tf.is_numeric_tensor(tf.constant("a"))


def test_print_writes_each_time_up_to_first_n(executor: str, capfd: pytest.CaptureFixture[str]) -> None:
    x = tf.placeholder(tf.float32, [4])
    shown = tf.Print(x, [x, tf.shape(x), "text", tf.reshape(x, [2, 2])], message="x: ", first_n=2) * 2
    with tf.Session(executor=executor) as sess:
        for _ in range(3):
            np.testing.assert_array_equal(sess.run(shown, {x: [1.5, 2, 3, 4]}), [3, 4, 6, 8])
    assert capfd.readouterr().err == "x: [1.5 2 3...][4][text][[1.5 2][3...]...]\n" * 2


def test_print_summarizes_everything_on_request(capfd: pytest.CaptureFixture[str]) -> None:
    with tf.Session() as sess:
        sess.run(tf.Print(tf.constant(0), [tf.range(6), [True, False]], summarize=-1))
    assert capfd.readouterr().err == "[0 1 2 3 4 5][1 0]\n"


@pytest.mark.parametrize(
    ("value", "what"),
    [(np.nan, "NaN values"), (np.inf, "Inf values"), ([np.nan, -np.inf], "Inf and NaN values")],
)
def test_check_numerics_names_the_operation(executor: str, value: object, what: str) -> None:
    x = tf.placeholder(tf.float32)
    checked = tf.check_numerics(x * 2, "scaled", name="watch")
    with tf.Session(executor=executor) as sess:
        sess.run(checked, {x: 1})
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=rf"scaled : Tensor had {what}[\s\S]*'watch'.*checks.py"
        ):
            sess.run(checked, {x: value})


def test_add_check_numerics_ops_finds_the_first_bad_tensor() -> None:
    x = tf.placeholder(tf.float32, [])
    tf.identity(tf.log(x, name="logarithm") * 2, name="result")
    check = tf.add_check_numerics_ops()
    with tf.Session() as sess:
        sess.run(check, {x: 1})
        with pytest.raises(tf.errors.InvalidArgumentError, match="logarithm:0 : Tensor had NaN"):
            sess.run(check, {x: -1})


def test_a_bad_gradient_is_reported_as_one() -> None:
    x = tf.placeholder(tf.float32, [])
    slope = tf.gradients(tf.sqrt(tf.check_numerics(x, "root")), x)[0]
    with (
        tf.Session() as sess,
        pytest.raises(tf.errors.InvalidArgumentError, match=r"detected in gradient\. root"),
    ):
        sess.run(slope, {x: 0})
