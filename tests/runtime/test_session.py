"""What a session promises: fetches, feeds, order, state, ownership, threads, one compilation for one signature."""

from __future__ import annotations

import signal
import threading
import warnings
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.runtime.state import HostView

EXECUTORS = ["xla", "python"]


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> str:
    return request.param


def test_fetches_keep_their_nesting(executor: str) -> None:
    x = tf.constant([1.0, 2.0], name="x")
    v = tf.Variable(3.0)
    Pair = namedtuple("Pair", "a b")
    with tf.Session(executor=executor) as sess:
        assert sess.run(tf.global_variables_initializer()) is None
        got = sess.run({"list": [x, (x * 2, "x:0")], "pair": Pair(v, v.initializer), "empty": []})
    np.testing.assert_array_equal(got["list"][0], [1, 2])
    assert isinstance(got["list"][1], tuple)
    np.testing.assert_array_equal(got["list"][1][0], [2, 4])
    assert got["pair"].a == 3.0
    assert got["pair"].b is None
    assert got["empty"] == []
    assert isinstance(got["pair"].a, np.float32)


def test_any_tensor_can_be_fed(executor: str) -> None:
    x = tf.placeholder(tf.float32, [])
    middle = x * 2
    y = middle + 1
    with tf.Session(executor=executor) as sess:
        assert sess.run(y, {middle: 10.0}) == 11.0
        assert sess.run([y, middle], {middle: 10.0}) == [11.0, 10.0]
        assert sess.run(y, {"mul:0": 4}) == 5.0
        assert y.eval({x: 3}, session=sess) == 7.0


def test_a_fed_variable_replaces_its_value(executor: str) -> None:
    v = tf.Variable(2.0)
    y = v * 3
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        assert sess.run(y, {v.value(): 5.0}) == 15.0
        assert sess.run(y) == 6.0


def test_operations_see_variables_in_their_order(executor: str) -> None:
    v = tf.Variable(1.0)
    before = v + 0.0
    add = v.assign_add(1.0)
    with tf.control_dependencies([add]):
        after = v * 1.0
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        assert sess.run([before, after, v]) == [1.0, 2.0, 2.0]
        assert sess.run([after, before]) == [3.0, 2.0]
        assert sess.run(before) == 3.0


def test_a_fetched_array_is_the_callers_own(executor: str) -> None:
    v = tf.Variable([1.0, 2.0])
    c = tf.constant([5.0, 6.0])
    x = tf.placeholder(tf.float32, [2])
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        fed = np.array([7.0, 8.0], np.float32)
        for tensor in (v, c, x, tf.identity(v), tf.identity(x)):
            first = sess.run(tensor, {x: fed})
            first[:] = -1
            second = sess.run(tensor, {x: fed})
            assert not np.array_equal(first, second)
        np.testing.assert_array_equal(fed, [7, 8])


def test_a_fed_array_may_change_after_the_run(executor: str) -> None:
    v = tf.Variable(np.zeros(1000, np.float32))
    x = tf.placeholder(tf.float32, [1000])
    assign = v.assign(x)
    with tf.Session(executor=executor) as sess:
        for offset in range(16):
            memory = np.zeros(1016, np.float32)
            fed = memory[offset : offset + 1000]
            fed[:] = 3.0
            sess.run(assign.op, {x: fed})
            memory[:] = 9.0
            np.testing.assert_array_equal(sess.run(v), np.full(1000, 3.0))


def test_one_compilation_for_one_signature_and_one_more_for_the_last_batch() -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.Variable(tf.ones([3, 2]))
    step = w.assign_sub(tf.reduce_sum(tf.matmul(x, w)) * tf.ones([3, 2]))
    with tf.Session() as sess:
        sess.run(w.initializer)
        for size in (5, 5, 5, 2, 5, 2):
            sess.run(step.op, {x: np.ones((size, 3))})
        _, runner = sess._runner(step.op, {x: None})
        (segment,) = runner.plan.segments
        assert runner.executable(segment).compilations == 2


def test_a_new_session_has_variables_of_its_own(executor: str) -> None:
    v = tf.Variable(1.0)
    with tf.Session(executor=executor) as one, tf.Session(executor=executor) as two:
        one.run(v.initializer)
        one.run(v.assign(5.0))
        two.run(v.initializer)
        assert (one.run(v), two.run(v)) == (5.0, 1.0)


def test_uninitialized_variable(executor: str) -> None:
    v = tf.Variable(1.0, name="weights")
    for fetch in (v, v + 1.0, v.assign_add(1.0)):
        with (
            tf.Session(executor=executor) as sess,
            pytest.raises(
                tf.errors.FailedPreconditionError,
                match=r"uninitialized value weights.*global_variables_initializer",
            ),
        ):
            sess.run(fetch)


def test_placeholder_not_fed(executor: str) -> None:
    x = tf.placeholder(tf.float32, [None, 4], name="images")
    with tf.Session(executor=executor) as sess:
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="must feed a value for placeholder tensor 'images'"
        ) as e:
            sess.run(x * 2)
        assert "test_session.py" in str(e.value)
        with pytest.raises(tf.errors.InvalidArgumentError, match="images"):
            sess.run(x)


@pytest.mark.parametrize(
    ("shape", "value", "hint"),
    [
        ([None, 10], np.arange(3), "Integer labels.*one_hot"),
        ([None], np.eye(3), "argmax"),
        ([None, 28, 28, 1], np.zeros((2, 28, 28, 3)), "Colour images"),
        ([None, 28, 28, 1], np.zeros((28, 28, 1)), "batch dimension"),
        ([None, 784], np.zeros((5, 28, 28)), r"reshape\(-1, 784\)"),
        ([None, 28, 28, 3], np.zeros((2, 3, 28, 28)), "NCHW"),
    ],
)
def test_wrong_shapes_get_hints(shape: Any, value: Any, hint: str) -> None:
    x = tf.placeholder(tf.float32, shape, name="x")
    with (
        tf.Session() as sess,
        pytest.raises(ValueError, match=rf"Cannot feed value of shape .*'x:0'.*{hint}"),
    ):
        sess.run(x, {x: value})


def test_wrong_types_fed(executor: str) -> None:
    whole = tf.placeholder(tf.int32, [])
    text = tf.placeholder(tf.string, [])
    number = tf.placeholder(tf.float32, [])
    with tf.Session(executor=executor) as sess:
        with pytest.raises(TypeError, match="not compatible with Tensor type int32"):
            sess.run(whole, {whole: 1.5})
        with pytest.raises(ValueError, match="type string"):
            sess.run(number, {number: "one"})
        with pytest.raises(TypeError, match=r"cannot be a tf\.Tensor"):
            sess.run(number, {number: tf.constant(1.0)})
        with pytest.raises(TypeError, match="feed_dict key"):
            sess.run(number, {"nothing:0": 1.0})
        assert sess.run(text, {text: "ñ"}) == "ñ".encode()


def test_fetches_that_are_none_of_the_graph() -> None:
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    with tf.Session() as sess:
        with pytest.raises(TypeError, match="None"):
            sess.run(None)
        with pytest.raises(TypeError, match="invalid type float"):
            sess.run(3.0)
        with pytest.raises(ValueError, match="not an element of this graph"):
            sess.run(other)
        with pytest.raises(ValueError, match="does not exist"):
            sess.run("nothing:0")


def test_closed_session() -> None:
    x = tf.constant(1.0)
    with tf.Session() as sess:
        sess.run(x)
    with pytest.raises(RuntimeError, match="closed Session"):
        sess.run(x)


def test_interactive_session_is_the_default_until_closed() -> None:
    sess = tf.InteractiveSession()
    x = tf.constant(2.0) * 3
    assert x.eval() == 6.0
    v = tf.Variable(1.0)
    v.initializer.run()
    assert v.eval() == 1.0
    sess.close()
    with pytest.raises(ValueError, match="no default session"):
        x.eval()


def test_make_callable(executor: str) -> None:
    x = tf.placeholder(tf.float32, [None])
    y = tf.placeholder(tf.float32, [])
    with tf.Session(executor=executor) as sess:
        f = sess.make_callable([x * y, x], [x, y])
        product, _ = f([1.0, 2.0], 3.0)
        np.testing.assert_array_equal(product, [3, 6])
        with pytest.raises(TypeError, match="takes 2 values"):
            f([1.0])


def test_a_failed_check_changes_no_variable(executor: str) -> None:
    x = tf.placeholder(tf.float32, [])
    v = tf.Variable(1.0)
    checked = tf.check_numerics(tf.log(x), "the logarithm")
    step = v.assign(checked)
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        with pytest.raises(tf.errors.InvalidArgumentError, match="the logarithm"):
            sess.run(step, {x: 0.0})
        assert sess.run(v) == 1.0
        sess.run(step, {x: 1.0})
        assert sess.run(v) == 0.0


def test_host_operations_neither_copy_the_state_nor_mind_what_others_add_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    big = tf.Variable(tf.zeros([1000]), name="big")
    small = tf.Variable(1.0, name="small")
    size = tf.FIFOQueue(1, tf.float32).size()
    read: list[str] = []
    get = HostView.__getitem__
    monkeypatch.setattr(HostView, "__getitem__", lambda self, key: read.append(key) or get(self, key))
    with tf.Session() as sess:
        sess.run([big.initializer, small.initializer])
        assert sess.run(size) == 0
        assert read == []
        view = HostView(sess.state, sess.lock, np.array)
        keys = iter(view)
        view["count:later"] = np.int64(1)
        assert sorted(keys) == ["big", "small"]


def test_runs_from_many_threads_lose_no_update() -> None:
    v = tf.Variable(tf.zeros([64]))
    add = v.assign_add(tf.ones([64]))
    read = v * 2.0
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(50):
                sess.run(add.op)
                sess.run(read)
        except BaseException as error:
            failures.append(error)

    with tf.Session() as sess:
        sess.run(v.initializer)
        threads = [threading.Thread(target=work) for _ in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not failures
        np.testing.assert_array_equal(sess.run(v), np.full(64, 300.0))


def test_64_bit_types_without_changing_jax_for_others() -> None:
    import jax
    import jax.numpy as jnp

    x = tf.constant(1 / 3, tf.float64)
    n = tf.constant(2**40, tf.int64)
    with tf.Session() as sess:
        third, big = sess.run([x * 3, n + 1])
    assert third.dtype == np.float64
    assert big == 2**40 + 1
    assert not jax.config.jax_enable_x64
    assert jnp.asarray(1.5).dtype == jnp.float32


def test_warns_when_the_graph_grows_in_a_loop() -> None:
    x = tf.constant(1.0)
    with (
        tf.Session(executor="python") as sess,
        pytest.warns(UserWarning, match=r"graph grows .*test_session\.py"),
    ):
        for _ in range(40):
            sess.run(x + 1.0)


def test_warns_when_shapes_keep_changing() -> None:
    x = tf.placeholder(tf.float32, [None])
    y = x + 1.0
    with tf.Session() as sess, pytest.warns(UserWarning, match="keep changing shape"):
        for size in range(1, 12):
            sess.run(y, {x: np.zeros(size)})


def test_no_warning_without_the_habit() -> None:
    x = tf.placeholder(tf.float32, [None])
    y = x + 1.0
    with tf.Session() as sess, warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(50):
            sess.run(y, {x: np.zeros(3)})


def test_shapes_that_depend_on_fed_values_are_known_when_compiling(executor: str) -> None:
    x = tf.placeholder(tf.float32, [None, None])
    n = tf.placeholder(tf.int32, [])
    y = tf.reshape(x, [n, -1])
    grid = tf.reshape(x, tf.stack([tf.shape(x)[1], tf.shape(x)[0]]))
    with tf.Session(executor=executor) as sess:
        value = np.arange(12.0).reshape(3, 4)
        assert sess.run(y, {x: value, n: 6}).shape == (6, 2)
        assert sess.run(y, {x: value, n: 2}).shape == (2, 6)
        assert sess.run(grid, {x: value}).shape == (4, 3)


def test_shapes_that_depend_on_computed_values(executor: str) -> None:
    x = tf.placeholder(tf.float32, [None])
    longest = tf.cast(tf.reduce_max(x), tf.int32)
    ones = tf.ones([longest]) * 2.0
    with tf.Session(executor=executor) as sess:
        np.testing.assert_array_equal(sess.run(ones, {x: [1.0, 3.0]}), [2, 2, 2])
        np.testing.assert_array_equal(sess.run(ones, {x: [1.0, 1.0]}), [2])


def test_plan_and_program_as_text() -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.Variable(tf.ones([3, 2]), name="w")
    y = tf.matmul(x, w, name="y")
    with tf.Session() as sess:
        sess.run(w.initializer)
        plan = sess.as_text(y)
        assert "segment 0 (device)" in plan
        assert "reads: w" in plan
        assert "y = MatMul(x:0, w/read:0)" in plan
        assert "func.func public @main" in sess.as_text(y, {x: np.ones((1, 3))}, "stablehlo")
        assert "ENTRY" in sess.as_text(y, {x: np.ones((1, 3))}, "hlo")


def test_only_what_is_asked_for_runs() -> None:
    x = tf.placeholder(tf.float32, [])
    good = tf.constant(2.0) + 1.0
    tf.check_numerics(x / 0.0, "never run")
    with tf.Session() as sess:
        assert sess.run(good) == 3.0
        assert "CheckNumerics" not in sess.as_text(good)


def test_an_interrupted_run_keeps_the_variables() -> None:
    """Ctrl-C may come at any moment of a step, whose program has taken the variables' buffers."""
    x = tf.placeholder(tf.float32, [32, 32])
    v = tf.Variable(tf.zeros([32, 32]))
    step = v.assign_add(tf.matmul(x, x))
    checked = tf.check_numerics(step, "v")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with tf.Session() as sess:
            sess.run(v.initializer)
            for number, fetch in enumerate([step.op, checked.op] * 20):
                sess.run(fetch, {x: np.eye(32)})
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0003 + 0.00007 * number)
                    for _ in range(1000):
                        sess.run(fetch, {x: np.eye(32)})
                except KeyboardInterrupt:
                    pass
                signal.setitimer(signal.ITIMER_REAL, 0)
                value = sess.run(v)
                assert value[0, 0] > number
                assert np.array_equal(value, np.eye(32) * value[0, 0])
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_array_may_change_after_it_became_a_constant(executor: str) -> None:
    array = np.ones(2, np.float32)
    x = tf.constant([1.0, 2.0])
    v = tf.Variable(array)
    fetches = [x + array, v, tf.stack([x, array])[1], tf.convert_to_tensor(array)]
    array[:] = 100.0
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        found = sess.run(fetches)
    assert [f.tolist() for f in found] == [[2.0, 3.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]


def test_arrays_of_the_other_byte_order(executor: str) -> None:
    x = tf.placeholder(tf.int32, [2])
    labels = np.array([1, 2], ">i4")
    with tf.Session(executor=executor) as sess:
        assert sess.run([x + 1, tf.constant(labels) * 2], {x: labels})[1].tolist() == [2, 4]
        assert sess.run(x + 1, {x: labels}).tolist() == [2, 3]


def test_the_largest_integers_can_be_fed() -> None:
    x = tf.placeholder(tf.uint64)
    with tf.Session() as sess:
        assert sess.run(x, {x: 2**63 + 1}) == 2**63 + 1
        assert sess.run(x, {x: [1, 2**64 - 1]}).tolist() == [1, 2**64 - 1]


def test_a_variable_is_fed_itself(executor: str) -> None:
    v = tf.Variable(1.0)
    fetches = [v, v.value(), tf.identity(v), v.read_value(), v * 2, tf.as_string(v)]
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        assert sess.run(fetches, {v: 5.0}) == [5.0, 5.0, 5.0, 5.0, 10.0, b"5.000000"]
        assert sess.run(v) == 1.0


def test_fetches_made_anew_are_not_taken_for_others() -> None:
    values, rows = [tf.constant([float(i)]) for i in range(20)], tf.constant([0])
    fetches: list[Any] = []
    with tf.Session() as sess:
        for i in range(20):
            fetches.append(tf.IndexedSlices(values[i], rows))
            assert sess.run(fetches)[0].values == [float(i)]
            fetches.clear()


def test_ordered_dicts_stay_ordered_dicts() -> None:
    with tf.Session() as sess:
        found = sess.run(OrderedDict(b=tf.constant(1.0), a=tf.constant(2.0)))
    assert found == OrderedDict(b=1.0, a=2.0)
    assert isinstance(found, OrderedDict)


def test_feeds_that_are_no_dict() -> None:
    x = tf.placeholder(tf.float32)
    with tf.Session() as sess, pytest.raises(TypeError, match="feed_dict must be a dictionary"):
        sess.run(x, [x, 1.0])


def test_a_session_closed_while_it_runs() -> None:
    v = tf.Variable(0.0)
    with tf.Session() as sess:
        sess.run(v.initializer)
        closing = tf.py_func(lambda value: (sess.close(), value)[1], [v], tf.float32)
        with tf.control_dependencies([closing]):
            after = v.read_value() * 2.0
        with pytest.raises(tf.errors.CancelledError, match="The session was closed while it ran"):
            sess.run(after)


@pytest.mark.parametrize("update", [tf.assign, tf.assign_add, tf.assign_sub])
def test_a_variable_keeps_its_shape(executor: str, update: Any) -> None:
    x = tf.placeholder(tf.float32)
    v = tf.Variable([1.0, 2.0])
    changed = update(v, x)
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        for wrong in ([1.0, 1.0, 1.0], 1.0):
            with pytest.raises(
                tf.errors.InvalidArgumentError, match=r"variable has shape \(2,\), the value has shape"
            ):
                sess.run(changed, {x: wrong})
        assert sess.run(v).tolist() == [1.0, 2.0]


def test_a_variable_may_be_made_to_change_its_shape(executor: str) -> None:
    x = tf.placeholder(tf.float32)
    v = tf.Variable([1.0, 2.0], validate_shape=False)
    changed = tf.assign(v, x, validate_shape=False)
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        assert sess.run(changed, {x: [[3.0]]}).tolist() == [[3.0]]
        assert sess.run(v * 2).tolist() == [[6.0]]


def test_a_failed_check_speaks_of_the_shapes_of_its_run(executor: str) -> None:
    table, rows = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [None])
    taken = tf.gather(table, rows)
    with tf.Session(executor=executor) as sess:
        for size in (2, 3, 2):
            with pytest.raises(tf.errors.InvalidArgumentError, match=rf"not in \[0, {size}\)"):
                sess.run(taken, {table: np.ones(size), rows: [5]})


def test_a_batch_may_be_a_list_of_arrays(executor: str) -> None:
    x = tf.placeholder(tf.float32, [None, 2])
    with tf.Session(executor=executor) as sess:
        assert sess.run(x, {x: [np.array([1.0, 2.0]), np.array([3.0, 4.0])]}).tolist() == [
            [1.0, 2.0],
            [3.0, 4.0],
        ]
        assert sess.run(x, {x: [np.array([1, 2]), [3.0, 4.0]]}).tolist() == [[1.0, 2.0], [3.0, 4.0]]
        with pytest.raises(ValueError, match="rows must have equal lengths"):
            sess.run(x, {x: [np.ones(2), np.ones(3)]})


def test_the_order_of_a_feed_dict_does_not_matter() -> None:
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    quotient = x / y
    with tf.Session() as sess:
        assert sess.run(quotient, {x: 6.0, y: 2.0}) == 3.0
        assert sess.run(quotient, {y: 3.0, x: 6.0}) == 2.0
        assert sess.make_callable(quotient, [y, x])(2.0, 8.0) == 4.0
        assert len(sess._cache) == 1
        with pytest.raises(ValueError, match="twice"):
            sess.make_callable(quotient, [x, x])


def test_a_session_may_stay_off_the_gpu() -> None:
    v = tf.Variable(1.0)
    with tf.Session(config=tf.ConfigProto(device_count={"GPU": 0})) as sess:
        sess.run(v.initializer)
        assert sess.run(v.assign_add(1.0)) == 2.0
        assert next(iter(sess.state.values())).device.platform == "cpu"
