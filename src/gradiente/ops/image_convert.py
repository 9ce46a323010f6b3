"""Images in other types and colour spaces."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import FLOATS, DType, as_dtype, float32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import identity
from gradiente.ops.cast import saturate_cast


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """An image in another type, its values scaled to that type's range.

    Floating-point images hold 0 to 1; integer ones 0 to the largest value of the type. uint8 to float32 divides by
    255; float32 to uint8 multiplies by 255.5 and cuts off the fraction.

    Args:
        image: an image, or a batch.
        dtype: the type wanted.
        saturate: whether values out of the new range become its ends, instead of wrapping around.
        name: the name of the operations.

    Source: TensorFlow 1's ``tf.image.convert_image_dtype``.

    >>> with tf.Session() as sess:
    ...     sess.run(tf.image.convert_image_dtype(np.array([0, 255], np.uint8), tf.float32))
    array([0., 1.], dtype=float32)
    """
    tensor = convert_to_tensor(image, name="image")
    wanted, own = as_dtype(dtype), tensor.dtype.base_dtype
    if wanted is own:
        return identity(tensor, name=name)
    with name_scope(name, "convert_image", [tensor]) as scope:
        if own.is_floating and wanted.is_floating:
            return apply("Cast", tensor, DstT=wanted, name=scope)
        if own.is_integer and wanted.is_floating:
            return apply("Mul", apply("Cast", tensor, DstT=wanted), 1.0 / own.max, name=scope)
        if own.is_floating:
            return _cast(apply("Mul", tensor, wanted.max + 0.5), wanted, saturate, scope)
        return _between_integers(tensor, own, wanted, saturate, scope)


def _between_integers(tensor: Tensor, own: DType, wanted: DType, saturate: bool, scope: str) -> Tensor:
    if own.max > wanted.max:
        factor = (own.max + 1) // (wanted.max + 1)
        return _cast(apply("FloorDiv", tensor, factor), wanted, saturate, scope)
    factor = (wanted.max + 1) // (own.max + 1)
    return apply("Mul", _cast(tensor, wanted, saturate, None), factor, name=scope)


def _cast(tensor: Tensor, dtype: DType, saturate: bool, name: str | None) -> Tensor:
    if saturate:
        return saturate_cast(tensor, dtype, name=name)
    return apply("Cast", tensor, DstT=dtype, name=name)


def as_floats(images: Tensor) -> Tensor:
    """Images as floating-point ones: float16 and float32 as they are, others converted to float32."""
    return (
        images
        if images.dtype.base_dtype.name in ("float16", "float32")
        else convert_image_dtype(images, float32)
    )


_LUMA = (0.2989, 0.5870, 0.1140)


def _check_channels(images: Tensor, count: int, what: str) -> None:
    shape = images.shape
    if shape.plain is not None and (not shape.plain or shape.plain[-1] not in (None, count)):
        colour = {1: "grey (1 channel)", 3: "RGB (3 channels)"}[count]
        hint = "tf.image.grayscale_to_rgb" if count == 3 else "tf.image.rgb_to_grayscale"
        raise ValueError(
            f"{what} takes {colour} images, but received shape {shape}. {hint} converts between the two."
        )


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """RGB images as grey ones: 0.2989·R + 0.587·G + 0.114·B.

    Args:
        images: ``[..., 3]``.
        name: the name of the operations.

    Returns:
        ``[..., 1]``, of the same type.

    Raises:
        ValueError: if there are not 3 channels.

    Source: TensorFlow 1's ``tf.image.rgb_to_grayscale``; ITU-R BT.601.
    """
    with name_scope(name, "rgb_to_grayscale", [images]) as scope:
        tensor = convert_to_tensor(images, name="images")
        _check_channels(tensor, 3, "rgb_to_grayscale")
        floats = convert_image_dtype(tensor, float32)
        grey = apply("Sum", apply("Mul", floats, list(_LUMA)), [-1], keep_dims=True)
        return convert_image_dtype(grey, tensor.dtype.base_dtype, name=scope)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Grey images as RGB ones: the channel three times.

    Args:
        images: ``[..., 1]``.
        name: the name of the operations.

    Raises:
        ValueError: if there is not 1 channel.
    """
    with name_scope(name, "grayscale_to_rgb", [images]) as scope:
        tensor = convert_to_tensor(images, name="images")
        _check_channels(tensor, 1, "grayscale_to_rgb")
        ones = apply("Fill", apply("ExpandDims", apply("Sub", apply("Rank", tensor), 1), 0), 1)
        multiples = apply("ConcatV2", [ones, [3]], 0)
        tiled = apply("Tile", tensor, multiples, name=scope)
        if tensor.shape.ndims is not None:
            tiled.set_shape([*tensor.shape.as_list()[:-1], 3])
        return tiled


# RGBToHSV, HSVToRGB


def _colour_shape(op: Operation) -> list[TensorShape]:
    shape = op.inputs[0].shape.with_rank_at_least(1)
    if shape.plain is not None and shape.plain[-1] not in (None, 3):
        raise ValueError(f"The last dimension holds the 3 colours; the shape is {shape}.")
    return [shape]


def hue_of(xp: Namespace, rgb: Array) -> tuple[Array, Array, Array]:
    """Hue (0 to 1), the largest and the smallest of the three colours; each without the last dimension."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    high, low = rgb.max(axis=-1), rgb.min(axis=-1)
    spread = high - low
    kind = rgb.dtype.type
    unit = kind(1) / (kind(6) * xp.where(spread > 0, spread, kind(1)))
    hue = xp.where(
        red == high,
        unit * (green - blue),
        xp.where(green == high, unit * (blue - red) + kind(2 / 6), unit * (red - green) + kind(4 / 6)),
    )
    hue = xp.where(spread > 0, hue, kind(0))
    return xp.where(hue < 0, hue + kind(1), hue), high, low


def colours_of(xp: Namespace, hue: Array) -> Array:
    """The share of the spread that each colour of a hue (0 to 1) has: 0 for the smallest, 1 for the largest."""
    six = hue * hue.dtype.type(6)
    one = hue.dtype.type(1)
    red = xp.abs(six - 3 * one) - one
    green = 2 * one - xp.abs(six - 2 * one)
    blue = 2 * one - xp.abs(six - 4 * one)
    return xp.clip(xp.stack([red, green, blue], axis=-1), one * 0, one)


def _rgb_to_hsv(xp: Namespace, images: Array) -> Array:
    hue, high, low = hue_of(xp, images)
    zero = images.dtype.type(0)
    saturation = xp.where(high > 0, (high - low) / xp.where(high > 0, high, images.dtype.type(1)), zero)
    return xp.stack([hue, saturation, high], axis=-1).astype(images.dtype)


def _hsv_to_rgb(xp: Namespace, images: Array) -> Array:
    hue, saturation, value = images[..., 0], images[..., 1:2], images[..., 2:3]
    return ((1 - saturation + saturation * colours_of(xp, hue)) * value).astype(images.dtype)


for _name, _compute in (("RGBToHSV", _rgb_to_hsv), ("HSVToRGB", _hsv_to_rgb)):
    register(
        _name, "images: T -> output: T", attrs={"T": float32}, types={"T": FLOATS}, shape=_colour_shape, compute=_compute,
    )  # fmt: skip


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """RGB images as hue, saturation and value, each 0 to 1.

    Args:
        images: ``[..., 3]``, floating-point, 0 to 1.
        name: the operation's name.

    Source: Smith, "Color gamut transform pairs", SIGGRAPH 1978.
    """
    return apply("RGBToHSV", images, name=name)


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Images of hue, saturation and value as RGB ones (see ``rgb_to_hsv``)."""
    return apply("HSVToRGB", images, name=name)
