"""Whether TensorFlow reads the checkpoints, records, events and images that gradiente writes.

``python tests/oracle/check_formats.py write DIR`` runs in gradiente's environment, then
``python tests/oracle/check_formats.py read DIR`` in TensorFlow's, which fails where a value differs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

KINDS = [
    np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64,
    np.uint8, np.uint16, np.uint32, np.uint64, np.complex64, np.complex128, np.bool_,
]  # fmt: skip


def tensors() -> dict[str, Any]:
    random = np.random.default_rng(1)
    values: dict[str, Any] = {
        f"kind/{np.dtype(kind).name}": (100 * random.random([3, 2, 5])).astype(kind) for kind in KINDS
    }
    values["text"] = np.array([[b"", b"a\0b"], ["año".encode(), bytes(300)]], object)
    values["scalar"] = np.float32(2.5)
    values["empty"] = np.zeros([0, 3], np.int64)
    values["big"] = random.random([700, 700])
    values |= {f"many/variables_with_a_long_name/{i:04}": np.int32(i) for i in range(6000)}
    return values


def pictures() -> dict[str, Any]:
    random = np.random.default_rng(2)
    return {
        f"{np.dtype(kind).name}_{channels}": random.integers(
            0, np.iinfo(kind).max + 1, [7, 5, channels]
        ).astype(kind)
        for kind in (np.uint8, np.uint16)
        for channels in (1, 2, 3, 4)
    }


PARTED = np.arange(700, dtype=np.float32).reshape(7, 100)


def write(folder: Path) -> None:
    from gradiente.formats.event_file import EventFileWriter, event_of_scalar
    from gradiente.formats.images import encode_png
    from gradiente.formats.tensor_bundle import BundleWriter, CheckpointReader
    from gradiente.formats.tfrecord import TFRecordWriter

    with BundleWriter(folder / "model.ckpt") as writer:
        for name, value in tensors().items():
            writer.add(name, value)
        for start, stop in ((0, 3), (3, 5), (5, 7)):
            writer.add_slice("parted", PARTED.shape, [start, 0], PARTED[start:stop])
    reader = CheckpointReader(folder / "model.ckpt")
    for name, value in tensors().items():
        np.testing.assert_array_equal(reader.get_tensor(name), value)
    for kind in ("", "GZIP", "ZLIB"):
        with TFRecordWriter(folder / f"records{kind}", kind) as records:
            for i in range(100):
                records.write(bytes(range(i)))
    for name, image in pictures().items():
        (folder / f"{name}.png").write_bytes(encode_png(image))
    events = EventFileWriter(folder)
    events.add_event(event_of_scalar("loss", 0.25, step=3))
    events.close()


def read(folder: Path) -> None:
    import tensorflow as tf

    v1 = tf.compat.v1
    prefix = str(folder / "model.ckpt")
    reader = tf.train.load_checkpoint(prefix)
    expected = tensors()
    assert set(reader.get_variable_to_shape_map()) == {*expected, "parted"}
    for name, value in expected.items():
        np.testing.assert_array_equal(reader.get_tensor(name), value)
    np.testing.assert_array_equal(reader.get_tensor("parted"), PARTED)
    with tf.Graph().as_default(), v1.Session() as session:
        whole = v1.get_variable("parted", PARTED.shape, use_resource=False)
        v1.train.Saver([whole]).restore(session, prefix)
        np.testing.assert_array_equal(session.run(whole), PARTED)
    with tf.Graph().as_default(), v1.Session() as session:
        parts = v1.get_variable(
            "parted", PARTED.shape, use_resource=False, partitioner=v1.fixed_size_partitioner(3)
        )
        text = v1.get_variable("text", initializer=np.full([2, 2], b"", object), use_resource=False)
        v1.train.Saver([*parts, text]).restore(session, prefix)
        np.testing.assert_array_equal(session.run(tf.convert_to_tensor(parts)), PARTED)
        np.testing.assert_array_equal(session.run(text), expected["text"])
    for kind in ("", "GZIP", "ZLIB"):
        options = tf.io.TFRecordOptions(kind)
        got = list(v1.python_io.tf_record_iterator(str(folder / f"records{kind}"), options))
        assert got == [bytes(range(i)) for i in range(100)]
    for name, image in pictures().items():
        got = tf.io.decode_png((folder / f"{name}.png").read_bytes(), dtype=image.dtype)
        np.testing.assert_array_equal(got.numpy(), image)
    (path,) = folder.glob("events.out.tfevents.*")
    first, second = v1.train.summary_iterator(str(path))
    assert first.file_version == "brain.Event:2"
    assert (second.step, second.summary.value[0].tag, second.summary.value[0].simple_value) == (
        3,
        "loss",
        0.25,
    )
    print("TensorFlow reads all of it.")


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
