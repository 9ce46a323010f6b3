"""Cross-entropies between logits and labels: of one class among many, or of several independent ones."""

from __future__ import annotations

import warnings
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import FLOATS, INDICES, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.shapes import TensorShape, broadcast_dims
from gradiente.graph.source import user_line
from gradiente.graph.types import Array, Namespace
from gradiente.kernels import dense
from gradiente.ops.nn_softmax import either_axis, is_last, swapped_with_last


def _dense_shape(op: Operation) -> list[Any]:
    features, labels = (t.shape for t in op.inputs)
    _check_one_hot(features, labels)
    both = TensorShape.of(broadcast_dims(features.plain, labels.plain)).with_rank(2)
    return [both[:1], both]


def _check_one_hot(logits: TensorShape, labels: TensorShape) -> None:
    if logits.ndims is not None and labels.ndims == logits.ndims - 1:
        raise ValueError(
            f"labels must have one row of probabilities per example, the shape of logits {logits}, but have shape "
            f"{labels}. If they are class numbers, use tf.nn.sparse_softmax_cross_entropy_with_logits, or make them "
            "one-hot with tf.one_hot(labels, number_of_classes)."
        )
    if not logits.is_compatible_with(labels):
        try:
            broadcast_dims(logits.plain, labels.plain)
        except ValueError:
            raise ValueError(
                f"logits and labels must have the same shape, one column per class: logits have {logits}, labels "
                f"{labels}."
            ) from None


def _log_sum(xp: Namespace, features: Array) -> tuple[Array, Array, Array]:
    """The features less their maximum, their exponentials, and the sum of those, along the last axis."""
    shifted = features - xp.max(features, axis=-1, keepdims=True)
    exponentials = xp.exp(shifted)
    return shifted, exponentials, xp.sum(exponentials, axis=-1, keepdims=True)


def _dense(xp: Namespace, features: Array, labels: Array) -> tuple[Array, Array]:
    shifted, exponentials, total = _log_sum(xp, features)
    zero = features.dtype.type(0)
    loss = xp.sum(xp.where(labels == 0, zero, labels * (xp.log(total) - shifted)), axis=-1)
    return loss, exponentials / total - labels


def _device_dense(xp: Namespace, features: Array, labels: Array) -> tuple[Array, Array]:
    if dense.cross_entropy_suits(features, labels):
        return dense.cross_entropy(features, labels)
    return _dense(xp, features, labels)


def _rows(grad: Tensor, of: Tensor) -> Tensor:
    """``of``, each row times its number in ``grad``."""
    return apply("ExpandDims", grad, -1) * of


def _backprop_gradient(op: Operation, grad_backprop: Tensor) -> Tensor:
    """The derivative of (grad_backprop · backprop) with respect to the logits."""
    softmax = apply("Softmax", op.inputs[0])
    return (grad_backprop - apply("Sum", grad_backprop * softmax, [-1], keep_dims=True)) * softmax


def _dense_gradient(op: Operation, grad_loss: Tensor, grad_backprop: Tensor) -> list[Tensor]:
    logits_grad = _rows(grad_loss, op.outputs[1])
    labels_grad = _rows(grad_loss, -apply("LogSoftmax", op.inputs[0]))
    if grad_backprop.op.type != "ZerosLike":
        logits_grad = logits_grad + _backprop_gradient(op, grad_backprop)
        labels_grad = labels_grad - grad_backprop
    return [logits_grad, labels_grad]


register(
    "SoftmaxCrossEntropyWithLogits", "features: T, labels: T -> loss: T, backprop: T", types={"T": FLOATS},
    shape=_dense_shape, compute=_dense, device=_device_dense, gradient=_dense_gradient,
)  # fmt: skip


def _sparse_shape(op: Operation) -> list[Any]:
    features = op.inputs[0].shape.with_rank(2)
    rows = features[:1].merge_with(op.inputs[1].shape.with_rank(1))
    return [rows, rows.concatenate(features[1:])]


def _sparse(xp: Namespace, features: Array, labels: Array, *, ctx: Any) -> tuple[Array, Array]:
    classes = features.shape[-1]
    ctx.check(
        xp.all((labels >= 0) & (labels < classes)),
        f"Received a label value outside the valid range of [0, {classes}): logits have {classes} columns, one per "
        f"class, so labels are whole numbers from 0 to {classes - 1}.",
    )
    shifted, exponentials, total = _log_sum(xp, features)
    chosen = xp.arange(classes, dtype=labels.dtype) == labels[:, None]
    zero, one = features.dtype.type(0), features.dtype.type(1)
    loss = xp.sum(xp.where(chosen, xp.log(total) - shifted, zero), axis=-1)
    return loss, exponentials / total - xp.where(chosen, one, zero)


def _sparse_gradient(op: Operation, grad_loss: Tensor, grad_backprop: Tensor) -> list[Any]:
    logits_grad = _rows(grad_loss, op.outputs[1])
    if grad_backprop.op.type != "ZerosLike":
        logits_grad = logits_grad + _backprop_gradient(op, grad_backprop)
    return [logits_grad, None]


register(
    "SparseSoftmaxCrossEntropyWithLogits", "features: T, labels: Tlabels -> loss: T, backprop: T",
    attrs={"Tlabels": int64},
    types={"T": FLOATS, "Tlabels": INDICES}, shape=_sparse_shape, compute=_sparse, gradient=_sparse_gradient,
    checks=True,
)  # fmt: skip


def _require_named(function: str, sentinel: Any, labels: Any, logits: Any) -> None:
    if sentinel is not None:
        raise ValueError(
            f"Only call `{function}` with named arguments (labels=..., logits=..., ...): their order changed once, and "
            f"swapped arguments give wrong numbers without an error. At {user_line()}"
        )
    if labels is None or logits is None:
        raise ValueError(f"Both labels and logits must be provided to `{function}`. At {user_line()}")


def _warn_if_applied(logits: Tensor, squashing: str, function: str) -> None:
    """Warn when the logits have been through ``squashing`` (an op type) already."""
    op = logits.op
    while op.type in ("Identity", "Reshape") and op.inputs:
        op = op.inputs[0].op
    if op.type == squashing:
        line, name = user_line(), squashing.lower()
        warnings.warn_explicit(
            f"{name} was already applied: the logits given to {function} are the output of {op.name!r} ({squashing}), made "
            f"at {op.source}. {function} applies {name} itself; give it the values before {name}.",
            UserWarning, line.filename, line.lineno,
        )  # fmt: skip


def _precise(x: Tensor) -> Tensor:
    """Half-precision values as float32: the sum of exponentials needs it."""
    return apply("Cast", x, DstT="float32") if x.dtype.name in ("float16", "bfloat16") else x


def _as_given(loss: Tensor, logits: Tensor) -> Tensor:
    return loss if loss.dtype is logits.dtype else apply("Cast", loss, DstT=logits.dtype)


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, dim: Any = -1, name: str | None = None,
    axis: Any = None,
) -> Tensor:  # fmt: skip
    """The cross-entropy of softmax(logits) against labels that are constants for backpropagation.

    loss = −Σ_j labels_j · log softmax(logits)_j

    Args:
        labels: the probability of each class, as one row per example (one-hot rows for known classes).
        logits: the network's outputs before softmax, of the shape of ``labels``.
        dim: the axis of the classes; the last by default. ``axis`` is its newer name.
        name: the operation's name.
        axis: see ``dim``.

    Returns:
        The loss of each example: the shape of ``logits`` without the axis of the classes.

    Raises:
        ValueError: if the arguments are not named, or their shapes do not fit.

    Source: TensorFlow 1's ``tf.nn.softmax_cross_entropy_with_logits``.
    """
    _require_named("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        target = apply("StopGradient", convert_to_tensor(labels, name="labels"), name="labels_stop_gradient")
        return _softmax_cross_entropy("softmax_cross_entropy_with_logits", target, logits, axis, dim, scope)


def softmax_cross_entropy_with_logits_v2(
    labels: Any = None, logits: Any = None, axis: Any = None, name: str | None = None, dim: Any = None,
    _sentinel: Any = None,
) -> Tensor:  # fmt: skip
    """The cross-entropy of softmax(logits) against labels, differentiable in both.

    loss = −Σ_j labels_j · log softmax(logits)_j

    Args:
        labels: the probability of each class, as one row per example. Use ``tf.stop_gradient`` on them where they
            depend on what is trained and should not be.
        logits: the network's outputs before softmax, of the shape of ``labels``.
        axis: the axis of the classes; the last by default.
        name: the operation's name.
        dim: the old name of ``axis``.

    Returns:
        The loss of each example: the shape of ``logits`` without the axis of the classes.

    Source: TensorFlow 1's ``tf.nn.softmax_cross_entropy_with_logits_v2``.
    """
    function = "softmax_cross_entropy_with_logits_v2"
    _require_named(function, _sentinel, labels, logits)
    return _softmax_cross_entropy(function, labels, logits, axis, dim, name)


def _softmax_cross_entropy(
    function: str, labels: Any, logits: Any, axis: Any, dim: Any, name: str | None
) -> Tensor:
    along = either_axis(axis, None if axis is not None and dim == -1 else dim)
    with name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as scope:
        given = convert_to_tensor(logits, name="logits")
        target = convert_to_tensor(labels, name="labels")
        _warn_if_applied(given, "Softmax", function)
        try:
            _check_one_hot(given.shape, target.shape)
        except ValueError as error:
            raise ValueError(
                f"{error}\n  {function} received logits {given.name!r} and labels {target.name!r} at {user_line()}"
            ) from None
        scores = _precise(given)
        if target.dtype is not scores.dtype:
            target = apply("Cast", target, DstT=scores.dtype)
        if not is_last(scores, along):
            swap = swapped_with_last(scores, along)
            scores, target = swap(scores), swap(target)
        if scores.shape.ndims == 2:
            if scores.dtype is given.dtype:
                return apply("SoftmaxCrossEntropyWithLogits", scores, target, name=scope)[0]
            return _as_given(apply("SoftmaxCrossEntropyWithLogits", scores, target)[0], given)
        rows, examples = _as_rows(scores)
        loss = apply("SoftmaxCrossEntropyWithLogits", rows, _as_rows(target)[0])[0]
        return _as_given(apply("Reshape", loss, examples, name=scope), given)


def _as_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """``x`` with all axes but the last made one, and the shape of those axes."""
    sizes = apply("Shape", x)
    every = apply("StridedSlice", sizes, [0], [-1], [1], begin_mask=1)
    last = apply("StridedSlice", sizes, [-1], [0], [1], end_mask=1)
    return apply("Reshape", x, apply("ConcatV2", [[-1], last], 0)), every


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The cross-entropy of softmax(logits) against class numbers: −log softmax(logits)_label.

    Args:
        labels: the class of each example, int32 or int64 in [0, number of classes), of the shape of ``logits``
            without its last axis.
        logits: the network's outputs before softmax, one per class along the last axis.
        name: the operation's name.

    Returns:
        The loss of each example, of the shape of ``labels``.

    >>> loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 1], logits=[[0.0, 0.0], [9.0, 0.0]])
    >>> with tf.Session() as sess:
    ...     print(sess.run(loss).round(3))
    [0.693 9.   ]

    Raises:
        ValueError: if the arguments are not named, or their ranks do not fit.
        InvalidArgumentError: in the run, if a label is out of range.

    Source: TensorFlow 1's ``tf.nn.sparse_softmax_cross_entropy_with_logits``.
    """
    function = "sparse_softmax_cross_entropy_with_logits"
    _require_named(function, _sentinel, labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]) as scope:
        target = convert_to_tensor(labels, name="labels")
        given = convert_to_tensor(logits, name="logits")
        _warn_if_applied(given, "Softmax", function)
        _check_class_numbers(function, target, given)
        scores = _precise(given)
        if target.shape.ndims == 1 or scores.shape.ndims == 2:
            if scores.dtype is given.dtype:
                return apply("SparseSoftmaxCrossEntropyWithLogits", scores, target, name=scope)[0]
            return _as_given(apply("SparseSoftmaxCrossEntropyWithLogits", scores, target)[0], given)
        rows, examples = _as_rows(scores)
        loss = apply("SparseSoftmaxCrossEntropyWithLogits", rows, apply("Reshape", target, [-1]))[0]
        return _as_given(apply("Reshape", loss, examples, name=scope), given)


def _check_class_numbers(function: str, labels: Tensor, logits: Tensor) -> None:
    given, wanted = labels.shape.ndims, logits.shape.ndims
    place = f"{function} received labels {labels.name!r} and logits {logits.name!r} at {user_line()}"
    if wanted == 0:
        raise ValueError(f"Logits cannot be scalars - received shape {logits.shape}.\n  {place}")
    if given is not None and wanted is not None and given != wanted - 1:
        raise ValueError(
            f"Rank mismatch: Rank of labels (received {given}) should equal rank of logits minus 1 (received {wanted}): "
            f"labels {labels.shape} are class numbers, one per row of logits {logits.shape}. For one-hot labels use "
            f"tf.nn.softmax_cross_entropy_with_logits, or tf.argmax(labels, 1) here.\n  {place}"
        )
    if wanted is not None and not labels.shape.is_compatible_with(logits.shape[:-1]):
        raise ValueError(
            f"Shape mismatch: The shape of labels {labels.shape} should equal the shape of logits except for the last "
            f"dimension {logits.shape}.\n  {place}"
        )
    if not labels.dtype.is_integer:
        raise TypeError(
            f"labels are class numbers of type int32 or int64, not {labels.dtype.name}. Use tf.cast(labels, tf.int64), or "
            f"tf.nn.softmax_cross_entropy_with_logits for rows of probabilities.\n  {place}"
        )


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The cross-entropy of sigmoid(logits) against labels, for classes that do not exclude each other.

    With x the logits and z the labels: −z·log σ(x) − (1−z)·log(1−σ(x)) = max(x, 0) − x·z + log(1 + exp(−|x|))

    Args:
        labels: the probability of each class, of the type and shape of ``logits``.
        logits: the network's outputs before the sigmoid.
        name: the operation's name.

    Returns:
        The loss of each class of each example, of the shape of ``logits``.

    Raises:
        ValueError: if the arguments are not named, or their shapes differ.

    Source: TensorFlow 1's ``tf.nn.sigmoid_cross_entropy_with_logits``.
    """
    function = "sigmoid_cross_entropy_with_logits"
    _require_named(function, _sentinel, labels, logits)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        x, z = _same_shape(function, logits, labels)
        zeros = apply("ZerosLike", x)
        positive = apply("GreaterEqual", x, zeros)
        linear = apply("Sub", apply("Select", positive, x, zeros), apply("Mul", x, z, name="mul"), name="sub")
        smallest = apply("Select", positive, apply("Neg", x), x)
        return apply("AddV2", linear, apply("Log1p", apply("Exp", smallest)), name=scope)


def _same_shape(function: str, logits: Any, labels: Any) -> tuple[Tensor, Tensor]:
    x = convert_to_tensor(logits, name="logits")
    z = convert_to_tensor(labels, name="labels", dtype=None if isinstance(labels, Tensor) else x.dtype)
    _warn_if_applied(x, "Sigmoid", function)
    if not x.shape.is_compatible_with(z.shape):
        raise ValueError(
            f"logits and labels must have the same shape ({x.shape} vs {z.shape}).\n  {function} received logits "
            f"{x.name!r} and labels {z.name!r} at {user_line()}"
        )
    return x, z


def weighted_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    pos_weight: Any = None,
    name: str | None = None,
    targets: Any = None,
) -> Tensor:
    """The sigmoid cross-entropy in which a missed positive costs ``pos_weight`` times as much.

    With x the logits, z the labels, q the weight and l = 1 + (q − 1)·z:
    (1 − z)·x + l·(log(1 + exp(−|x|)) + max(−x, 0))

    Args:
        labels: the probability of each class, of the type and shape of ``logits``.
        logits: the network's outputs before the sigmoid.
        pos_weight: the weight q; above 1 for fewer misses, below 1 for fewer false alarms.
        name: the operation's name.
        targets: the old name of ``labels``.

    Returns:
        The loss of each class of each example, of the shape of ``logits``.

    Raises:
        ValueError: if the shapes differ, or labels are given twice.

    Source: TensorFlow 1's ``tf.nn.weighted_cross_entropy_with_logits``.
    """
    if targets is not None:
        if labels is not None:
            raise ValueError(f"Cannot specify both 'labels' and 'targets', its old name. At {user_line()}")
        labels = targets
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        x, z = _same_shape("weighted_cross_entropy_with_logits", logits, labels)
        weight = 1 + (pos_weight - 1) * z
        softplus = apply("Log1p", apply("Exp", -apply("Abs", x))) + apply("Relu", -x)
        return apply("AddV2", (1 - z) * x, weight * softplus, name=scope)
