"""What the neural-network ops say when they are used wrongly, and when they are used doubtfully."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.graph.build import apply


def images(*shape: int | None) -> Any:
    return tf.placeholder(tf.float32, list(shape), name="images")


def test_colour_images_in_a_network_for_grey_ones() -> None:
    with pytest.raises(
        ValueError, match=r"input depth 3 must equal the filter's 1.*rgb_to_grayscale"
    ) as raised:
        tf.nn.conv2d(images(None, 28, 28, 3), tf.zeros([5, 5, 1, 32]), [1, 1, 1, 1], "SAME", name="layer1")
    text = str(raised.value)
    assert "'layer1' (Conv2D)" in text
    assert "test_nn_errors.py" in text


def test_grey_images_in_a_network_for_colour_ones() -> None:
    with pytest.raises(ValueError, match=r"input depth 1 must equal the filter's 3.*grayscale_to_rgb"):
        tf.nn.conv2d(images(None, 28, 28, 1), tf.zeros([5, 5, 3, 32]), [1, 1, 1, 1], "SAME")


def test_images_in_the_other_layout() -> None:
    with pytest.raises(ValueError, match=r"Axis 1 of the input has 4: is data_format the other one\?"):
        tf.nn.conv2d(images(None, 4, 28, 28), tf.zeros([5, 5, 4, 32]), [1, 1, 1, 1], "SAME")


def test_a_missing_batch_dimension() -> None:
    with pytest.raises(ValueError, match=r"must have rank 4.*tf.expand_dims\(x, 0\)"):
        tf.nn.conv2d(images(28, 28, 1), tf.zeros([5, 5, 1, 32]), [1, 1, 1, 1], "SAME")
    with pytest.raises(ValueError, match=r"must have rank 4.*tf.expand_dims\(x, 0\)"):
        tf.nn.max_pool(images(28, 28, 1), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")


def test_images_that_are_still_rows() -> None:
    with pytest.raises(ValueError, match=r"tf.reshape\(x, \[-1, height, width, channels\]\)"):
        tf.nn.conv2d(images(None, 784), tf.zeros([5, 5, 1, 32]), [1, 1, 1, 1], "SAME")


def test_a_window_larger_than_the_image() -> None:
    x = images(None, 4, 4, 1)
    rule = r"\(W − F \+ 2P\)/S \+ 1 = \(4 − 5 \+ 0\)/2 \+ 1 is less than 1"
    with pytest.raises(ValueError, match=rule):
        tf.nn.conv2d(x, tf.zeros([5, 5, 1, 8]), [1, 2, 2, 1], "VALID")
    with pytest.raises(ValueError, match=rule):
        tf.nn.max_pool(x, [1, 5, 5, 1], [1, 2, 2, 1], "VALID")


def test_the_output_size_is_the_formulas() -> None:
    x = images(None, 32, 32, 3)
    padded = tf.nn.conv2d(x, tf.zeros([5, 5, 3, 12]), [1, 3, 3, 1], [[0, 0], [2, 2], [2, 2], [0, 0]])
    assert padded.shape.as_list() == [None, (32 - 5 + 2 * 2) // 3 + 1, (32 - 5 + 2 * 2) // 3 + 1, 12]
    assert tf.nn.conv2d(x, tf.zeros([5, 5, 3, 12]), [1, 1, 1, 1], "SAME").shape.as_list() == [
        None,
        32,
        32,
        12,
    ]
    assert tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME").shape.as_list() == [None, 16, 16, 3]


def test_unknown_shapes_stay_unknown() -> None:
    x = tf.placeholder(tf.float32, None)
    filters = tf.placeholder(tf.float32, [5, 5, 3, 12])
    y = tf.nn.conv2d(x, filters, [1, 1, 1, 1], "SAME")
    assert y.shape.as_list() == [None, None, None, 12]
    gradient = tf.gradients(y, [x, filters])
    assert gradient[1].shape.as_list() == [5, 5, 3, 12]
    wide = tf.nn.max_pool(images(None, None, None, 3), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    assert wide.shape.as_list() == [None, None, None, 3]


def test_shapes_that_turn_out_wrong_when_fed() -> None:
    x = tf.placeholder(tf.float32, None)
    y = tf.nn.conv2d(x, tf.zeros([5, 5, 3, 12]), [1, 1, 1, 1], "VALID")
    for executor in ("xla", "python"):
        with tf.Session(executor=executor) as session:
            assert session.run(y, {x: [[[[1.0] * 3] * 6] * 5]}).shape == (1, 1, 2, 12)
            with pytest.raises(
                tf.errors.InvalidArgumentError, match="input depth 1 must equal the filter's 3"
            ):
                session.run(y, {x: [[[[1.0]] * 6] * 5]})


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"strides": [1, 1, 1, 1]}, "padding must be given"),
        ({"strides": [1, 1, 1, 1], "padding": "same"}, "'same' for attribute 'padding'.*'SAME', 'VALID'"),
        ({"strides": [2, 1, 1, 1], "padding": "SAME"}, "strides must be 1 for the batch"),
        ({"strides": [1, 0, 1, 1], "padding": "SAME"}, "strides must be positive"),
        ({"strides": [1, 1, 1], "padding": "SAME"}, "strides should be of length 1, 2 or 4 but was 3"),
        ({"strides": [1, 1, 1, 1], "padding": [[0, 0], [1, 1], [1, 1]]}, "explicit_paddings needs 8 numbers"),
        ({"strides": [1, 1, 1, 1], "padding": [[1, 0], [0, 0], [0, 0], [0, 0]]}, "Only the spatial axes"),
        (
            {"strides": [1, 1, 1, 1], "padding": "SAME", "filters": [[[[1.0]]]]},
            "only one of 'filter' and 'filters'",
        ),
    ],
)
def test_arguments_of_a_convolution(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tf.nn.conv2d(images(None, 8, 8, 1), tf.zeros([3, 3, 1, 2]), **keywords)


def test_an_output_shape_that_no_transposed_convolution_has() -> None:
    x = images(2, 14, 14, 8)
    with pytest.raises(ValueError, match=r"out_backprop has shape \(2, 14, 14, 8\).*W/S up.*output_shape"):
        tf.nn.conv2d_transpose(x, tf.zeros([5, 5, 4, 8]), [2, 30, 28, 4], [1, 2, 2, 1], "SAME")


def test_pooling_over_the_batch() -> None:
    with pytest.raises(ValueError, match="over the batch dimension is not supported"):
        tf.nn.max_pool(images(4, 4, 4, 1), [2, 1, 1, 1], [2, 1, 1, 1], "VALID")


def test_a_bias_of_another_length() -> None:
    with pytest.raises(ValueError, match=r"one value per channel.*has 32 \(axis 3\), the bias 64"):
        tf.nn.bias_add(images(None, 28, 28, 32), tf.zeros([64]))


def test_cross_entropies_want_names() -> None:
    x = images(None, 10)
    for function in (
        tf.nn.softmax_cross_entropy_with_logits,
        tf.nn.sparse_softmax_cross_entropy_with_logits,
        tf.nn.sigmoid_cross_entropy_with_logits,
    ):
        with pytest.raises(ValueError, match=r"with named arguments \(labels=..., logits=..., ...\)"):
            function(x, x)
        with pytest.raises(ValueError, match="Both labels and logits must be provided"):
            function(logits=x)


@pytest.mark.parametrize("dtype", [tf.int64, tf.float32])
def test_class_numbers_where_one_hot_rows_are_due(dtype: Any) -> None:
    labels = tf.placeholder(dtype, [None])
    with pytest.raises(ValueError, match=r"use tf.nn.sparse_softmax_cross_entropy_with_logits.*tf.one_hot"):
        tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=images(None, 10))


def test_one_hot_rows_where_class_numbers_are_due() -> None:
    labels = tf.placeholder(tf.int64, [None, 10])
    with pytest.raises(
        ValueError, match=r"Rank mismatch: Rank of labels \(received 2\).*tf.argmax\(labels, 1\)"
    ):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=images(None, 10))
    with pytest.raises(TypeError, match="labels are class numbers of type int32 or int64, not float32"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=images(None), logits=images(None, 10))


def test_another_number_of_classes() -> None:
    with pytest.raises(ValueError, match=r"logits have \(\?, 10\), labels \(\?, 4\)"):
        tf.nn.softmax_cross_entropy_with_logits(labels=images(None, 4), logits=images(None, 10))


@pytest.mark.parametrize("executor", ["xla", "python"])
def test_a_label_out_of_range(executor: str) -> None:
    labels = tf.placeholder(tf.int32, [None])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.zeros([2, 10]))
    with tf.Session(executor=executor) as session:
        session.run(loss, {labels: [0, 9]})
        for wrong in (10, -1):
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"outside the valid range of \[0, 10\)"):
                session.run(loss, {labels: [0, wrong]})


def test_softmax_before_the_cross_entropy_is_warned_of() -> None:
    squashed = tf.nn.softmax(images(None, 10), name="answer")
    with pytest.warns(
        UserWarning, match=r"softmax was already applied.*'answer' \(Softmax\).*test_nn_errors"
    ) as seen:
        tf.nn.softmax_cross_entropy_with_logits(labels=images(None, 10), logits=tf.identity(squashed))
    assert seen[0].filename == __file__
    with pytest.warns(UserWarning, match="softmax was already applied"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.placeholder(tf.int32, [None]), logits=squashed
        )
    with pytest.warns(UserWarning, match="sigmoid was already applied"):
        tf.nn.sigmoid_cross_entropy_with_logits(labels=images(None, 10), logits=tf.sigmoid(images(None, 10)))


def test_old_and_new_names_of_an_argument_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="Cannot specify both 'axis' and 'dim'"):
        tf.nn.softmax(images(None, 10), axis=1, dim=1)
    with pytest.raises(ValueError, match="Cannot specify both 'keepdims' and 'keep_dims'"):
        tf.nn.moments(images(None, 10), [0], keep_dims=True, keepdims=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"`dim` must be in the range \[-2, 2\)"):
        tf.nn.softmax(images(None, 10), axis=2)


def test_softmax_of_an_unknown_rank() -> None:
    x = tf.placeholder(tf.float32, None)
    y = tf.nn.softmax(x, axis=0)
    with tf.Session() as session:
        assert session.run(y, {x: [[0.0, 0.0], [0.0, 0.0]]}).tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_fused_batch_norm_needs_moments_when_not_training() -> None:
    with pytest.raises(ValueError, match="Both mean and variance must be given"):
        tf.nn.fused_batch_norm(images(None, 4, 4, 2), [1.0, 1.0], [0.0, 0.0], is_training=False)
    with pytest.raises(ValueError, match=r"one value per channel, shape \(2,\)"):
        tf.nn.fused_batch_norm(images(None, 4, 4, 2), [1.0], [0.0, 0.0])


def test_more_different_classes_than_there_are() -> None:
    with pytest.raises(ValueError, match="There are no 11 different classes"):
        tf.nn.log_uniform_candidate_sampler(tf.constant([[1]], tf.int64), 1, 11, True, 10)


def test_initializers_say_what_they_want() -> None:
    with pytest.raises(ValueError, match="mode must be one of fan_in, fan_out, fan_avg, got 'in'"):
        tf.variance_scaling_initializer(mode="in")
    with pytest.raises(ValueError, match="at least two axes"):
        tf.orthogonal_initializer()([3])


def test_zeros_initializer_as_programs_before_1_0_wrote_it() -> None:
    assert tf.zeros_initializer([2, 3]).shape.as_list() == [2, 3]
    assert tf.ones_initializer(shape=[2], dtype=tf.int32).dtype == tf.int32
    assert tf.zeros_initializer(tf.float64)([2]).dtype == tf.float64
    variable = tf.get_variable("b", [4], initializer=tf.zeros_initializer)
    assert variable.shape.as_list() == [4]


@pytest.mark.parametrize(
    ("size", "stride", "expected"),
    [((2, 2), (2, 2), [1, 0, 1, 0, 0, 0, 0, 0]), ((2, 3), (1, 1), [1, 1, 0, 0, 0, 0, 0, 0])],
)
def test_the_first_of_equal_maxima_gets_the_gradient(
    size: tuple[int, int], stride: tuple[int, int], expected: list[int]
) -> None:
    x = tf.placeholder(tf.float32, [1, 2, 4, 1])
    gradient = tf.gradients(tf.nn.max_pool(x, [1, *size, 1], [1, *stride, 1], "VALID"), x)[0]
    for executor in ("xla", "python"):
        with tf.Session(executor=executor) as session:
            found = session.run(gradient, {x: [[[[5.0]] * 4] * 2]})
        assert found.ravel().tolist() == expected


def run_on_ones(make: Any, *shapes: tuple[int, ...]) -> Any:
    """What an operation gives whose inputs' shapes are known only when it runs."""
    with tf.Graph().as_default():
        inputs = [tf.placeholder(tf.float32) for _ in shapes]
        result = make(*inputs)
        with tf.Session() as session:
            return session.run(result, {x: np.ones(s) for x, s in zip(inputs, shapes, strict=True)})


@pytest.mark.parametrize("op", ["MaxPoolGrad", "AvgPoolGrad"])
def test_a_gradient_of_another_shape_than_the_pooled_images(op: str) -> None:
    window: dict[str, Any] = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}

    def make(x: Any, y: Any, grad: Any) -> Any:
        given = [x, y] if op == "MaxPoolGrad" else [np.array([4, 8, 8, 3], np.int32)]
        return apply(op, *given, grad, **window)

    shapes = (4, 8, 8, 3), (4, 4, 4, 3)
    assert run_on_ones(make, *shapes, (4, 4, 4, 3)).shape == (4, 8, 8, 3)
    text = r"an input of shape \(4, 8, 8, 3\) gives shape \(4, 4, 4, 3\), but grad has shape \(1, 2, 2, 3\)"
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        run_on_ones(make, *shapes, (1, 2, 2, 3))


def test_a_gradient_of_another_shape_than_the_normalized_images() -> None:
    def make(*inputs: Any) -> Any:
        return apply("FusedBatchNormGradV2", *inputs)[0]

    vectors = (3,), (3,), (3,)
    assert run_on_ones(make, (4, 8, 8, 3), (4, 8, 8, 3), *vectors).shape == (4, 8, 8, 3)
    text = r"must have the input's shape \(4, 8, 8, 3\), but has \(1, 2, 2, 3\)"
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        run_on_ones(make, (1, 2, 2, 3), (4, 8, 8, 3), *vectors)


@pytest.mark.parametrize(
    ("maps", "text"), [((2, 8), "it has 2, and there are 4 images"), ((4, 7), "8 columns.* and has 7")]
)
def test_maps_that_do_not_fit_the_images(maps: tuple[int, int], text: str) -> None:
    def make(images: Any, transforms: Any) -> Any:
        return apply(
            "ImageProjectiveTransformV3", images, transforms, np.array([8, 8], np.int32), 0.0,
            interpolation="BILINEAR", fill_mode="NEAREST",
        )  # fmt: skip

    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        run_on_ones(make, (4, 8, 8, 3), maps)
