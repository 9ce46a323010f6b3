"""What the image ops refuse, and properties of their gradients. Ops: "DecodePng", "DecodeJpeg", "DecodeBmp", "DecodeGif",
"DecodeImage", "EncodePng", "EncodeJpeg", "ExtractJpegShape", "SampleDistortedBoundingBoxV2"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiente as tf

PIXELS = np.random.default_rng(1).integers(0, 256, (6, 5, 3), np.uint8)


def run(fetches: Any, feed: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feed)


def test_a_png_file_comes_back() -> None:
    stored = tf.image.encode_png(PIXELS)
    image = tf.image.decode_png(stored, channels=3)
    assert image.shape.as_list() == [None, None, 3]
    np.testing.assert_array_equal(run(image), PIXELS)
    np.testing.assert_array_equal(run(tf.image.decode_image(stored)), PIXELS)
    np.testing.assert_allclose(
        run(tf.image.decode_image(stored, dtype=tf.float32)), PIXELS / np.float32(255), rtol=1e-6
    )
    deep = (PIXELS.astype(np.uint16) << 8) + 7
    np.testing.assert_array_equal(run(tf.image.decode_png(tf.image.encode_png(deep), dtype=tf.uint16)), deep)


def test_a_jpeg_file_comes_back_nearly() -> None:
    smooth = np.broadcast_to(np.arange(0, 240, 10, dtype=np.uint8)[:, None, None], (24, 16, 3)).copy()
    stored = run(tf.image.encode_jpeg(smooth, quality=95))
    assert run(tf.image.is_jpeg(stored))
    assert not run(tf.image.is_jpeg(tf.image.encode_png(smooth)))
    assert run(tf.image.extract_jpeg_shape(stored)).tolist() == [24, 16, 3]
    decoded = run(tf.image.decode_jpeg(stored)).astype(int)
    assert np.abs(decoded - smooth).max() <= 4
    assert run(tf.image.decode_jpeg(stored, ratio=2, channels=1)).shape == (12, 8, 1)


def test_other_formats() -> None:
    folder = Path(__file__).parents[1] / "golden" / "images"
    assert run(tf.image.decode_gif((folder / "animated.gif").read_bytes())).ndim == 4
    assert run(tf.image.decode_bmp((folder / "colour.bmp").read_bytes())).ndim == 3


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(run(tf.image.encode_png(PIXELS))[:40])
    for decode in (tf.image.decode_png, tf.image.decode_image, tf.image.decode_jpeg):
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"broken\.png: .*\n.*made at .*test_image_ops\.py"
        ):
            run(decode(tf.read_file(str(path))))
    path.write_bytes(b"no image")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"broken\.png: Unknown image file format"):
        run(tf.image.decode_image(tf.read_file(str(path))))


def test_channels_are_checked_while_building() -> None:
    with pytest.raises(ValueError, match="channels must be 0"):
        tf.image.decode_png("", channels=2)


@pytest.mark.parametrize("kind", ["bilinear", "bicubic", "nearest_neighbor"])
@pytest.mark.parametrize("corners", [False, True])
def test_a_gradient_of_resizing_is_its_adjoint(kind: str, corners: bool) -> None:
    """Resizing is linear, so that sum(resize(x)·w) = sum(x·gradient) for all x and w; the second gradient is w's."""
    rng = np.random.default_rng(3)
    x = tf.constant(rng.standard_normal((2, 4, 5, 3)).astype(np.float32))
    w = tf.constant(rng.standard_normal((2, 7, 3, 3)).astype(np.float32))
    resized = getattr(tf.image, f"resize_{kind}")(x, [7, 3], align_corners=corners)
    gradient = tf.gradients(resized, x, w)[0]
    forward, backward = tf.reduce_sum(resized * w), tf.reduce_sum(x * gradient)
    second = tf.gradients(tf.reduce_sum(gradient * x), w)[0]
    values = run([forward, backward, resized, second])
    np.testing.assert_allclose(values[0], values[1], rtol=1e-4)
    np.testing.assert_allclose(values[2], values[3], atol=1e-5)


def test_sizes_as_programs_before_1_0_gave_them() -> None:
    image = tf.constant(PIXELS)
    new = run(tf.image.resize_images(image, [3, 4], tf.image.ResizeMethod.AREA))
    np.testing.assert_array_equal(run(tf.image.resize_images(image, 3, 4, tf.image.ResizeMethod.AREA)), new)
    named = tf.image.resize_images(image, new_height=3, new_width=4, method=tf.image.ResizeMethod.AREA)
    np.testing.assert_array_equal(run(named), new)


def test_sizes_that_are_wrong() -> None:
    image = tf.constant(PIXELS)
    with pytest.raises(ValueError, match="either 3 or 4 dimensions"):
        tf.image.resize_images(image[0], [3, 4])
    with pytest.raises(ValueError, match="rank of an image must be known"):
        tf.image.resize_images(tf.placeholder(tf.float32), [3, 4])
    with pytest.raises(ValueError, match="must be positive"):
        tf.image.resize_images(image, [0, 4])
    with pytest.raises(ValueError, match="method is not implemented"):
        tf.image.resize_images(image, [3, 4], 9)
    with pytest.raises(ValueError, match="1-D Tensor of 2 elements"):
        tf.image.resize_images(image, [3, 4, 5])


def test_crops_that_do_not_fit() -> None:
    image = tf.constant(PIXELS)
    with pytest.raises(ValueError, match=r"height must be >= target \+ offset: 6 < 4 \+ 3"):
        tf.image.crop_to_bounding_box(image, 3, 0, 4, 2)
    with pytest.raises(ValueError, match="offset_width must be >= 0"):
        tf.image.crop_to_bounding_box(image, 0, -1, 4, 2)
    with pytest.raises(ValueError, match="height must be <= target - offset: it is 3 too large"):
        tf.image.pad_to_bounding_box(image, 1, 0, 4, 9)
    with pytest.raises(ValueError, match=r"central_fraction must be within \(0, 1\]"):
        tf.image.central_crop(image, 0.0)
    with pytest.raises(ValueError, match="target_height must be > 0"):
        tf.image.resize_image_with_crop_or_pad(image, 0, 3)


def test_shapes_that_only_a_run_knows() -> None:
    image = tf.placeholder(tf.uint8, [None, None, 3])
    wanted = {
        "crop_or_pad": tf.image.resize_image_with_crop_or_pad(image, 4, 8),
        "central": tf.image.central_crop(image, 0.5),
        "resized": tf.image.resize_images(image, [3, 3]),
        "padded": tf.image.resize_image_with_pad(image, 8, 8),
        "proportions": tf.image.resize_images(image, [12, 12], preserve_aspect_ratio=True),
    }
    fixed = tf.constant(PIXELS)
    expected = {
        "crop_or_pad": tf.image.resize_image_with_crop_or_pad(fixed, 4, 8),
        "central": tf.image.central_crop(fixed, 0.5),
        "resized": tf.image.resize_images(fixed, [3, 3]),
        "padded": tf.image.resize_image_with_pad(fixed, 8, 8),
        "proportions": tf.image.resize_images(fixed, [12, 12], preserve_aspect_ratio=True),
    }
    assert wanted["crop_or_pad"].shape.as_list() == [4, 8, 3]
    assert wanted["central"].shape.as_list() == [None, None, 3]
    found = run([wanted, expected], {image: PIXELS})
    for name, value in found[0].items():
        np.testing.assert_allclose(value, found[1][name], rtol=1e-6, err_msg=name)


def test_colours_that_are_missing() -> None:
    grey = tf.zeros([4, 4, 1])
    with pytest.raises(ValueError, match="rgb_to_grayscale takes RGB"):
        tf.image.rgb_to_grayscale(grey)
    with pytest.raises(ValueError, match="grayscale_to_rgb takes grey"):
        tf.image.grayscale_to_rgb(tf.zeros([4, 4, 3]))
    with pytest.raises(ValueError, match="RGB images"):
        tf.image.adjust_hue(grey, 0.1)


def test_strengths_that_are_wrong() -> None:
    image = tf.zeros([4, 4, 3])
    for make, text in (
        (lambda: tf.image.random_brightness(image, -1), "max_delta must be non-negative"),
        (lambda: tf.image.random_contrast(image, 2, 1), "upper must be > lower"),
        (lambda: tf.image.random_saturation(image, -2, 1), "lower must be non-negative"),
        (lambda: tf.image.random_hue(image, 0.6), "max_delta must be between 0 and 0.5"),
        (lambda: tf.image.adjust_gamma(image, -1), "Gamma should be"),
    ):
        with pytest.raises(ValueError, match=text):
            make()


def test_a_box_must_be_inside_the_image() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"must be in \[0.0, 1.0\]"):
        run(tf.image.sample_distorted_bounding_box([10, 10, 3], [[[0.0, 0.0, 1.5, 1.0]]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="use_image_if_no_bounding_boxes"):
        run(tf.image.sample_distorted_bounding_box([10, 10, 3], np.zeros((1, 0, 4), np.float32)))
    begin, size, _ = run(
        tf.image.sample_distorted_bounding_box(
            [10, 10, 3], np.zeros((1, 0, 4), np.float32), use_image_if_no_bounding_boxes=True, seed=1
        )
    )
    assert (begin[:2] >= 0).all()
    assert (begin[:2] + size[:2] <= 10).all()


def test_files_of_different_sizes_compile_nothing_of_their_own(tmp_path: Path) -> None:
    name = tf.placeholder(tf.string, [])
    image = tf.image.decode_png(tf.read_file(name), channels=3)
    small = tf.image.resize_images(tf.image.convert_image_dtype(image, tf.float32), [4, 4])
    total = tf.reduce_sum(small)
    with tf.Session() as session:
        for height in range(5, 9):
            path = tmp_path / f"{height}.png"
            session.run(tf.write_file(str(path), tf.image.encode_png(np.full((height, 6, 3), 51, np.uint8))))
            assert session.run(total, {name: str(path)}) == pytest.approx(0.2 * 48, rel=1e-5)
        text = session.as_text(total, {name: str(path)})
    assert text.index("ResizeBilinear(") < text.index("(device)") < text.index("Sum(")
