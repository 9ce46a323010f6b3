"""Activations and softmax."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.ops.harness import Case, F, I

_LAMBDA, _ALPHA = 1.0507009873554805, 1.6732632423543772


def _softmax(x: Any, axis: int = -1) -> Any:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


CASES = [
    Case(("Relu", "ReluGrad"), lambda tf, x: tf.nn.relu(x), [F(3, 4)], lambda x: np.maximum(x, 0)),
    Case("Relu", lambda tf, x: tf.nn.relu(x), [I(-5, 5, 3, 4)], lambda x: np.maximum(x, 0), name="int", grad=False,
         dtypes=("float32",)),
    Case(("Relu6", "Relu6Grad"), lambda tf, x: tf.nn.relu6(x * 4), [F(5, 6)], lambda x: np.clip(x * 4, 0, 6)),
    Case(("LeakyRelu", "LeakyReluGrad"), lambda tf, x: tf.nn.leaky_relu(x), [F(3, 4)],
         lambda x: np.where(x > 0, x, np.float32(0.2).astype(x.dtype) * x)),
    Case("LeakyRelu", lambda tf, x: tf.nn.leaky_relu(x, alpha=0.5), [F(3, 4)], lambda x: np.where(x > 0, x, x / 2),
         name="alpha"),
    Case("Maximum", lambda tf, x, a: tf.nn.leaky_relu(x, alpha=a * 0.5), [F(3, 4), F()],
         lambda x, a: np.maximum(x * (a * 0.5).astype(x.dtype), x), name="leaky_relu_tensor_alpha", oracle=False,
         note="TensorFlow takes numbers only since 2.0"),
    Case(("Elu", "EluGrad"), lambda tf, x: tf.nn.elu(x), [F(3, 4)], lambda x: np.where(x < 0, np.expm1(x), x)),
    Case(("Selu", "SeluGrad"), lambda tf, x: tf.nn.selu(x), [F(3, 4)],
         lambda x: (_LAMBDA * np.where(x < 0, _ALPHA * np.expm1(x), x)).astype(x.dtype)),
    Case("Relu", lambda tf, x: tf.nn.crelu(x), [F(3, 4)],
         lambda x: np.maximum(np.concatenate([x, -x], -1), 0), name="crelu"),
    Case("Relu", lambda tf, x: tf.nn.crelu(x, axis=0), [F(3, 4)],
         lambda x: np.maximum(np.concatenate([x, -x], 0), 0), name="crelu_axis"),
    Case(("Softplus", "SoftplusGrad"), lambda tf, x: tf.nn.softplus(x * 10), [F(5, 6)],
         lambda x: np.logaddexp(x * 10, 0).astype(x.dtype)),
    Case(("Softsign", "SoftsignGrad"), lambda tf, x: tf.nn.softsign(x), [F(3, 4)], lambda x: x / (1 + np.abs(x))),
    Case("Sigmoid", lambda tf, x: tf.nn.swish(x), [F(3, 4)], lambda x: x / (1 + np.exp(-x)), name="swish"),
    Case("Softmax", lambda tf, x: tf.nn.softmax(x), [F(3, 5)], _softmax),
    Case("Softmax", lambda tf, x: tf.nn.softmax(x * 200), [F(3, 5)], lambda x: _softmax(x * 200), name="large",
         grad=False),
    Case("Softmax", lambda tf, x: tf.nn.softmax(x), [F(5)], _softmax, name="vector"),
    Case("Softmax", lambda tf, x: tf.nn.softmax(x, axis=1), [F(2, 3, 4)], lambda x: _softmax(x, 1), name="axis"),
    Case("Softmax", lambda tf, x: tf.nn.softmax(x, dim=-3), [F(2, 3, 4)], lambda x: _softmax(x, 0), name="dim"),
    Case("LogSoftmax", lambda tf, x: tf.nn.log_softmax(x), [F(3, 5)], lambda x: np.log(_softmax(x))),
    Case("LogSoftmax", lambda tf, x: tf.nn.log_softmax(x, axis=0), [F(3, 5)], lambda x: np.log(_softmax(x, 0)),
         name="axis"),
]  # fmt: skip
