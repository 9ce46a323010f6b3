"""Makes ``formats/``: TFRecord files, Examples and checkpoints written by TensorFlow.

Run in TensorFlow's environment: ``python tests/golden/make_formats.py``. The values are stated again in
``tests/formats``; nothing here is random.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf

OUT = Path(__file__).parent / "formats"
v1 = tf.compat.v1


def examples() -> list[bytes]:
    def features(i: int) -> tf.train.Features:
        return tf.train.Features(
            feature={
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[i, -i, 2**62])),
                "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"\0\xff", b"", b"x" * i])),
                "weight": tf.train.Feature(float_list=tf.train.FloatList(value=[0.1, i / 3])),
                "nothing": tf.train.Feature(),
            }
        )

    sequence = tf.train.SequenceExample(
        context=features(7),
        feature_lists=tf.train.FeatureLists(
            feature_list={"words": tf.train.FeatureList(feature=[features(1).feature["image"]] * 2)}
        ),
    )
    messages = [tf.train.Example(features=features(i)) for i in range(3)] + [sequence]
    return [message.SerializeToString(deterministic=True) for message in messages]


def records() -> None:
    for kind in ("", "GZIP", "ZLIB"):
        with tf.io.TFRecordWriter(
            str(OUT / f"examples{kind and '_' + kind.lower()}.tfrecord"), kind
        ) as writer:
            for record in [*examples(), b""]:
                writer.write(record)


def counting(shape: list[int]) -> object:
    """An initializer that counts up over the whole variable, whatever part of it is made."""
    whole = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)

    def initializer(shape, dtype, partition_info):
        del dtype
        offsets = partition_info.var_offset
        return tf.constant(whole[tuple(slice(o, o + s) for o, s in zip(offsets, shape, strict=True))])

    return initializer


def checkpoints() -> None:
    numbers = np.arange(6).reshape(2, 3)
    types = [
        tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64,
        tf.uint8, tf.uint16, tf.complex64, tf.complex128, tf.bool,
    ]  # fmt: skip
    with tf.Graph().as_default(), v1.Session() as session:
        for dtype in types:
            v1.Variable((numbers - 2 * (not dtype.is_unsigned)).astype(dtype.as_numpy_dtype), name=dtype.name,
                        dtype=dtype, use_resource=False)  # fmt: skip
        v1.Variable([[b"a", b""], [b"\0\xff", "año".encode()]], name="text", use_resource=False)
        v1.Variable(3.5, name="scope/scalar", use_resource=False)
        v1.Variable(np.zeros([0, 4], np.float32), name="empty", use_resource=False)
        for name, shape, partitioner in (
            ("rows", [7, 2], v1.fixed_size_partitioner(3)),
            ("columns", [2, 70], v1.fixed_size_partitioner(2, axis=1)),
        ):
            v1.get_variable(
                name, shape, initializer=counting(shape), partitioner=partitioner, use_resource=False
            )
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(OUT / "v2.ckpt"), write_meta_graph=False)
        kept = [v for v in v1.global_variables() if v.dtype.base_dtype != tf.bfloat16]
        v1.train.Saver(kept, write_version=v1.train.SaverDef.V1).save(
            session, str(OUT / "v1.ckpt"), write_meta_graph=False
        )
    (OUT / "checkpoint").unlink()


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    records()
    checkpoints()
