"""Makes graph_defs/: GraphDefs that TensorFlow wrote, with inputs and with what TensorFlow gives for them.

Run from the repository's root in an environment with TensorFlow: ``python -m tests.golden.make_graph_defs``. Each graph is
``NAME.pb``; ``values.npz`` has ``NAME/in/TENSOR/RUN`` and ``NAME/out/TENSOR/RUN``, and ``graphs.json`` the operations to run first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf  # pyright: ignore[reportMissingImports] - only in the oracle's environment

FOLDER = Path(__file__).with_name("graph_defs")
Feeds = Sequence[dict[Any, Any]]
_RANDOM = np.random.default_rng(11)


def normal(*shape: int) -> Any:
    return _RANDOM.standard_normal(shape).astype(np.float32)


def conv_net() -> tuple[list[Any], Feeds]:
    x = tf.placeholder(tf.float32, [None, 9, 8, 3], "x")
    h = tf.nn.conv2d(x, normal(3, 3, 3, 6) / 4, [1, 2, 1, 1], "SAME") + normal(6)
    h, _, _ = tf.nn.fused_batch_norm(
        tf.nn.relu(h), np.abs(normal(6)), normal(6), normal(6), np.abs(normal(6)), is_training=False
    )
    h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    h = tf.nn.depthwise_conv2d(h, normal(3, 3, 6, 2), [1, 1, 1, 1], "SAME")
    h = tf.nn.avg_pool(tf.nn.lrn(h, 2), [1, 2, 2, 1], [1, 1, 1, 1], "SAME")
    h = tf.nn.elu(tf.nn.bias_add(tf.matmul(tf.reshape(h, [-1, 2 * 4 * 12]), normal(96, 5) / 9), normal(5)))
    probabilities = tf.nn.softmax(h, name="probabilities")
    best = tf.argmax(probabilities, 1, name="best")
    return [probabilities, best], [{x: normal(2, 9, 8, 3)}, {x: normal(3, 9, 8, 3)}]


def arrays() -> tuple[list[Any], Feeds]:
    x = tf.placeholder(tf.float32, [4, 6], "x")
    a, b = tf.split(x, [2, 4], axis=1)
    c = tf.concat([tf.tile(a, [1, 2]), b[:, ::-1], x[1:3, tf.newaxis, 2:][0] * tf.ones([4, 1])], axis=1)
    d = tf.stack(tf.unstack(tf.pad(tf.transpose(c), [[1, 0], [0, 2]], "CONSTANT"), axis=0)[:5], axis=1)
    top = tf.nn.top_k(x, 3)
    e = tf.cumsum(tf.where(x > 0, x, tf.zeros_like(x)), axis=1, exclusive=True, reverse=True)
    f = tf.one_hot(top.indices[:, 0], tf.shape(x)[1]) + tf.cast(tf.range(6), tf.float32)
    g = tf.gather_nd(x, [[0, 1], [3, 5]]) + tf.scatter_nd([[1]], [2.0], [2])
    return [c, d, top.values, top.indices, e, f, g, tf.squeeze(tf.expand_dims(a, 0))], [{x: normal(4, 6)}]


def texts() -> tuple[list[Any], Feeds]:
    lines = tf.placeholder(tf.string, [None], "lines")
    raw = tf.placeholder(tf.string, [None], "raw")
    number, name = tf.decode_csv(lines, [[0.0], [""]])
    bytes_ = tf.decode_raw(raw, tf.uint8)
    joined = tf.string_join([name, tf.as_string(number, precision=2)], "=")
    with tf.Graph().as_default(), tf.Session() as session:
        png = session.run(tf.image.encode_png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)))
    image = tf.image.decode_png(tf.constant(png))
    return [number, joined, bytes_, tf.string_to_number(tf.as_string(number)), image], [
        {lines: [b"1.5,uno", b"2.25,dos"], raw: [b"abc", b"xyz"]}
    ]


def embedding() -> tuple[list[Any], Feeds]:
    words = tf.placeholder(tf.int32, [None, 3], "words")
    rows = tf.nn.embedding_lookup(tf.constant(normal(7, 4)), words)
    parts = tf.nn.embedding_lookup([tf.constant(normal(4, 2)), tf.constant(normal(3, 2))], words)
    return [tf.reduce_mean(rows, axis=1), tf.gather(rows, [0, 2], axis=1), parts], [{words: [[0, 6, 2], [1, 1, 5]]}]  # fmt: skip


def images_and_algebra() -> tuple[list[Any], Feeds]:
    x = tf.placeholder(tf.float32, [2, 5, 6, 3], "x")
    m = tf.placeholder(tf.float64, [3, 3], "m")
    outputs = [
        tf.image.resize_bilinear(x, [7, 4]),
        tf.image.resize_nearest_neighbor(x, [3, 9], align_corners=True),
        tf.image.resize_bicubic(x, [4, 4]),
        tf.nn.lrn(x, 1, bias=2.0, alpha=0.3, beta=0.6),
        tf.einsum("bhwc,cd->bdhw", x, normal(3, 2)),
        tf.tensordot(x, normal(6, 3, 4), axes=[[2, 3], [0, 1]]),
        tf.image.per_image_standardization(x[0]),
        tf.linalg.inv(m),
        tf.linalg.det(m),
        tf.linalg.cholesky(tf.matmul(m, m, transpose_a=True) + tf.eye(3, dtype=tf.float64)),
        tf.linalg.solve(m, tf.ones([3, 1], tf.float64)),
        tf.svd(m, compute_uv=False),
        tf.matrix_band_part(m, 0, -1),
    ]
    return outputs, [{x: normal(2, 5, 6, 3), m: _RANDOM.standard_normal([3, 3])}]


def _variables(resource: bool) -> tuple[list[Any], Feeds]:
    with tf.variable_scope("layer", use_resource=resource):
        x = tf.placeholder(tf.float32, [None, 3], "x")
        w = tf.get_variable("w", initializer=normal(3, 4))
        b = tf.get_variable("b", [4], initializer=tf.ones_initializer())
        steps = tf.get_variable("steps", [], tf.int32, tf.zeros_initializer(), trainable=False)
        y = tf.matmul(x, w) + b
        with tf.control_dependencies([y]):
            changes = [tf.assign_add(steps, 2), tf.assign_sub(b, [0.5, 0.0, 0.0, 1.0])]
        with tf.control_dependencies(changes):
            after = tf.identity(steps.read_value() if resource else steps + 0, name="after")
            c = tf.identity(b.read_value() if resource else b + 0.0, name="c")
        row = tf.gather(w, [1, 2])
        tf.global_variables_initializer()
    return [y, row, after, c], [{x: normal(2, 3)}]


def ref_variables() -> tuple[list[Any], Feeds]:
    return _variables(False)


def resource_variables() -> tuple[list[Any], Feeds]:
    return _variables(True)


def branches() -> tuple[list[Any], Feeds]:
    p = tf.placeholder(tf.bool, [], "p")
    x = tf.placeholder(tf.float32, [3], "x")
    k = tf.placeholder(tf.int32, [], "k")

    def inner() -> Any:
        return tf.cond(
            k > 2, lambda: x * 10.0, lambda: tf.cond(k > 1, lambda: x - 1.0, lambda: x + tf.ones([3]))
        )

    a, b = tf.cond(p, lambda: [x + 1.0, tf.reduce_sum(x)], lambda: [inner(), tf.constant(7.0)])
    c = tf.cond(p, lambda: a * 2.0, lambda: b + x, name="again")
    d = tf.case([(k > 2, lambda: x), (k > 1, lambda: -x)], default=lambda: tf.zeros([3]))
    with tf.control_dependencies([tf.debugging.assert_less(k, 100)]):
        e = tf.cond(tf.reduce_any(x > 0), lambda: tf.group(tf.identity(x)), lambda: tf.no_op())
        with tf.control_dependencies([e] if isinstance(e, (tf.Operation, tf.Tensor)) else []):
            f = tf.identity(x)
    # The second version's gradients pass on optional values, which gradiente does not have.
    gradient = [] if tf.control_flow_v2_enabled() else tf.gradients(tf.reduce_sum(c * c), [x])
    feeds = [{p: p_, x: normal(3), k: k_} for p_ in (True, False) for k_ in (1, 2, 3)]
    return [a, b, c, d, f, *gradient], feeds


def loops() -> tuple[list[Any], Feeds]:
    n = tf.placeholder(tf.int32, [], "n")
    x = tf.placeholder(tf.float32, [2, 3], "x")
    w = tf.constant(normal(3, 3) / 2)
    count, power = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, w))), [0, x])

    def outer(i: Any, total: Any) -> Any:
        _, inner = tf.while_loop(
            lambda j, s: j <= i,
            lambda j, s: (j + 1, s + tf.reduce_sum(x[0]) * tf.cast(j, tf.float32)),
            [0, total],
        )
        return i + 1, tf.cond(i > 1, lambda: inner - 1.0, lambda: inner * 2.0)

    _, nested = tf.while_loop(lambda i, t: i < n, outer, [0, tf.constant(1.0)])
    guarded = tf.cond(
        n > 1,
        lambda: tf.while_loop(lambda v: tf.reduce_sum(v) < 50.0, lambda v: v * v + 2.0, [x]),
        lambda: x - 1.0,
    )
    grows = tf.while_loop(
        lambda i, y: i < 2, lambda i, y: (i + 1, tf.concat([y, y], 0)), [0, x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 3])],
    )[1]  # fmt: skip
    mean = tf.while_loop(
        lambda i, y: i < n, lambda i, y: [i + 1, y + tf.reduce_mean(x, axis=[0]) + tf.reshape(w, [-1])[:3]],
        [0, tf.zeros([3])], maximum_iterations=2,
    )[1]  # fmt: skip
    return [count, power, nested, guarded, grows, mean], [{n: i, x: normal(2, 3)} for i in (0, 1, 4)]


def state(resource: bool) -> tuple[list[Any], Feeds]:
    """Variables that branches assign and loops read."""
    p = tf.placeholder(tf.bool, [], "p")
    v = tf.get_variable("v", initializer=np.float32([1.0, 2.0]), use_resource=resource)
    w = tf.get_variable("w", initializer=np.float32(3.0), use_resource=resource)
    y = tf.cond(p, lambda: tf.identity(tf.assign_add(v, [1.0, 1.0]) * w), lambda: v * 0.5)
    with tf.control_dependencies([y]):
        z = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a + w * 2.0 + tf.reduce_sum(v)), [0, 0.0])[
            1
        ]
    tf.global_variables_initializer()
    return [tf.identity(y), tf.identity(z)], [{p: True}, {p: False}]


def state_of_references() -> tuple[list[Any], Feeds]:
    return state(False)


def state_of_resources() -> tuple[list[Any], Feeds]:
    return state(True)


def write(name: str, build: Callable[[], tuple[list[Any], Feeds]], values: dict[str, Any]) -> list[str]:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        outputs, runs = build()
        initializers = [
            op.name for op in graph.get_operations() if op.type == "NoOp" and op.name.endswith("init")
        ]
        for run, feeds in enumerate(runs):
            session.run(initializers)
            for tensor, value in feeds.items():
                values[f"{name}/in/{tensor.name}/{run}"] = np.asarray(value)
            for tensor, value in zip(outputs, session.run(outputs, feeds), strict=True):
                values[f"{name}/out/{tensor.name}/{run}"] = np.asarray(value)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.pb").write_bytes(graph.as_graph_def().SerializeToString(deterministic=True))
        return initializers


def main() -> None:
    values: dict[str, Any] = {}
    graphs: dict[str, list[str]] = {}
    tf.disable_v2_behavior()
    for build in (conv_net, arrays, texts, embedding, images_and_algebra, ref_variables, resource_variables):
        graphs[build.__name__] = write(build.__name__, build, values)
    for version, switch in (("v1", tf.disable_control_flow_v2), ("v2", tf.enable_control_flow_v2)):
        switch()
        for build in (branches, loops):
            graphs[f"{build.__name__}_{version}"] = write(f"{build.__name__}_{version}", build, values)
        for build in (state_of_references, state_of_resources)[version == "v2" :]:  # v2 takes no references
            graphs[f"{build.__name__}_{version}"] = write(f"{build.__name__}_{version}", build, values)
    strings = {k: v for k, v in values.items() if v.dtype.kind in "OSU"}
    numbers = {k: v for k, v in values.items() if k not in strings}
    np.savez_compressed(FOLDER / "values.npz", **numbers)
    listed = {k: [b.decode() for b in v.ravel()] for k, v in strings.items()}
    (FOLDER / "graphs.json").write_text(
        json.dumps({"initializers": graphs, "strings": listed}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
