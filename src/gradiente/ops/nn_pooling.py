"""The public pooling functions: max_pool, avg_pool, max_pool_with_argmax and pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.operation import Tensor
from gradiente.graph.source import user_line
from gradiente.ops.nn_convolutions import either, per_axis, split_padding


def max_pool(
    value: Any = None, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: str | None = "NHWC",
    name: str | None = None, input: Any = None,
) -> Tensor:  # fmt: skip
    """The largest value in each window.

    The output's height and width are (W − F + 2P)/S + 1, rounded down; ⌈W/S⌉ with SAME. In the gradient, the first of
    equal largest values receives it.

    Args:
        value: [batch, height, width, channels]. ``input`` is its newer name.
        ksize: the window's size along each axis, [1, F, F, 1]; a single number serves height and width.
        strides: the step along each axis, [1, S, S, 1].
        padding: ``"SAME"``, ``"VALID"``, or a list of [before, after] per axis. Padding never is the largest.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        name: the operation's name.
        input: see ``value``.

    Raises:
        ValueError: if no window fits, or the ranks do not.

    >>> images = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> with tf.Session() as sess:
    ...     print(sess.run(tf.nn.max_pool(images, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"))[0, :, :, 0])
    [[ 5.  7.]
     [13. 15.]]

    Source: TensorFlow 1's ``tf.nn.max_pool``.
    """
    x = either("max_pool", "value", value, "input", input)
    form = data_format or "NHWC"
    name_of_padding, explicit = split_padding(padding)
    with name_scope(name, "MaxPool", [x]) as scope:
        return apply(
            "MaxPool", convert_to_tensor(x, name="input"), name=scope, ksize=per_axis(ksize, 2, form, "ksize"),
            strides=per_axis(strides, 2, form, "strides"), padding=name_of_padding, explicit_paddings=explicit,
            data_format=form,
        )  # fmt: skip


def avg_pool(
    value: Any = None, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: str | None = "NHWC",
    name: str | None = None, input: Any = None,
) -> Tensor:  # fmt: skip
    """The mean of the values in each window; padding does not count.

    Args:
        value: [batch, height, width, channels]. ``input`` is its newer name.
        ksize: the window's size along each axis, [1, F, F, 1]; a single number serves height and width.
        strides: the step along each axis, [1, S, S, 1].
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        name: the operation's name.
        input: see ``value``.

    Raises:
        ValueError: if no window fits, or the ranks do not.

    Source: TensorFlow 1's ``tf.nn.avg_pool``.
    """
    x = either("avg_pool", "value", value, "input", input)
    form = data_format or "NHWC"
    with name_scope(name, "AvgPool", [x]) as scope:
        return apply(
            "AvgPool", convert_to_tensor(x, name="value"), name=scope, ksize=per_axis(ksize, 2, form, "ksize"),
            strides=per_axis(strides, 2, form, "strides"), padding=padding, data_format=form,
        )  # fmt: skip


def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The largest value in each window of a volume.

    Args:
        input: [batch, depth, height, width, channels].
        ksize: the window's size along each axis, [1, F, F, F, 1].
        strides: the step along each axis, [1, S, S, S, 1].
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NDHWC"`` or ``"NCDHW"``.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.max_pool3d``.
    """
    return _pool3d("MaxPool3D", input, ksize, strides, padding, data_format, name)


def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The mean of the values in each window of a volume; padding does not count.

    Args:
        input: [batch, depth, height, width, channels].
        ksize: the window's size along each axis, [1, F, F, F, 1].
        strides: the step along each axis, [1, S, S, S, 1].
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NDHWC"`` or ``"NCDHW"``.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.avg_pool3d``.
    """
    return _pool3d("AvgPool3D", input, ksize, strides, padding, data_format, name)


def _pool3d(
    op_type: str, x: Any, ksize: Any, strides: Any, padding: str, data_format: str | None, name: str | None
) -> Tensor:
    form = data_format or "NDHWC"
    return apply(
        op_type, x, name=name, ksize=per_axis(ksize, 3, form, "ksize"), strides=per_axis(strides, 3, form, "strides"),
        padding=padding, data_format=form,
    )  # fmt: skip


def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """The largest value in each window of a sequence.

    Args:
        input: [batch, width, channels] (``"NWC"``), or [batch, channels, width] (``"NCW"``).
        ksize: the window's size: a number, or one per axis.
        strides: the step: a number, or one per axis.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NWC"`` or ``"NCW"``.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.max_pool1d``.
    """
    return _pool1d("MaxPool", input, ksize, strides, padding, data_format, name)


def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """The mean of the values in each window of a sequence; padding does not count.

    Args:
        input: [batch, width, channels] (``"NWC"``), or [batch, channels, width] (``"NCW"``).
        ksize: the window's size: a number, or one per axis.
        strides: the step: a number, or one per axis.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NWC"`` or ``"NCW"``.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.avg_pool1d``.
    """
    return _pool1d("AvgPool", input, ksize, strides, padding, data_format, name)


def _pool1d(
    op_type: str, x: Any, ksize: Any, strides: Any, padding: str, data_format: str, name: str | None
) -> Tensor:
    form = "NCHW" if data_format.startswith("NC") else "NHWC"
    at = 2 if form == "NCHW" else 1
    window, step = per_axis(ksize, 1, form, "ksize"), per_axis(strides, 1, form, "strides")
    window.insert(at, 1)
    step.insert(at, 1)
    with name_scope(name, f"{op_type}1d", [x]) as scope:
        flat = apply(
            op_type, apply("ExpandDims", x, at), ksize=window, strides=step, padding=padding, data_format=form
        )
        return apply("Squeeze", flat, squeeze_dims=[at], name=scope)


def max_pool_with_argmax(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", Targmax: Any = None,
    name: str | None = None, output_dtype: Any = None, include_batch_in_index: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The largest value in each window, and where it lies: the element's number in its flattened example.

    Args:
        input: [batch, height, width, channels].
        ksize: the window's size along each axis, [1, F, F, 1].
        strides: the step along each axis, [1, S, S, 1].
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NHWC"``, the only one.
        Targmax: the type of the numbers, int64 or int32.
        name: the operation's name.
        output_dtype: the newer name of ``Targmax``.
        include_batch_in_index: number the elements through the batch instead, ((b·H + y)·W + x)·C + c.

    Returns:
        The largest values, and (y·W + x)·C + c of each.

    Source: TensorFlow 1's ``tf.nn.max_pool_with_argmax``.
    """
    if data_format != "NHWC":
        raise ValueError(
            f"max_pool_with_argmax has data_format 'NHWC' only, not {data_format!r}. At {user_line()}"
        )
    return apply(
        "MaxPoolWithArgmax", input, name=name, ksize=per_axis(ksize, 2, "NHWC", "ksize"),
        strides=per_axis(strides, 2, "NHWC", "strides"), padding=padding, Targmax=Targmax or output_dtype or "int64",
        include_batch_in_index=include_batch_in_index,
    )  # fmt: skip


def pool(
    input: Any, window_shape: Sequence[int], pooling_type: str, padding: Any, dilation_rate: Any = None,
    strides: Any = None, name: str | None = None, data_format: str | None = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Pooling over one, two or three spatial axes.

    Args:
        input: [batch, *spatial, channels], or [batch, channels, *spatial] with ``data_format`` ``"NC..."``.
        window_shape: the window's size along each spatial axis.
        pooling_type: ``"MAX"`` or ``"AVG"``.
        padding: ``"SAME"`` or ``"VALID"``.
        dilation_rate: must be 1 here.
        strides: the step along each spatial axis; 1 by default.
        name: the operation's name.
        data_format: the layout, for instance ``"NWC"``, ``"NCHW"``.
        dilations: the newer name of ``dilation_rate``.

    Raises:
        ValueError: if the pooling type is unknown, or the windows are dilated.

    Source: TensorFlow 1's ``tf.nn.pool``.
    """
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(f"pooling_type is 'MAX' or 'AVG', not {pooling_type!r}. At {user_line()}")
    spread = dilation_rate if dilations is None else dilations
    if spread is not None and any(int(d) != 1 for d in ([spread] if isinstance(spread, int) else spread)):
        raise ValueError(f"pool has no dilated windows (dilation_rate {spread!r}). At {user_line()}")
    spatial = len(window_shape)
    if not 1 <= spatial <= 3:
        raise ValueError(
            f"window_shape has 1, 2 or 3 sizes, one per spatial axis, not {window_shape!r}. At {user_line()}"
        )
    first = data_format is not None and data_format.startswith("NC")
    step = [1] * spatial if strides is None else strides
    if spatial == 1:
        function = max_pool1d if pooling_type == "MAX" else avg_pool1d
        return function(input, list(window_shape), step, padding, "NCW" if first else "NWC", name)
    if spatial == 2:
        function = max_pool if pooling_type == "MAX" else avg_pool
        return function(input, list(window_shape), step, padding, "NCHW" if first else "NHWC", name)
    function = max_pool3d if pooling_type == "MAX" else avg_pool3d
    return function(input, list(window_shape), step, padding, "NCDHW" if first else "NDHWC", name)
