"""Whether TensorFlow loads the classifiers that gradiente exports, and gives their probabilities for images of any size.

``python -m tests.oracle.check_exports write DIR`` runs in gradiente's environment, then
``python -m tests.oracle.check_exports read DIR`` in TensorFlow's, which fails where a value differs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

NETWORKS = {
    "cnn": (16, 20, 1),
    "cs231n": (32, 32, 3),
    "deep-cnn": (28, 28, 1),
    "resnet20": (32, 32, 3),
    "softmax": (9, 12, 3),
}
RESIZES = ("stretch", "crop", "pad")
SIZES = ((32, 32), (16, 20), (7, 50), (333, 200))
CLASSES = ("gato", "perro", "ñandú")


def images(size: tuple[int, int]) -> np.ndarray:
    """Two smooth images: on noise, one step of rounding more or less would decide."""
    rows, columns = (np.linspace(0, 3, n)[:, None, None] for n in size)
    phases = np.arange(6).reshape(2, 1, 1, 3)
    waves = np.sin(rows + phases) * np.cos(columns.transpose(1, 0, 2) - phases)
    return np.rint(127.5 + 127.5 * waves).astype(np.uint8)


def write(folder: Path) -> None:
    from gradiente.classify.exporting.graph import exported_graph
    from gradiente.classify.model.classifier import Classifier
    from gradiente.classify.model.description import Description
    from gradiente.classify.model.graph import Preprocessing, inference_graph
    from gradiente.classify.networks import find_network

    rng = np.random.default_rng(0)
    for name, shape in NETWORKS.items():
        channels = shape[2]
        graph_def = inference_graph(
            find_network(name), shape, len(CLASSES), Preprocessing((120.0,) * channels, (60.0,) * channels)
        )
        weights = {}
        for node in graph_def.node:
            if node.op == "VariableV2":
                value = rng.normal(0, 0.1, [d.size for d in node.attr["shape"].shape.dim]).astype(np.float32)
                weights[node.name] = np.abs(value) + 1 if "variance" in node.name else value
        for resize in RESIZES:
            model = Classifier.made(Description(CLASSES, *shape, name, resize), graph_def, weights)
            (folder / f"{name}-{resize}.pb").write_bytes(exported_graph(model).SerializeToString())
            expected = {
                "x".join(map(str, size)): np.stack(
                    [p.probabilities for p in model.predict(list(images(size)))]
                )
                for size in SIZES
            }
            np.savez(folder / f"{name}-{resize}.npz", **expected)


def read(folder: Path) -> None:
    # With oneDNN, TensorFlow 2.21 gave another answer for the second of two equally large images, and then aborted
    # ("could not set native handle of a memory object") on an AVX-512 machine. Its own kernels agree.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import tensorflow as tf

    tf = tf.compat.v1
    for name in NETWORKS:
        for resize in RESIZES:
            graph_def = tf.GraphDef.FromString((folder / f"{name}-{resize}.pb").read_bytes())
            with tf.Graph().as_default() as graph:
                tf.import_graph_def(graph_def, name="")
            expected = np.load(folder / f"{name}-{resize}.npz")
            with tf.Session(graph=graph) as session:
                assert [c.decode() for c in session.run("classes:0")] == list(CLASSES)
                for size in SIZES:
                    found = session.run("probabilities:0", {"images:0": images(size)})
                    np.testing.assert_allclose(found, expected["x".join(map(str, size))], atol=0.02)
                print(f"{name}, {resize}: as predict")


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
