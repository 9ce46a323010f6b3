"""Write saver/: a training graph (``.meta``) and a checkpoint as TensorFlow's Saver writes them, and what they compute.

Run it with TensorFlow's interpreter, from the repository: ``python tests/golden/make_saver.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

OUT = Path(__file__).resolve().parent / "saver"


def main() -> None:
    """Train a small network for five steps, save it, train it for one more."""
    tf.disable_v2_behavior()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    random = np.random.default_rng(5)
    images = random.normal(size=(6, 4)).astype(np.float32)
    labels = np.eye(3, dtype=np.float32)[random.integers(3, size=6)]
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    t = tf.placeholder(tf.float32, [None, 3], name="t")
    with tf.variable_scope("layer", partitioner=None):
        start = tf.constant_initializer(random.normal(size=(4, 3)))
        weights = tf.get_variable("weights", [4, 3], initializer=start)
        bias = tf.get_variable("bias", [3], initializer=tf.zeros_initializer())
    pieces = tf.get_variable(
        "pieces",
        [5, 2],
        initializer=tf.ones_initializer(),
        partitioner=tf.fixed_size_partitioner(2),
        trainable=False,
    )
    logits = tf.nn.bias_add(tf.matmul(x, weights), bias, name="logits")
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=t, logits=logits), name="loss")
    loss = tf.add(loss, tf.reduce_mean(pieces), name="total")
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step)
    tf.add_to_collection("train_op", train)
    tf.add_to_collection("number", 7)
    saver = tf.train.Saver(max_to_keep=3)
    feed = {x: images, t: labels}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(5):
            sess.run(train, feed)
        saver.save(sess, str(OUT / "model"), global_step=step)
        before = sess.run([logits, loss], feed)
        sess.run(train, feed)
        after = sess.run([weights, bias, logits, loss], feed)
    (OUT / "checkpoint").write_text(
        'model_checkpoint_path: "model-5"\nall_model_checkpoint_paths: "model-5"\n'
    )
    np.savez_compressed(
        OUT / "values.npz", images=images, labels=labels, logits=before[0], loss=before[1], next_weights=after[0],
        next_bias=after[1], next_logits=after[2], next_loss=after[3],
    )  # fmt: skip
    print(f"{sorted(p.name for p in OUT.iterdir())}, made by TensorFlow {tf.__version__}")


if __name__ == "__main__":
    main()
