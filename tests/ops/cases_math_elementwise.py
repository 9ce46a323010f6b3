"""Rows for arithmetic, division, elementwise functions, comparisons, logic, bits, types and complex numbers."""

from __future__ import annotations

import numpy as np
from tests.ops.harness import B, C, Case, F, I, P, U
from tests.ops.raw import raw

_STEPS = np.array([-2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.4, 2.6])
_ODD = np.array([np.nan, np.inf, -np.inf, 0.0, 1.0])
_SIGNED = np.array([-7, -6, 5, 8, 0], np.int32)
_DIVISORS = np.array([2, -4, 3, -3, 5], np.int32)
_BITS = np.array([0b1100, 0b1010, -1, 7], np.int32)
_MORE_BITS = np.array([0b1010, 0b0110, 12, 2], np.int32)


def _open(tf, x):
    """``x`` as a tensor of unknown shape, so that gradients must find the shapes when they run."""
    return tf.placeholder_with_default(x, None)


def _scipy(name):
    """A special function of SciPy's, which TensorFlow's environment lacks."""

    def reference(*arrays):
        from scipy import special

        return getattr(special, name)(*arrays)

    return reference


def _two(op, function, reference, x, y, **options):
    return Case(op, function, [x, y], reference, **options)


def _clipped(x, low, high):
    return np.maximum(np.minimum(x, high), low)


def _unit(x):
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(x == 0, 0, x / np.abs(x))


_ARITHMETIC = [
    _two("AddV2", lambda tf, x, y: tf.add(x, y), np.add, F(2, 3), F(3)),
    _two("AddV2", lambda tf, x, y: x + y, np.add, F(2, 1), F(4), name="operator"),
    _two("AddV2", lambda tf, x, y: x + y, np.add, C(2, 3), C(3), name="complex", grad=False),
    _two("AddV2", lambda tf, x, y: _open(tf, x) + _open(tf, y), np.add, F(2, 1), F(1, 4), name="unknown"),
    _two("Add", lambda tf, x, y: raw(tf, "Add", x=x, y=y), np.add, F(2, 3), F(1, 3)),
    _two("Sub", lambda tf, x, y: tf.subtract(x, y), np.subtract, F(2, 3), F(3)),
    _two("Sub", lambda tf, x, y: 1 - (x - y), lambda x, y: 1 - (x - y), F(3), F(2, 3), name="operator"),
    _two("Mul", lambda tf, x, y: tf.multiply(x, y), np.multiply, F(2, 3), F(2, 1)),
    _two("Mul", lambda tf, x, y: x * y, np.multiply, I(-9, 9, 4), I(-9, 9, 4), name="int"),
    _two("Mul", lambda tf, x, y: _open(tf, x) * _open(tf, y), np.multiply, F(3), F(2, 3), name="unknown"),
    Case("Mul", lambda tf, x: x * x, [np.array([200, 100], np.uint8)], lambda x: x * x, name="wraps"),
    Case("Neg", lambda tf, x: -x, [F(2, 3)], np.negative),
    Case("AddN", lambda tf, x, y, z: tf.add_n([x, y, z]), [F(2, 3)] * 3, lambda x, y, z: x + y + z),
    Case(
        "AccumulateNV2",
        lambda tf, x, y: raw(tf, "AccumulateNV2", inputs=[x, y], shape=[2, 3]),
        [F(2, 3)] * 2,
        np.add,
    ),
    _two(
        "SquaredDifference",
        lambda tf, x, y: tf.squared_difference(x, y),
        lambda x, y: (x - y) ** 2,
        F(2, 3),
        F(3),
    ),
    _two("Maximum", lambda tf, x, y: tf.maximum(x, y), np.maximum, F(2, 3), F(3)),
    _two("Minimum", lambda tf, x, y: tf.minimum(x, y), np.minimum, F(2, 3), F(2, 1)),
    _two(
        "Maximum",
        lambda tf, x, y: tf.maximum(x, y),
        np.maximum,
        I(0, 9, 5, dtype="int64"),
        I(0, 9, 5, dtype="int64"),
        name="int",
    ),
    Case("Abs", lambda tf, x: abs(x), [F(2, 3)], np.abs, second=False),
    Case("Abs", lambda tf, x: tf.abs(x), [I(-9, 9, 5)], np.abs, name="int"),
    Case("Mul", lambda tf, x: tf.scalar_mul(2.5, x), [F(3)], lambda x: x.dtype.type(2.5) * x, name="scalar"),
]
_DIVISION = [
    _two("RealDiv", lambda tf, x, y: tf.divide(x, y), np.divide, F(2, 3), P(3)),
    _two("RealDiv", lambda tf, x, y: tf.realdiv(x, y), np.divide, C(2, 3), C(3), name="complex", grad=False),
    Case("RealDiv", lambda tf, x: x / 4, [_SIGNED], lambda x: x / 4, name="int"),
    Case("RealDiv", lambda tf, x: 3 / x, [P(2, 3)], lambda x: 3 / x, name="reflected"),
    _two("FloorDiv", lambda tf, x, y: x // y, np.floor_divide, _SIGNED, _DIVISORS),
    _two("FloorDiv", lambda tf, x, y: tf.div(x, y), np.floor_divide, _SIGNED, _DIVISORS, name="div"),
    _two("FloorDiv", lambda tf, x, y: tf.floordiv(x, y), np.floor_divide, F(2, 3), P(3), name="float", grad=False),
    _two("FloorMod", lambda tf, x, y: x % y, np.mod, _SIGNED, _DIVISORS),
    _two("FloorMod", lambda tf, x, y: tf.floormod(x, y), np.mod, F(2, 3), P(3), name="float"),
    _two("TruncateDiv", lambda tf, x, y: tf.truncatediv(x, y), lambda x, y: np.trunc(x / y).astype(x.dtype), _SIGNED,
         _DIVISORS),
    _two("Div", lambda tf, x, y: raw(tf, "Div", x=x, y=y), np.divide, F(2, 3), P(3)),
    _two("Div", lambda tf, x, y: raw(tf, "Div", x=x, y=y), lambda x, y: np.trunc(x / y).astype(x.dtype), _SIGNED,
         _DIVISORS, name="int"),
    _two("TruncateMod", lambda tf, x, y: tf.truncatemod(x, y), np.fmod, _SIGNED, _DIVISORS),
    _two("TruncateMod", lambda tf, x, y: tf.truncatemod(x, y), np.fmod, F(2, 3), P(3), name="float", oracle=False,
         note="TensorFlow registers no gradient for it"),
    _two("Mod", lambda tf, x, y: raw(tf, "Mod", x=x, y=y), np.fmod, _SIGNED, _DIVISORS),
    _two("DivNoNan", lambda tf, x, y: tf.div_no_nan(x, y), lambda x,
         y: np.where(y == 0, 0, x / np.where(y == 0, 1, y)),
         F(3), np.array([2.0, 0.0, -3.0]), second=False, grad=False),
    _two("DivNoNan", lambda tf, x, y: tf.div_no_nan(x, y), np.divide, F(2, 3), P(3), name="smooth"),
]  # fmt: skip


def _unary(op, function, reference, spec, build=None, **options):
    return Case(op, build or (lambda tf, x: getattr(tf, function)(x)), [spec], reference, **options)


def _module(name):
    return lambda tf, x: getattr(tf.math, name)(x)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


_FUNCTIONS = [
    _unary("Square", "square", np.square, F(2, 3)),
    _unary("Sqrt", "sqrt", np.sqrt, P(2, 3)),
    _unary("Rsqrt", "rsqrt", lambda x: 1 / np.sqrt(x), P(2, 3)),
    _unary("Reciprocal", "reciprocal", lambda x: 1 / x, P(2, 3)),
    _unary("Inv", "", lambda x: 1 / x, P(2, 3), lambda tf, x: raw(tf, "Inv", x=x)),
    _unary("Exp", "exp", np.exp, F(2, 3)),
    _unary("Expm1", "expm1", np.expm1, F(2, 3)),
    _unary("Log", "log", np.log, P(2, 3)),
    _unary("Log1p", "log1p", np.log1p, P(2, 3)),
    _unary("Sigmoid", "sigmoid", _sigmoid, F(2, 3)),
    _unary("Tanh", "tanh", np.tanh, F(2, 3)),
    _unary("Sin", "sin", np.sin, F(2, 3)),
    _unary("Cos", "cos", np.cos, F(2, 3)),
    _unary("Tan", "tan", np.tan, U(2, 3)),
    _unary("Asin", "asin", np.arcsin, U(2, 3)),
    _unary("Acos", "acos", np.arccos, U(2, 3)),
    _unary("Atan", "atan", np.arctan, F(2, 3)),
    _unary("Sinh", "sinh", np.sinh, F(2, 3)),
    _unary("Cosh", "cosh", np.cosh, F(2, 3)),
    _unary("Asinh", "asinh", np.arcsinh, F(2, 3)),
    _unary("Acosh", "acosh", np.arccosh, np.array([1.2, 1.7, 3.0])),
    _unary("Atanh", "atanh", np.arctanh, U(2, 3)),
    _unary("Erf", "erf", _scipy("erf"), F(2, 3)),
    _unary("Erfc", "erfc", _scipy("erfc"), F(2, 3)),
    _unary("Erfinv", "", _scipy("erfinv"), U(2, 3), _module("erfinv"), rtol=3e-5),
    _unary("Ndtri", "", _scipy("ndtri"), np.array([0.1, 0.4, 0.5, 0.9]), _module("ndtri"), rtol=3e-5),
    _unary("Lgamma", "lgamma", _scipy("gammaln"), P(2, 3)),
    _unary("Digamma", "digamma", _scipy("digamma"), P(2, 3)),
    _two("Polygamma", lambda tf, a, x: tf.math.polygamma(a, x), _scipy("polygamma"), np.array([1.0, 2.0, 3.0]), P(3),
         rtol=3e-5),
    _two("Zeta", lambda tf, x, q: tf.math.zeta(x, q), _scipy("zeta"), np.array([2.0, 3.5, 5.0]), P(3), rtol=3e-5,
         second=False,
         note="no gradient to the exponent, so none of second order across"),
    _two("Atan2", lambda tf, y, x: tf.atan2(y, x), np.arctan2, F(2, 3), F(3)),
    _two("Pow", lambda tf, x, y: tf.pow(x, y), np.power, P(2, 3), F(3)),
    Case("Pow", lambda tf, x: x**3, [F(2, 3)], lambda x: x**3, name="cube"),
    Case("Pow", lambda tf, x: x**2, [_SIGNED], lambda x: x**2, name="int"),
    Case("Pow", lambda tf, x: 2.0**x, [F(3)], lambda x: x.dtype.type(2) ** x, name="reflected"),
    _two("Xlogy", lambda tf, x, y: tf.math.xlogy(x, y), _scipy("xlogy"), P(2, 3), P(3)),
    _two("Xlogy", lambda tf, x, y: tf.math.xlogy(x, y), _scipy("xlogy"), np.array([0.0, 1.0]), np.array([0.0, 2.0]),
         name="zero", grad=False),
    _two("Xlog1py", lambda tf, x, y: tf.math.xlog1py(x, y), _scipy("xlog1py"), P(2, 3), P(3)),
    _two("Xdivy", lambda tf, x, y: tf.math.xdivy(x, y), np.divide, P(2, 3), P(3)),
    _two("MulNoNan", lambda tf, x, y: tf.math.multiply_no_nan(x, y), np.multiply, F(2, 3), P(3)),
    _two("MulNoNan", lambda tf, x, y: tf.math.multiply_no_nan(x, y), lambda x, y: np.array([0, 2], x.dtype),
         np.array([np.inf, 1.0]), np.array([0.0, 2.0]), name="zero", grad=False),
    _unary("Sign", "sign", np.sign, F(2, 3), grad=False),
    _unary("Sign", "sign", _unit, C(4), name="complex", dtypes=("float64",), grad=False),
    _unary("Ceil", "ceil", np.ceil, _STEPS, grad=False),
    _unary("Floor", "floor", np.floor, _STEPS, grad=False),
    _unary("Round", "round", np.round, _STEPS, grad=False),
    _unary("Rint", "rint", np.rint, _STEPS, grad=False),
    _unary("IsNan", "is_nan", np.isnan, _ODD),
    _unary("IsInf", "is_inf", np.isinf, _ODD),
    _unary("IsFinite", "is_finite", np.isfinite, _ODD),
]  # fmt: skip
_GRADIENT_OPS = [
    _two("SigmoidGrad", lambda tf, y, dy: raw(tf, "SigmoidGrad", y=y, dy=dy), lambda y, dy: dy * y * (1 - y), F(3),
         F(3)),
    _two("TanhGrad", lambda tf, y, dy: raw(tf, "TanhGrad", y=y, dy=dy), lambda y, dy: dy * (1 - y * y), F(3), F(3)),
    _two("SqrtGrad", lambda tf, y, dy: raw(tf, "SqrtGrad", y=y, dy=dy), lambda y, dy: dy / 2 / y, P(3), F(3)),
    _two("RsqrtGrad", lambda tf, y, dy: raw(tf, "RsqrtGrad", y=y, dy=dy), lambda y, dy: -dy / 2 * y**3, P(3), F(3)),
    _two("ReciprocalGrad", lambda tf, y, dy: raw(tf, "ReciprocalGrad", y=y, dy=dy), lambda y, dy: -dy * y * y, P(3),
         F(3)),
    _two("InvGrad", lambda tf, y, dy: raw(tf, "InvGrad", y=y, dy=dy), lambda y, dy: -dy * y * y, P(3), F(3)),
]  # fmt: skip


def _compare(op, function, reference):
    return [
        _two(op, lambda tf, x, y: getattr(tf, function)(x, y), reference, I(0, 4, 3, 4), I(0, 4, 4)),
        _two(op, lambda tf, x, y: getattr(tf, function)(x, y), reference, F(2, 3), F(3), name="float"),
    ]


_COMPARISONS = [
    *_compare("Equal", "equal", np.equal),
    *_compare("NotEqual", "not_equal", np.not_equal),
    *_compare("Less", "less", np.less),
    *_compare("LessEqual", "less_equal", np.less_equal),
    *_compare("Greater", "greater", np.greater),
    *_compare("GreaterEqual", "greater_equal", np.greater_equal),
    _two("ApproximateEqual", lambda tf, x, y: raw(tf, "ApproximateEqual", x=x, y=y, tolerance=0.5),
         lambda x, y: np.abs(x - y) < 0.5, F(8), F(8)),
    _two("LogicalAnd", lambda tf, x, y: x & y, np.logical_and, B(4, 5), B(5)),
    _two("LogicalOr", lambda tf, x, y: x | y, np.logical_or, B(4, 5), B(5)),
    _two("LogicalAnd", lambda tf, x, y: tf.logical_xor(x, y), np.logical_xor, B(4, 5), B(5), name="xor"),
    Case("LogicalNot", lambda tf, x: ~x, [B(6)], np.logical_not),
    _two("BitwiseAnd", lambda tf, x, y: tf.bitwise.bitwise_and(x, y), np.bitwise_and, _BITS, _MORE_BITS),
    _two("BitwiseOr", lambda tf, x, y: tf.bitwise.bitwise_or(x, y), np.bitwise_or, _BITS, _MORE_BITS),
    _two("BitwiseXor", lambda tf, x, y: tf.bitwise.bitwise_xor(x, y), np.bitwise_xor, _BITS, _MORE_BITS),
    _two("LeftShift", lambda tf, x, y: tf.bitwise.left_shift(x, y), np.left_shift, _BITS, _MORE_BITS),
    _two("RightShift", lambda tf, x, y: tf.bitwise.right_shift(x, y), np.right_shift, _BITS, _MORE_BITS),
    Case("Invert", lambda tf, x: tf.bitwise.invert(x), [_BITS], np.invert),
]  # fmt: skip
_TYPES = [
    Case("Cast", lambda tf, x: tf.cast(x, tf.int32), [_STEPS * 3], lambda x: x.astype(np.int32), name="to-int",
         grad=False),
    Case("Cast", lambda tf, x: tf.cast(tf.cast(x, tf.float32), tf.float64), [F(3)],
         lambda x: x.astype(np.float32).astype(np.float64),
         name="float", rtol=1e-6, grad=False),
    Case("Cast", lambda tf, x: tf.to_float(x), [B(5)], lambda x: x.astype(np.float32), name="bool"),
    Case("Cast", lambda tf, x: tf.cast(x, tf.bool), [I(-1, 2, 6)], lambda x: x.astype(bool), name="to-bool"),
    Case("Cast", lambda tf, x: tf.cast(x, tf.uint8), [np.array([1, 255, 256, -1], np.int32)],
         lambda x: x.astype(np.uint8), name="wraps"),
    Case("Cast", lambda tf, x: tf.cast(x, tf.float64) * 2, [C(3)], lambda x: x.real.astype(np.float64) * 2,
         name="complex"),
    Case(("Cast", "Maximum", "Minimum"), lambda tf, x: tf.saturate_cast(x, tf.uint8), [np.array([-3.0, 12.7, 400.0])],
         lambda x: np.array([0, 12, 255], np.uint8), name="saturated", grad=False),
    Case("Bitcast", lambda tf, x: tf.bitcast(x, tf.uint8), [I(0, 99999, 2, 3)],
         lambda x: x[..., None].view(np.uint8)),
    Case("Bitcast", lambda tf, x: tf.bitcast(x, tf.int32), [np.arange(8, dtype=np.uint8).reshape(2, 4)],
         lambda x: x.view(np.int32)[..., 0], name="longer"),
    Case(("ClipByValue",), lambda tf, x, low,
         high: raw(tf, "ClipByValue", t=x, clip_value_min=low, clip_value_max=high),
         [F(3, 4), np.array(-0.5), np.array(0.7)], _clipped),
]  # fmt: skip


def _joined(tf, x, y):
    return tf.complex(x, y)


_COMPLEX = [
    _two("Complex", _joined, lambda x, y: x + 1j * y, F(2, 3), F(3), grad=False),
    _two(("Complex", "Real", "Imag"), lambda tf, x, y: tf.real(_joined(tf, x, y)) * tf.imag(_joined(tf, x, y)),
         np.multiply,
         F(2, 3), F(3), name="parts"),
    _two("ComplexAbs", lambda tf, x, y: tf.abs(_joined(tf, x, y)), np.hypot, F(2, 3), F(3), second=False),
    _two("Angle", lambda tf, x, y: tf.angle(_joined(tf, x, y)), lambda x, y: np.arctan2(y, x), F(2, 3), F(3)),
    _two("Conj", lambda tf, x, y: tf.imag(tf.conj(_joined(tf, x, y)) * _joined(tf, y, x)), lambda x, y: x * x - y * y,
         F(2, 3), F(3)),
    _two("Mul", lambda tf, x, y: tf.real(tf.exp(_joined(tf, x, y)) * tf.log(_joined(tf, y, x))),
         lambda x, y: (np.exp(x + 1j * y) * np.log(y + 1j * x)).real, F(2, 3), F(3), name="complex-chain"),
    _two("Tanh", lambda tf, x, y: tf.imag(tf.tanh(_joined(tf, x, y))), lambda x, y: np.tanh(x + 1j * y).imag,
         U(2, 3), U(3), name="complex", second=False),
    _two("Sqrt", lambda tf, x, y: tf.imag(tf.sqrt(_joined(tf, x, y)) / _joined(tf, y, x)),
         lambda x, y: (np.sqrt(x + 1j * y) / (y + 1j * x)).imag, P(2, 3), P(3), name="complex"),
]  # fmt: skip
CASES = [
    *_ARITHMETIC, *_DIVISION, *_FUNCTIONS, *_GRADIENT_OPS, *_COMPARISONS, *_TYPES, *_COMPLEX,
]  # fmt: skip
