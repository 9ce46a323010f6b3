"""Rows for branches, loops, TensorArrays and the higher-order functions."""

from __future__ import annotations

import numpy as np
from tests.ops.harness import B, Case, F, I, P, U

_TRUE, _FALSE = np.array(True), np.array(False)


def _open(tf, x):
    """``x`` as a tensor of which only the rank is known."""
    return tf.placeholder_with_default(x, [None] * len(x.shape))


# --- branches -------------------------------------------------------------------------------------------------------


def _cond(tf, p, x, y):
    return tf.cond(p, lambda: x * y, lambda: tf.sin(x))


def _cond_structure(tf, p, x, y):
    picked = tf.cond(p, lambda: {"a": x * x, "b": (y, x + y)}, lambda: {"a": tf.exp(x), "b": (x * y, y)})
    return [picked["a"], *picked["b"]]


def _cond_nested(tf, p, q, x):
    return tf.cond(
        p, lambda: tf.cond(q, lambda: x * x, lambda: x**3) * x, lambda: tf.cond(q, lambda: 2.0 * x, lambda: x)
    )


def _cond_shapes(tf, p, x):
    return tf.cond(p, lambda: x[:1] * 2.0, lambda: x[1:] ** 2)


def _cond_gather(tf, p, x):
    return tf.cond(p, lambda: tf.gather(x, [2, 0, 2]), lambda: tf.gather(x, [1, 1, 0]) * 2.0)


def _cond_constant(tf, p, x):
    return tf.cond(p, lambda: x * 3.0, lambda: tf.zeros_like(x))


def _case(tf, x):
    total = tf.reduce_sum(x)
    return tf.case(
        [(total < -100.0, lambda: x), (total < 100.0, lambda: x * x * 3.0)],
        default=lambda: -x,
        exclusive=True,
    )


def _switch(tf, i, x):
    return tf.switch_case(i, [lambda: x, lambda: x * x, lambda: tf.sin(x)], default=lambda: x**3)


def _switched(i, x):
    return [x, x * x, np.sin(x)][i] if 0 <= i < 3 else x**3


# --- loops ----------------------------------------------------------------------------------------------------------


def _counted(tf, x, y):
    return tf.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s * x + y), [0, y])[1]


def _counted_reference(x, y):
    s = y
    for _ in range(4):
        s = s * x + y
    return s


def _until(tf, x):
    return tf.while_loop(lambda s: tf.reduce_sum(s) < 100.0, lambda s: s * 2.0 + s * s * 0.1, [x])


def _until_reference(x):
    while x.sum() < 100:
        x = x * 2 + x * x * 0.1
    return x


def _newton(tf, a):
    """The square root of each element, by Newton's iteration until it no longer moves much."""

    def step(y, before):
        return 0.5 * (y + a / y), y

    return tf.while_loop(lambda y, before: tf.reduce_max(tf.abs(y - before)) > 1e-3, step, (a, a + 1.0))[0]


def _newton_reference(a):
    y, before = a, a + 1
    while np.abs(y - before).max() > 1e-3:
        y, before = (0.5 * (y + a / y)).astype(a.dtype), y
    return y


def _power(tf, a, v):
    """Power iteration for a fixed number of turns, with a matrix from outside the loop."""

    def step(i, v):
        v = tf.matmul(a, v)
        return i + 1, v / tf.sqrt(tf.reduce_sum(v * v))

    v = tf.while_loop(lambda i, v: i < 5, step, (0, v))[1]
    return tf.matmul(tf.matmul(v, a, transpose_a=True), v)


def _power_reference(a, v):
    for _ in range(5):
        v = a @ v
        v = v / np.sqrt((v * v).sum())
    return v.T @ a @ v


def _rnn(tf, x, w, length):
    """A recurrent network over the first ``length`` steps of ``x``."""
    start = tf.zeros_like(x[0])
    return tf.while_loop(
        lambda t, h: t < length, lambda t, h: (t + 1, tf.tanh(tf.matmul(h, w) + x[t])), (0, start)
    )[1]


def _rnn_reference(x, w, length):
    h = np.zeros_like(x[0])
    for t in range(length):
        h = np.tanh(h @ w + x[t])
    return h


def _rows(tf, x):
    """Rows of a tensor from outside, chosen by the turn: the gradient of a gather adds up over the turns."""
    return tf.while_loop(
        lambda i, s: i < 6, lambda i, s: (i + 1, s + tf.gather(x, i % 3) * tf.cast(i, x.dtype)), [0, x[0]]
    )[1]


def _nested(tf, x):
    def outer(i, s):
        inner = tf.while_loop(lambda j, r: j < i + 1, lambda j, r: (j + 1, r * x), [0, s])[1]
        return i + 1, inner + x

    return tf.while_loop(lambda i, s: i < 3, outer, [0, x])[1]


def _nested_reference(x):
    s = x
    for i in range(3):
        for _ in range(i + 1):
            s = s * x
        s = s + x
    return s


def _nested_until(tf, x):
    """An inner loop whose turns depend on values that the outer one changes."""

    def outer(i, s):
        return i + 1, tf.while_loop(
            lambda r: tf.reduce_sum(r) < 10.0 * tf.cast(i + 1, x.dtype), lambda r: r * 1.5, [s]
        )

    return tf.while_loop(lambda i, s: i < 3, outer, [0, x])[1]


def _nested_until_reference(x):
    for i in range(3):
        while x.sum() < 10 * (i + 1):
            x = x * x.dtype.type(1.5)
    return x


def _cond_in_while(tf, x):
    def step(i, s):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: s * x, lambda: s + tf.sin(x))

    return tf.while_loop(lambda i, s: i < 5, step, [0, x])[1]


def _cond_in_while_reference(x):
    s = x
    for i in range(5):
        s = s * x if i % 2 == 0 else s + np.sin(x)
    return s


def _while_in_cond(tf, p, x):
    return tf.cond(
        p, lambda: tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * x), [0, x])[1], lambda: x + 1.0
    )


def _swapped(tf, x, y):
    return tf.while_loop(lambda i, a, b: i < 3, lambda i, a, b: (i + 1, b * 2.0, a), [0, x, y])[1:]


def _structure(tf, x, y):
    def step(i, state):
        return i + 1, {"a": state["a"] * state["b"][0], "b": [state["b"][0] + 1.0]}

    out = tf.while_loop(lambda i, state: i < 3, step, [tf.constant(0), {"a": x, "b": [y]}])[1]
    return [out["a"], out["b"][0]]


def _limited(tf, x):
    return tf.while_loop(lambda s: tf.reduce_sum(s * s) >= 0.0, lambda s: s * 2.0, [x], maximum_iterations=3)


def _unused(tf, x, y):
    """A variable that no turn changes, and one that the results don't use."""
    return tf.while_loop(lambda i, a, b, c: i < 3, lambda i, a, b, c: (i + 1, a * b, b, c + a), [0, x, y, x])[
        1
    ]


def _no_turn(tf, x):
    return tf.while_loop(lambda i, s: i < 0, lambda i, s: (i + 1, s * x), [0, x * 3.0])[1]


def _gradient_inside(tf, x):
    """Gradient descent on sum (y² - x)², with the gradient taken inside the loop's body."""

    def step(i, y):
        return i + 1, y - 0.05 * tf.gradients(tf.reduce_sum((y * y - x) ** 2), y)[0]

    return tf.while_loop(lambda i, y: i < 3, step, [0, x])[1]


def _gradient_inside_reference(x):
    y = x
    for _ in range(3):
        y = y - 0.05 * 4 * y * (y * y - x)
    return y


def _growing(tf, x):
    shapes = [tf.TensorShape([]), tf.TensorShape([None, 2])]
    return tf.while_loop(
        lambda i, s: i < 3, lambda i, s: (i + 1, tf.concat([s, s * x[0]], 0)), [0, x], shapes
    )[1]


def _growing_reference(x):
    s = x
    for _ in range(3):
        s = np.concatenate([s, s * x[0]])
    return s


def _shape_inside(tf, x):
    """Sizes that are known while compiling, inside a body and for the number of turns."""
    x = _open(tf, x)

    def step(i, s):
        return i + 1, tf.reshape(tf.reshape(s, [-1]), tf.shape(x)) * tf.reduce_mean(x) + tf.zeros(
            tf.shape(s), s.dtype
        )

    return tf.while_loop(lambda i, s: i < tf.shape(x)[0], step, [0, x])[1]


def _unstacked(tf, x):
    array = tf.TensorArray(x.dtype, size=3, clear_after_read=False).unstack(x)
    return array.read(0) * array.read(2) + array.gather([1, 1])[0]


def _array_loop(tf, x):
    """An array that a loop reads from and one that it writes to."""
    source = tf.TensorArray(x.dtype, size=3).unstack(x)
    target = tf.TensorArray(x.dtype, size=3)

    def step(i, s, target):
        s = s * 0.5 + source.read(i)
        return i + 1, s, target.write(2 - i, s * s)

    _, last, target = tf.while_loop(lambda i, s, t: i < 3, step, (0, x[0], target))
    return [last, target.stack()]


def _array_loop_reference(x):
    s, rows = x[0], [None] * 3
    for i in range(3):
        s = s * x.dtype.type(0.5) + x[i]
        rows[2 - i] = s * s
    return [s, np.stack(rows)]


def _array_pieces(tf, x):
    array = tf.TensorArray(x.dtype, size=2, clear_after_read=False).split(x, [2, 2])
    other = tf.TensorArray(x.dtype, size=4).scatter([3, 0, 1, 2], x * x)
    return [array.concat() * 2.0, array.read(1), other.stack(), tf.cast(array.size(), x.dtype) * x]


def _array_grown(tf, x):
    array = tf.TensorArray(x.dtype, size=0, dynamic_size=True, clear_after_read=False)
    return tf.while_loop(
        lambda i, a: i < 4, lambda i, a: (i + 1, a.write(i, x * tf.cast(i, x.dtype))), (0, array)
    )[1].stack()


def _scan(tf, x, y):
    return tf.scan(lambda s, row: s * y + row, x)


def _scan_reference(x, y):
    rows = [x[0]]
    for row in x[1:]:
        rows.append(rows[-1] * y + row)
    return np.stack(rows)


def _scan_reverse(tf, x):
    sums, products = tf.scan(
        lambda s, row: (s[0] + row, s[1] * row), x, (tf.zeros_like(x[0]), tf.ones_like(x[0])), reverse=True
    )
    return [sums, products]


def _scan_reverse_reference(x):
    return [np.cumsum(x[::-1], 0)[::-1], np.cumprod(x[::-1], 0)[::-1]]


def _mapped(tf, x, y):
    return tf.map_fn(
        lambda pair: (pair[0] * pair[1], tf.reduce_sum(pair[0])), (x, y), dtype=(x.dtype, x.dtype)
    )


_LOOP = ("StatelessWhile", "_WhileHistory", "_Capacity", "_Row")
_ARRAY = ("_TensorArrayNew", "_TensorArrayWrite", "_TensorArrayRead", "_TensorArrayStack", "_TensorArrayPart")

CASES: list[Case] = [
    Case("StatelessIf", _cond, [_TRUE, F(3), F(3)], lambda p, x, y: x * y, "taken"),
    Case("StatelessIf", _cond, [_FALSE, F(3), F(3)], lambda p, x, y: np.sin(x), "other"),
    Case(
        "StatelessIf", _cond_structure, [B(), F(2), F(2)],
        lambda p, x, y: [x * x, y, x + y] if p else [np.exp(x), x * y, y], "structure",
    ),
    Case("StatelessIf", _cond_nested, [_TRUE, _FALSE, F(2)], lambda p, q, x: x**4, "nested"),
    Case("StatelessIf", _cond_shapes, [_TRUE, F(3)], lambda p, x: x[:1] * 2, "shapes-1"),
    Case("StatelessIf", _cond_shapes, [_FALSE, F(3)], lambda p, x: x[1:] ** 2, "shapes-2"),
    Case("StatelessIf", _cond_gather, [_TRUE, F(3, 2)], lambda p, x: x[[2, 0, 2]], "gather"),
    Case("StatelessIf", _cond_constant, [_FALSE, F(2)], lambda p, x: 0 * x, "constant"),
    Case("_CaseCheck", _case, [F(3)], lambda x: 3 * x * x),
    *(
        Case("StatelessCase", _switch, [np.array(i, np.int32), F(3)], _switched, str(i))
        for i in (0, 2, 3, -1)
    ),
    Case(_LOOP, _counted, [U(2, 2), F(2, 2)], _counted_reference, "counted"),
    Case(_LOOP, _until, [P(3)], _until_reference, "until"),
    Case(_LOOP, _newton, [P(3)], _newton_reference, "newton"),
    Case(_LOOP, _power, [F(3, 3), F(3, 1)], _power_reference, "power-iteration"),
    Case(_LOOP, _rnn, [F(5, 2, 3), F(3, 3), I(3, 4)], _rnn_reference, "rnn"),
    Case((*_LOOP, "_RowsAdd", "_ZeroSum"), _rows, [F(3, 2)], lambda x: x[0] + 3 * x[0] + 5 * x[1] + 7 * x[2], "rows"),
    Case(_LOOP, _nested, [U(2)], _nested_reference, "nested"),
    Case(_LOOP, _nested_until, [P(3)], _nested_until_reference, "nested-until"),
    Case(_LOOP, _cond_in_while, [F(2)], _cond_in_while_reference, "cond-inside"),
    Case(_LOOP, _while_in_cond, [_TRUE, F(2)], lambda p, x: x**4, "inside-cond"),
    Case(_LOOP, _swapped, [F(2), F(2)], lambda x, y: [4 * y, 2 * x], "swapped"),
    Case(_LOOP, _structure, [F(2), F(2)], lambda x, y: [x * y * (y + 1) * (y + 2), y + 3], "structure"),
    Case(_LOOP, _limited, [F(2)], lambda x: 8 * x, "maximum-iterations"),
    Case(_LOOP, _unused, [F(2), F(2)], lambda x, y: x * y**3, "unchanged"),
    Case(_LOOP, _no_turn, [F(2)], lambda x: 3 * x, "no-turn"),
    Case(
        _LOOP, _gradient_inside, [P(2)], _gradient_inside_reference, "gradient-inside", oracle=False,
        note="TensorFlow 1's loops have no second-order gradients.",
    ),
    Case(_LOOP, _growing, [F(1, 2)], _growing_reference, "growing"),
    Case(
        _LOOP, _shape_inside, [F(3, 2)], lambda x: x * np.mean(x) ** 3, "shape-inside",
    ),
    Case((*_ARRAY, "_TensorArrayUnstack"), _unstacked, [F(3, 2)], lambda x: x[0] * x[2] + x[1], "unstacked"),
    Case(_ARRAY, _array_loop, [F(3, 2)], _array_loop_reference, "loop"),
    Case(
        (*_ARRAY, "_TensorArrayScatter"), _array_pieces, [F(4, 2)],
        lambda x: [2 * x, x[2:], (x * x)[[1, 2, 3, 0]], 2 * x], "pieces",
    ),
    Case(
        ("_TensorArrayGrow", "_TensorArrayTrim"), _array_grown, [F(2)],
        lambda x: np.stack([0 * x, x, 2 * x, 3 * x]), "grown",
        second=False, note="There is no second derivative through an array of dynamic size.",
    ),
    Case(_ARRAY, lambda tf, x: tf.map_fn(lambda row: row * row, x), [F(3, 2)], lambda x: x * x, "map"),
    Case(_ARRAY, _mapped, [F(3, 2), F(3, 2)], lambda x, y: [x * y, x.sum(1)], "map-structure"),
    Case(_ARRAY, _scan, [F(4, 2), F(2)], _scan_reference, "scan"),
    Case(_ARRAY, _scan_reverse, [F(3, 2)], _scan_reverse_reference, "scan-reverse"),
    Case(
        _ARRAY, lambda tf, x: tf.foldl(lambda s, row: s * 0.5 + row, x), [F(3, 2)],
        lambda x: x[0] / 4 + x[1] / 2 + x[2], "foldl",
    ),
    Case(
        _ARRAY, lambda tf, x: tf.foldr(lambda s, row: s * row, x, x[0]), [F(3, 2)],
        lambda x: x[0] ** 2 * x[1] * x[2], "foldr",
    ),
]  # fmt: skip
