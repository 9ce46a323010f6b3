"""The colours of images: brightness, contrast, hue, saturation, gamma, and standardization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import float16, float32, uint8
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.image_convert import as_floats, colours_of, convert_image_dtype, hue_of
from gradiente.ops.random_ops import random_uniform

_SMALL_FLOATS = (float16, float32)


def _image_shape(op: Operation) -> list[TensorShape]:
    op.inputs[1].shape.assert_has_rank(0)
    return [op.inputs[0].shape.with_rank_at_least(3)]


# AdjustContrastv2


def _contrast(xp: Namespace, images: Array, contrast_factor: Array) -> Array:
    wide = images.astype(xp.float32)
    mean = wide.mean(axis=(-3, -2), keepdims=True, dtype=xp.float32)
    return ((wide - mean) * contrast_factor + mean).astype(images.dtype)


def _contrast_gradient(op: Operation, grad: Tensor) -> list[Any]:
    images, factor = op.inputs
    mean = apply("Mean", images, [-3, -2], keep_dims=True)
    moved = apply("Cast", apply("Mul", grad, apply("Sub", images, mean)), DstT=float32)
    axes = apply("Range", 0, apply("Rank", moved), 1)
    return [apply("AdjustContrastv2", grad, factor), apply("Sum", moved, axes)]


register(
    "AdjustContrastv2", "images: T, contrast_factor: float32 -> output: T", attrs={"T": float32},
    types={"T": _SMALL_FLOATS}, shape=_image_shape, compute=_contrast, gradient=_contrast_gradient,
)  # fmt: skip

# AdjustHue, AdjustSaturation


def _colour_image_shape(op: Operation) -> list[TensorShape]:
    (shape,) = _image_shape(op)
    if shape.plain is not None and shape.plain[-1] not in (None, 3):
        raise ValueError(f"Hue and saturation are those of RGB images, [..., 3]; the shape is {shape}.")
    return [shape]


def _hue(xp: Namespace, images: Array, delta: Array) -> Array:
    wide = images.astype(xp.float32)
    hue, high, low = hue_of(xp, wide)
    turned = hue + delta
    colours = colours_of(xp, turned - xp.floor(turned))
    return (low[..., None] + (high - low)[..., None] * colours).astype(images.dtype)


def _saturation(xp: Namespace, images: Array, scale: Array) -> Array:
    wide = images.astype(xp.float32)
    hue, high, low = hue_of(xp, wide)
    one = xp.float32(1)
    own = xp.where(high > 0, (high - low) / xp.where(high > 0, high, one), one * 0)
    saturation = xp.clip(own * scale, one * 0, one)[..., None]
    return ((1 - saturation + saturation * colours_of(xp, hue)) * high[..., None]).astype(images.dtype)


register(
    "AdjustHue", "images: T, delta: float32 -> output: T", attrs={"T": float32}, types={"T": _SMALL_FLOATS},
    shape=_colour_image_shape, compute=_hue,
)  # fmt: skip
register(
    "AdjustSaturation", "images: T, scale: float32 -> output: T", attrs={"T": float32}, types={"T": _SMALL_FLOATS},
    shape=_colour_image_shape, compute=_saturation,
)  # fmt: skip


def _in_floats(image: Any, name: str | None, what: str, adjust: Callable[[Tensor], Tensor]) -> Tensor:
    """``adjust`` on the image as floating-point numbers; the result in the image's own type, cut off at its ends."""
    with name_scope(name, what, [image]) as scope:
        tensor = convert_to_tensor(image, name="image")
        adjusted = adjust(as_floats(tensor))
        return convert_image_dtype(adjusted, tensor.dtype.base_dtype, saturate=True, name=scope)


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """Images with ``delta`` added to each pixel.

    Args:
        image: images of any type; integer ones are scaled to 0 to 1 meanwhile.
        delta: what to add, on the scale from 0 to 1.

    Source: TensorFlow 1's ``tf.image.adjust_brightness``.
    """
    return _in_floats(
        image, None, "adjust_brightness", lambda x: apply("AddV2", x, _scalar(delta, x))
    )  # fmt: skip


def _scalar(value: Any, like: Tensor) -> Tensor:
    dtype = like.dtype.base_dtype
    if isinstance(value, Tensor):
        return value if value.dtype.base_dtype is dtype else apply("Cast", value, DstT=dtype)
    return convert_to_tensor(float(value), dtype=dtype)


def _factor(value: Any) -> Tensor:
    return convert_to_tensor(value if isinstance(value, Tensor) else float(value), dtype=float32)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Images whose distance from each channel's mean is multiplied: (x − mean)·factor + mean.

    Args:
        images: ``[..., height, width, channels]``; the mean is each image's and channel's own.
        contrast_factor: the factor.

    Source: TensorFlow 1's ``tf.image.adjust_contrast``.
    """
    return _in_floats(
        images, None, "adjust_contrast", lambda x: apply("AdjustContrastv2", x, _factor(contrast_factor))
    )


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """RGB images whose hue is turned by ``delta`` of the whole circle.

    Args:
        image: ``[..., height, width, 3]``.
        delta: −1 to 1.
        name: the name of the operations.

    Source: TensorFlow 1's ``tf.image.adjust_hue``.
    """
    return _in_floats(image, name, "adjust_hue", lambda x: apply("AdjustHue", x, _factor(delta)))


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """RGB images whose saturation is multiplied by a factor.

    Args:
        image: ``[..., height, width, 3]``.
        saturation_factor: the factor; 0 makes them grey.
        name: the name of the operations.

    Source: TensorFlow 1's ``tf.image.adjust_saturation``.
    """
    return _in_floats(
        image, name, "adjust_saturation", lambda x: apply("AdjustSaturation", x, _factor(saturation_factor))
    )


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """Images with each pixel x (0 to 1) replaced by gain·x^gamma.

    Args:
        image: images of any type; integer ones are scaled to 0 to 1 meanwhile.
        gamma: the exponent; above 1 makes the images darker.
        gain: the factor.

    Raises:
        ValueError: if ``gamma`` is negative.

    Source: TensorFlow 1's ``tf.image.adjust_gamma``.
    """
    if not isinstance(gamma, Tensor) and gamma < 0:
        raise ValueError(f"Gamma should be a non-negative real number, not {gamma}.")

    def adjust(x: Tensor) -> Tensor:
        return apply("Mul", _scalar(gain, x), apply("Pow", x, _scalar(gamma, x)))

    return _in_floats(image, None, "adjust_gamma", adjust)


def adjust_jpeg_quality(image: Any, jpeg_quality: int, name: str | None = None) -> Tensor:
    """An image as it looks after being stored as a JPEG file.

    Args:
        image: ``[height, width, 1 or 3]``, of any type.
        jpeg_quality: 0 (worst) to 100 (best).
        name: the name of the operations.
    """
    from gradiente.ops.image_decode import decode_jpeg, encode_jpeg

    with name_scope(name, "adjust_jpeg_quality", [image]):
        tensor = convert_to_tensor(image, name="image")
        stored = encode_jpeg(convert_image_dtype(tensor, uint8, saturate=True), quality=jpeg_quality)
        channels = tensor.shape.as_list()[-1] if tensor.shape.ndims else 0
        again = decode_jpeg(stored, channels=channels or 0)
        again.set_shape(tensor.shape)
        return convert_image_dtype(again, tensor.dtype.base_dtype, saturate=True)


def per_image_standardization(image: Any) -> Tensor:
    """Images of mean 0 and standard deviation 1 each: (x − mean) / max(σ, 1/√N), with N values in an image.

    Args:
        image: ``[..., height, width, channels]``.

    Returns:
        float32 images (float16 stays).

    Source: TensorFlow 1's ``tf.image.per_image_standardization``.
    """
    with name_scope(None, "per_image_standardization", [image]) as scope:
        tensor = convert_to_tensor(image, name="image")
        tensor.shape.with_rank_at_least(3)
        if tensor.dtype.base_dtype not in _SMALL_FLOATS:
            tensor = apply("Cast", tensor, DstT=float32)
        dtype = tensor.dtype.base_dtype
        sizes = apply("StridedSlice", apply("Shape", tensor), [-3], [0], [1], end_mask=1)
        count = apply("Cast", apply("Prod", sizes, [0]), DstT=dtype)
        centred = apply("Sub", tensor, apply("Mean", tensor, [-1, -2, -3], keep_dims=True))
        deviation = apply("Sqrt", apply("Mean", apply("Square", centred), [-1, -2, -3], keep_dims=True))
        return apply("RealDiv", centred, apply("Maximum", deviation, apply("Rsqrt", count)), name=scope)


per_image_whitening = per_image_standardization


# With a random strength


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """``adjust_brightness`` by a delta drawn from [−max_delta, max_delta).

    Raises:
        ValueError: if ``max_delta`` is negative.
    """
    if max_delta < 0:
        raise ValueError(f"max_delta must be non-negative, not {max_delta}.")
    return adjust_brightness(image, random_uniform([], -max_delta, max_delta, seed=seed))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """``adjust_contrast`` by a factor drawn from [lower, upper).

    Raises:
        ValueError: unless 0 ≤ lower < upper.
    """
    _check_bounds(lower, upper)
    return adjust_contrast(image, random_uniform([], lower, upper, seed=seed))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """``adjust_hue`` by a delta drawn from [−max_delta, max_delta).

    Raises:
        ValueError: unless 0 ≤ max_delta ≤ 0.5.
    """
    if not 0 <= max_delta <= 0.5:
        raise ValueError(f"max_delta must be between 0 and 0.5, half the circle of hues, not {max_delta}.")
    return adjust_hue(image, random_uniform([], -max_delta, max_delta, seed=seed))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """``adjust_saturation`` by a factor drawn from [lower, upper).

    Raises:
        ValueError: unless 0 ≤ lower < upper.
    """
    _check_bounds(lower, upper)
    return adjust_saturation(image, random_uniform([], lower, upper, seed=seed))


def _check_bounds(lower: float, upper: float) -> None:
    if upper <= lower:
        raise ValueError(f"upper must be > lower: {upper} <= {lower}.")
    if lower < 0:
        raise ValueError(f"lower must be non-negative, not {lower}.")
