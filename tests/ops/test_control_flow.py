"""Branches and loops beyond their values: effects, variables, compilations, names, errors, TensorFlow's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.ops.cases_control import CASES
from tests.ops.harness import listed

import gradiente as tf

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "control_flow.npz")


@pytest.fixture(params=["xla", "python"])
def executor(request: pytest.FixtureRequest) -> str:
    return request.param


def started(executor: str) -> Any:
    session = tf.Session(executor=executor)
    session.run(tf.global_variables_initializer())
    return session


@pytest.mark.parametrize("case", [c for c in CASES if c.oracle], ids=lambda c: c.label)
def test_values_and_gradients_are_tensorflows(case: Any) -> None:
    arrays = case.arrays("float64")
    inputs = [tf.placeholder(a.dtype, a.shape) for a in arrays]
    outputs = [tf.convert_to_tensor(y) for y in listed(case.build(tf, *inputs))]
    total = tf.add_n([tf.reduce_sum(tf.sin(y)) for y in outputs if y.dtype == tf.float64])
    gradients = tf.gradients(total, [x for x in inputs if x.dtype == tf.float64])
    fetches = [*outputs, *(tf.convert_to_tensor(g) for g in gradients if g is not None)]
    with tf.Session() as sess:
        for i, value in enumerate(sess.run(fetches, dict(zip(inputs, arrays, strict=True)))):
            np.testing.assert_allclose(value, GOLDEN[f"{case.label}/{i}"], rtol=1e-10, atol=1e-13)


class TestEffects:
    def test_only_the_taken_branch_assigns(self, executor: str) -> None:
        v = tf.Variable(1.0)
        p = tf.placeholder(tf.bool, [])
        y = tf.cond(p, lambda: v.assign_add(1.0), lambda: v.assign_sub(5.0))
        assert y.op.type == "If"
        with started(executor) as sess:
            assert [(sess.run(y, {p: b}), sess.run(v)) for b in (True, False, True)] == [
                (2, 2),
                (-3, -3),
                (-2, -2),
            ]

    def test_what_the_results_do_not_need_does_not_run(self, executor: str) -> None:
        v = tf.Variable(1.0)
        p = tf.placeholder(tf.bool, [])

        def branch() -> Any:
            v.assign_add(100.0)
            return tf.constant(2.0)

        y = tf.cond(p, branch, lambda: tf.constant(3.0))
        with started(executor) as sess:
            assert (sess.run(y, {p: True}), sess.run(v)) == (2, 1)

    def test_what_is_made_outside_runs_in_any_case(self, executor: str) -> None:
        v = tf.Variable(1.0)
        p = tf.placeholder(tf.bool, [])
        outside = v.assign_add(1.0)
        y = tf.cond(p, lambda: tf.identity(outside), lambda: tf.constant(0.0))
        with started(executor) as sess:
            sess.run(y, {p: False})
            assert sess.run(v) == 2

    def test_operations_as_results(self, executor: str) -> None:
        v = tf.Variable(1.0)
        p = tf.placeholder(tf.bool, [])
        y = tf.cond(p, lambda: tf.group(v.assign(10.0)), tf.no_op)
        with started(executor) as sess:
            assert (sess.run(y, {p: False}), sess.run(v)) == (False, 1)
            assert (sess.run(y, {p: True}), sess.run(v)) == (True, 10)

    def test_a_control_input_from_outside_runs_first(self, executor: str) -> None:
        v = tf.Variable(1.0)
        p = tf.placeholder(tf.bool, [])
        bump = v.assign_add(1.0)

        def branch() -> Any:
            with tf.control_dependencies([bump]):
                return v.read_value()

        y = tf.cond(p, branch, lambda: tf.constant(0.0))
        with started(executor) as sess:
            assert sess.run(y, {p: True}) == 2

    def test_a_loop_sees_the_variable_that_it_assigns(self, executor: str) -> None:
        v = tf.Variable(1.0)

        def turn(i: Any, total: Any) -> Any:
            with tf.control_dependencies([v.assign_add(1.0)]):
                return i + 1, total + v.read_value()

        y = tf.while_loop(lambda i, total: i < 3, turn, [0, 0.0])
        assert y[0].op.type == "While"
        with started(executor) as sess:
            assert (sess.run(y), sess.run(v)) == ((3, 9), 4)
            assert (sess.run(y), sess.run(v)) == ((3, 18), 7)

    def test_case_on_a_variable(self, executor: str) -> None:
        which, v = tf.Variable(1), tf.Variable(0)
        y = tf.switch_case(which, [lambda: v.assign_add(1), lambda: v.assign_add(10)])
        assert y.op.type == "Case"
        with started(executor) as sess:
            assert (sess.run(y), sess.run(v)) == (10, 10)

    def test_loop_variables_begin_with_the_variables_value(self, executor: str) -> None:
        v = tf.Variable(4)
        y = tf.while_loop(lambda x: x < 10, lambda x: x + 3, [v])
        with started(executor) as sess:
            assert (sess.run(y), sess.run(v)) == (10, 4)

    def test_python_functions_and_prints_run_once_a_turn(
        self, executor: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        seen: list[float] = []

        def double(x: Any) -> Any:
            seen.append(float(x))
            return x * np.float32(2)

        x = tf.placeholder(tf.float32, [])

        def turn(x: Any) -> Any:
            y = tf.py_func(double, [x], tf.float32)
            y.set_shape([])
            return y

        y = tf.while_loop(lambda x: x < 20.0, turn, [x])
        z = tf.while_loop(lambda x: x < 20.0, lambda x: tf.Print(x * 2.0, [x], "x="), [x])
        (slope,) = tf.gradients(z, x)
        with started(executor) as sess:
            assert sess.run(y, {x: 3.0}) == 24
            assert seen == [3, 6, 12]
            assert sess.run([z, slope], {x: 3.0}) == [24, 8]
        assert capfd.readouterr().err.count("x=") == 3

    def test_an_assertion_inside_stops_the_run(self, executor: str) -> None:
        x = tf.placeholder(tf.float32, [])

        def turn(x: Any) -> Any:
            with tf.control_dependencies([tf.assert_less(x, 10.0)]):
                return x * 2.0

        y = tf.while_loop(lambda x: x < 20.0, turn, [x])
        with (
            started(executor) as sess,
            pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed"),
        ):
            sess.run(y, {x: 3.0})

    def test_a_check_inside_stops_the_run(self, executor: str) -> None:
        x = tf.constant([1.0, 2.0, 3.0])
        n = tf.placeholder(tf.int32, [])
        y = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + tf.gather(x, i)), [0, 0.0])[1]
        with started(executor) as sess:
            assert sess.run(y, {n: 3}) == 6
            with pytest.raises(tf.errors.InvalidArgumentError, match="not in"):
                sess.run(y, {n: 4})


class TestVariables:
    def test_variables_made_inside_join_the_program(self, executor: str) -> None:
        p = tf.placeholder(tf.bool, [])

        def branch() -> Any:
            a = tf.Variable(3.0, name="a")
            return a * tf.get_variable("b", [], initializer=tf.constant_initializer(2.0))

        y = tf.cond(p, branch, lambda: tf.constant(0.0))
        slopes = tf.gradients(y, tf.trainable_variables())
        assert [v.name for v in tf.global_variables()] == ["cond/a:0", "b:0"]
        with started(executor) as sess:
            assert sess.run([y, *slopes], {p: True}) == [6, 2, 3]
            assert sess.run([y, *slopes], {p: False}) == [0, 0, 0]

    def test_initialized_value(self, executor: str) -> None:
        v = tf.Variable(1.5)
        value = v.initialized_value()
        with tf.Session(executor=executor) as sess:
            assert sess.run(value) == 1.5
            sess.run(v.initializer)
            v.load(2.5, sess)
            assert sess.run(value) == 2.5

    def test_training_through_a_loop(self, executor: str) -> None:
        w = tf.Variable(np.array([[0.5, 0.1], [0.2, 0.3]]))
        x, n = tf.placeholder(tf.float64, [None, 2]), tf.placeholder(tf.int32, [])
        h = tf.while_loop(lambda i, h: i < n, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, w))), [0, x])[1]
        (slope,) = tf.gradients(tf.reduce_sum(h), w)
        step = w.assign_sub(0.1 * slope)
        with started(executor) as sess:
            before = sess.run(w)
            got = sess.run(slope, {x: [[1.0, 2.0]], n: 3})
            expected = np.zeros((2, 2))
            for i in range(2):
                for j in range(2):
                    for sign in (1, -1):
                        moved = before.copy()
                        moved[i, j] += sign * 1e-6
                        value = np.array([[1.0, 2.0]])
                        for _ in range(3):
                            value = np.tanh(value @ moved)
                        expected[i, j] += sign * value.sum() / 2e-6
            np.testing.assert_allclose(got, expected, rtol=1e-7)
            sess.run(step, {x: [[1.0, 2.0]], n: 3})
            np.testing.assert_allclose(sess.run(w), before - 0.1 * expected, rtol=1e-8)


class TestRandom:
    """Inside bodies: "_RunCounter" counts the runs for "_CountedRandomUniform" and its like."""

    def test_the_gradient_sees_the_mask_of_the_forward_pass(self, executor: str) -> None:
        x = tf.placeholder(tf.float64, [8])
        p = tf.placeholder(tf.bool, [])
        y = tf.cond(p, lambda: tf.nn.dropout(x, 0.5), lambda: x)
        z = tf.while_loop(
            lambda i, s: i < 3, lambda i, s: (i + 1, s * tf.random_uniform([8], dtype=tf.float64)), [0, x]
        )[1]
        slopes = tf.gradients(y, x) + tf.gradients(z, x)
        with started(executor) as sess:
            runs = []
            for _ in range(3):
                dropped, looped, mask, factor = sess.run([y, z, *slopes], {x: np.arange(1.0, 9.0), p: True})
                np.testing.assert_allclose(dropped, mask * np.arange(1.0, 9.0))
                np.testing.assert_allclose(looped, factor * np.arange(1.0, 9.0), rtol=1e-12)
                runs.append((mask, factor))
            assert not np.array_equal(runs[0][1], runs[1][1])
            assert any(not np.array_equal(runs[0][0], other[0]) for other in runs[1:])

    def test_turns_draw_different_numbers_and_seeds_repeat_them(self) -> None:
        tf.set_random_seed(3)
        array = tf.TensorArray(tf.float32, size=3)
        array = tf.while_loop(
            lambda i, a: i < 3, lambda i, a: (i + 1, a.write(i, tf.random_uniform([2]))), (0, array)
        )[1]
        drawn = array.stack()
        runs = []
        for executor in ("xla", "python"):
            with tf.Session(executor=executor) as sess:
                runs.append(np.stack([sess.run(drawn), sess.run(drawn)]))
        np.testing.assert_array_equal(runs[0], runs[1])
        assert len(np.unique(runs[0])) == 12

    def test_branches_draw_different_numbers(self) -> None:
        tf.set_random_seed(3)
        p = tf.placeholder(tf.bool, [])
        drawn = [
            tf.cond(p, lambda: tf.random_normal([2]), lambda: tf.truncated_normal([2])) for _ in range(3)
        ]
        integers = tf.cond(p, lambda: tf.random_uniform([2], 0, 100, tf.int32), lambda: tf.constant([1, 2]))
        with tf.Session() as sess:
            values, whole = sess.run([drawn, integers], {p: True})
            assert len(np.unique(values)) == 6
            assert ((whole >= 0) & (whole < 100)).all()


COUNTED = (
    "_CountedRandomUniform",
    "_CountedRandomStandardNormal",
    "_CountedTruncatedNormal",
    "_CountedRandomUniformInt",
)
"""Made from the random ops for use inside bodies, see TestRandom."""


class TestCompilation:
    @staticmethod
    def compilations(sess: Any, fetches: Any, feeds: Any) -> list[int]:
        runner = sess._runner(fetches, dict.fromkeys(feeds))[1]
        return [runner.executable(s).compilations for s in runner.plan.segments]

    def test_a_counted_loop_and_its_gradient_are_one_program(self) -> None:
        x = tf.placeholder(tf.float32, [None, 2])
        y = tf.while_loop(
            lambda i, s: i < tf.shape(x)[0], lambda i, s: (i + 1, s * 0.5 + x[i] * s), [0, x[0]]
        )[1]
        fetches = [y, *tf.gradients(y, x)]
        with tf.Session() as sess:
            for _ in range(3):
                sess.run(fetches, {x: np.ones((3, 2))})
            assert self.compilations(sess, fetches, [x]) == [1]

    def test_loops_of_many_lengths_share_few_programs(self) -> None:
        x, n = tf.placeholder(tf.float64, []), tf.placeholder(tf.int32, [])
        y = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s * x), [0, x])[1]
        (slope,) = tf.gradients(y, x)
        with tf.Session() as sess:
            for turns in range(1, 17):
                assert sess.run(slope, {x: 1.0, n: turns}) == turns + 1
            assert sum(self.compilations(sess, slope, [x, n])) <= 6

    def test_a_condition_that_is_known_leaves_one_branch(self) -> None:
        x = tf.placeholder(tf.float32, [None])
        y = tf.cond(tf.shape(x)[0] > 2, lambda: x[:2], lambda: tf.concat([x, x], 0))
        with tf.Session() as sess:
            assert sess.run(y, {x: [1, 2, 3]}).tolist() == [1, 2]
            assert sess.run(y, {x: [1]}).tolist() == [1, 1]
            assert self.compilations(sess, y, [x]) == [2]

    def test_a_loop_that_outgrows_its_shapes_is_run_in_python(self, executor: str) -> None:
        x, n = tf.placeholder(tf.float64, [None]), tf.placeholder(tf.int32, [])
        y = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, tf.concat([s, s * s], 0)), [0, x])[1]
        (slope,) = tf.gradients(tf.reduce_sum(y), x)
        with started(executor) as sess:
            for _ in range(2):
                value, gradient = sess.run([y, slope], {x: [3.0], n: 2})
                assert value.tolist() == [3, 9, 9, 81]
                assert gradient.tolist() == [1 + 6 + 6 + 4 * 27]
            assert sess.run(y, {x: [3.0], n: 0}).tolist() == [3]


class TestStructure:
    def test_names(self) -> None:
        x = tf.placeholder(tf.float32, [], name="x")
        y = tf.cond(x > 0.0, lambda: tf.add(x, 1.0, name="more"), lambda: x)
        z = tf.while_loop(lambda i, s: i < 2, lambda i, s: (i + 1, s * x), [0, x])
        assert (y.name, z[0].name, z[1].name) == ("cond/Merge:0", "while/Exit:0", "while/Exit:1")
        body = y.op.attrs["then_branch"]
        assert "cond/more" in [op.name for op in body.get_operations()]
        again = tf.cond(x > 0.0, lambda: x, lambda: -x)
        assert again.op.attrs["then_branch"].name != body.name

    def test_a_single_result_is_unpacked_unless_strict(self) -> None:
        p = tf.placeholder(tf.bool, [])
        x = tf.constant(1.0)
        assert isinstance(tf.cond(p, lambda: [x], lambda: [x]), tf.Tensor)
        assert isinstance(tf.cond(p, lambda: [x], lambda: [x], strict=True), list)
        loop = (lambda i: i < 3, lambda i: [i + 1], [0])
        assert isinstance(tf.while_loop(*loop), tf.Tensor)
        assert isinstance(tf.while_loop(*loop, return_same_structure=True), list)

    def test_none_and_numbers_as_results(self) -> None:
        p = tf.placeholder(tf.bool, [])
        result = tf.cond(p, lambda: (1, None, {"a": 2.5}), lambda: (3, None, {"a": 0.5}))
        assert result[1] is None
        with tf.Session() as sess:
            assert sess.run([result[0], result[2]["a"]], {p: False}) == [3, 0.5]

    def test_shapes_are_merged(self) -> None:
        p, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [4, 2])
        assert tf.cond(p, lambda: x[:3], lambda: x[:1]).shape.as_list() == [None, 2]
        assert tf.cond(p, lambda: x[0], lambda: x).shape.ndims is None

    def test_older_argument_names(self) -> None:
        p = tf.placeholder(tf.bool, [])
        y = tf.cond(p, fn1=lambda: tf.constant(1), fn2=lambda: tf.constant(2))
        with tf.Session() as sess:
            assert sess.run(y, {p: False}) == 2

    def test_case_takes_the_first_that_is_true(self) -> None:
        x = tf.placeholder(tf.float32, [])
        y = tf.case(
            {x > 2.0: lambda: tf.constant(1), x < -2.0: lambda: tf.constant(2)},
            default=lambda: tf.constant(3),
        )
        ordered = tf.case([(x > 1.0, lambda: tf.constant(1)), (x > 0.0, lambda: tf.constant(2))])
        with tf.Session() as sess:
            assert [sess.run(y, {x: v}) for v in (3, -3, 0)] == [1, 2, 3]
            assert [sess.run(ordered, {x: v}) for v in (2, 0.5)] == [1, 2]
            with pytest.raises(tf.errors.InvalidArgumentError, match="none of the conditions"):
                sess.run(ordered, {x: -1})

    def test_case_exclusive(self, executor: str) -> None:
        x = tf.placeholder(tf.float32, [])
        pairs = [(x > 1.0, lambda: tf.constant(1)), (x > 0.0, lambda: tf.constant(2))]
        y = tf.case(pairs, default=lambda: tf.constant(3), exclusive=True)
        with tf.Session(executor=executor) as sess:
            assert sess.run(y, {x: 0.5}) == 2
            with pytest.raises(tf.errors.InvalidArgumentError, match="more than one condition"):
                sess.run(y, {x: 2})

    def test_no_backpropagation(self) -> None:
        x = tf.placeholder(tf.float32, [])
        y = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * x), [0, x], back_prop=False)[1]
        assert tf.gradients(y, x) == [None]

    def test_strings_and_indexed_slices_through_branches(self) -> None:
        p, x = tf.placeholder(tf.bool, []), tf.ones([3, 2])
        text = tf.cond(p, lambda: tf.constant("a"), lambda: tf.constant("b"))
        rows = tf.cond(p, lambda: tf.IndexedSlices(x[:1], [2]), lambda: tf.IndexedSlices(x[:1] * 2.0, [1]))
        with tf.Session() as sess:
            assert sess.run([text, rows.indices], {p: False}) == [b"b", [1]]

    def test_a_graph_goes_out_and_in_again(self) -> None:
        x, p = tf.placeholder(tf.float32, [2], name="x"), tf.placeholder(tf.bool, [], name="p")
        y = tf.cond(p, lambda: x * 2.0, lambda: x + 1.0)
        tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * x), [0, y])
        tf.identity(tf.get_default_graph().get_tensor_by_name("while/Exit:1"), name="z")
        proto = tf.get_default_graph().as_graph_def()
        with tf.Graph().as_default() as graph:
            (z,) = tf.import_graph_def(proto, return_elements=["z:0"], name="")
            (slope,) = tf.gradients(z, graph.get_tensor_by_name("x:0"))
            with tf.Session() as sess:
                value, gradient = sess.run([z, slope], {"x:0": [1.0, 2.0], "p:0": True})
                assert (value.tolist(), gradient.tolist()) == ([2, 32], [8, 64])


def _while(cond: Any, body: Any, start: Any, **options: Any) -> Any:
    return lambda: tf.while_loop(cond, body, start, **options)


def _faults() -> Iterator[tuple[str, Any, type[Exception], str]]:
    p = lambda: tf.placeholder(tf.bool, [])  # noqa: E731 - one line each
    x = lambda: tf.constant([1.0, 2.0])  # noqa: E731
    yield "bool", lambda: tf.cond(True, x, x), TypeError, "must not be a Python bool"
    yield "type", lambda: tf.cond(tf.constant(1.0), x, x), TypeError, "must be a bool tensor"
    yield "rank", lambda: tf.cond(tf.placeholder(tf.bool, [2]), x, x), ValueError, r"rank 0.*\(2,\)"
    yield "missing", lambda: tf.cond(p(), x), TypeError, "'false_fn' argument required"
    yield "both", lambda: tf.cond(p(), x, x, fn1=x), TypeError, "may not be set simultaneously"
    yield "tensor", lambda: tf.cond(p(), x(), x), TypeError, "'true_fn' must be callable.*lambda: x"
    yield "nothing", lambda: tf.cond(p(), lambda: None, x), ValueError, "'true_fn' must have a return value"
    yield (
        "number",
        lambda: tf.cond(p(), lambda: [x(), x()], lambda: [x()]),
        ValueError,
        "same nested structure",
    )
    yield (
        "kind",
        lambda: tf.cond(p(), lambda: [x(), x()], lambda: (x(), x())),
        TypeError,
        "same nested structure",
    )
    yield (
        "dtype",
        lambda: tf.cond(p(), x, lambda: tf.constant([1])),
        ValueError,
        "float32 from 'true_fn' and int32",
    )
    yield (
        "none",
        lambda: tf.cond(p(), lambda: [x(), None], lambda: [x(), x()]),
        ValueError,
        "'true_fn' returns None",
    )
    yield "empty case", lambda: tf.case([]), ValueError, "empty"
    yield "case pair", lambda: tf.case([x]), TypeError, "must be a pair"
    yield "case pred", lambda: tf.case([(True, x)]), TypeError, "must be a bool tensor"
    yield "switch", lambda: tf.switch_case(1, {0: x, 2: x}), ValueError, "numbered 0 to 1"
    yield "callable", _while(1, lambda i: i, [0]), TypeError, "'cond' must be callable"
    yield "no variables", _while(lambda: True, lambda: None, []), ValueError, "No loop variables"
    yield (
        "parallel",
        _while(lambda i: i < 1, lambda i: i, [0], parallel_iterations=0),
        TypeError,
        "positive integer",
    )
    yield "no bool", _while(lambda i: i, lambda i: i, [0]), TypeError, "must return a bool tensor.*int32"
    yield (
        "no scalar",
        _while(lambda i: i < [1.0, 2.0], lambda i: i, [x()]),
        ValueError,
        r"one bool \(rank 0\)",
    )
    yield (
        "changed type",
        _while(lambda i: i < 1, lambda i: tf.cast(i, tf.float32), [0]),
        TypeError,
        "enters the loop as int32",
    )
    yield (
        "changed shape",
        _while(lambda i, s: i < 1, lambda i, s: (i + 1, tf.concat([s, s], 0)), [0, x()]),
        ValueError,
        r"enters the loop with shape \(2,\), but has shape \(4,\).*shape_invariants",
    )
    yield (
        "count",
        _while(lambda i, s: i < 1, lambda i, s: i + 1, [0, x()]),
        ValueError,
        "must return what it takes",
    )
    yield (
        "invariant",
        _while(lambda s: True, lambda s: s, [x()], shape_invariants=[tf.TensorShape([3])]),
        ValueError,
        r"enters the loop with shape \(2,\), but the specified shape invariant is \(3,\)",
    )
    yield (
        "scalar rows",
        lambda: tf.map_fn(lambda r: r, tf.constant(1.0)),
        ValueError,
        "at least one dimension",
    )
    yield "map structure", lambda: tf.map_fn(lambda r: (r, r), x()), ValueError, "dtype="
    yield "map callable", lambda: tf.map_fn(1, x()), TypeError, "callable"
    yield "no size", lambda: tf.TensorArray(tf.float32), ValueError, "size"
    yield (
        "element shape",
        lambda: tf.TensorArray(tf.float32, 2).write(0, [1.0]).write(1, [1.0, 2.0]),
        ValueError,
        r"Inconsistent shapes: saw \(2,\) but expected \(1,\)",
    )
    yield (
        "split",
        lambda: tf.TensorArray(tf.float32, 2).split([1.0, 2.0, 3.0], [1, 2]),
        ValueError,
        "all equal",
    )


FAULTS = list(_faults())


@pytest.mark.parametrize(("build", "error", "text"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_faults_are_explained(build: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"(?s){text}"):
        build()


def test_a_tensor_from_inside_is_of_no_use_outside() -> None:
    p, inside = tf.placeholder(tf.bool, []), []

    def branch() -> Any:
        inside.append(tf.constant(1.0) * 2.0)
        return inside[0]

    tf.cond(p, branch, lambda: tf.constant(0.0))
    with pytest.raises(ValueError, match="graph"):
        tf.add(inside[0], tf.placeholder(tf.float32, []))


def test_a_gradient_that_needs_an_overwritten_value_says_so() -> None:
    v, p, x = tf.Variable(2.0), tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [])

    def branch() -> Any:
        y = v * x
        with tf.control_dependencies([y]), tf.control_dependencies([v.assign_add(1.0)]):
            return tf.identity(y)

    y = tf.cond(p, branch, lambda: x)
    with pytest.raises(LookupError, match="assigned to it in the same body"):
        tf.gradients(y, x)


def test_an_array_written_outside_its_size(executor: str) -> None:
    i = tf.placeholder(tf.int32, [])
    y = tf.TensorArray(tf.float32, 2).write(i, 1.0).stack()
    with tf.Session(executor=executor) as sess:
        assert sess.run(y, {i: 1}).tolist() == [0, 1]
        with pytest.raises(tf.errors.InvalidArgumentError, match="size is 2"):
            sess.run(y, {i: 2})


def test_an_array_chosen_by_a_branch(executor: str) -> None:
    p = tf.placeholder(tf.bool, [])
    array = tf.TensorArray(tf.float32, 2).unstack([1.0, 2.0])
    y = tf.cond(p, lambda: array.write(0, 5.0), lambda: array).stack()
    with tf.Session(executor=executor) as sess:
        assert [sess.run(y, {p: b}).tolist() for b in (True, False)] == [[5, 2], [1, 2]]


class TestGradientsInside:
    """Gradients taken inside a body, with respect to what lies outside."""

    def test_of_what_was_computed_outside(self, executor: str) -> None:
        w = tf.Variable(3.0)
        p = tf.placeholder(tf.bool, [])
        h = w * w
        y = tf.cond(p, lambda: tf.gradients(h * 2.0, w)[0], lambda: tf.constant(0.0))
        with started(executor) as sess:
            assert (sess.run(y, {p: True}), sess.run(y, {p: False})) == (12, 0)

    def test_a_whole_training_run_in_one_loop(self, executor: str) -> None:
        w = tf.Variable(3.0)
        optimizer = tf.train.GradientDescentOptimizer(0.1)

        def turn(i: Any) -> Any:
            with tf.control_dependencies([optimizer.minimize(w * w)]):
                return i + 1

        steps = tf.while_loop(lambda i: i < 5, turn, [0])
        with started(executor) as sess:
            assert sess.run(steps) == 5
            np.testing.assert_allclose(sess.run(w), 3 * 0.8**5, rtol=1e-6)
