"""The names that TensorFlow gives to a small program's operations: run with TensorFlow 2.21's Python."""

import json
from pathlib import Path

import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
x = tf.placeholder(tf.float32, [None, 4], name="x")
w = tf.Variable(tf.zeros([4, 3]), name="w")
y = tf.nn.relu(tf.matmul(x, w) * 2.0 - 1.0)
tf.reduce_mean(tf.square(y), axis=[1])
tf.argmax(y, 1)
x[:, 1]
names = [[op.name, op.type] for op in tf.get_default_graph().get_operations()]
(Path(__file__).parent / "names.json").write_text(json.dumps(names, indent=1) + "\n")
