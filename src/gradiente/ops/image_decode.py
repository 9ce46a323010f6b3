"""Image files to tensors and back (``tf.image.decode_png`` and its kin)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.formats import images
from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import DType, as_dtype, float32, int32, string, uint8, uint16
from gradiente.graph.errors import OpError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.file_ops import origin, scalar_bytes, string_scalar


def _decoded(op: Operation, contents: Array, decode: Callable[[bytes], Array]) -> Array:
    """What ``decode`` makes of the contents; its errors name the file that they were read from."""
    data = scalar_bytes(contents)
    try:
        return decode(data)
    except OpError as error:
        file = f"{origin(data)}: " if origin(data) else ""
        raise type(error)(None, op, f"{file}{error.message}") from error


def _decoded_shape(op: Operation) -> list[Any]:
    op.inputs[0].shape.assert_has_rank(0)
    channels = op.attrs.get("channels", 0)
    if not 0 <= channels <= 4 or channels == 2:
        raise ValueError(f"channels must be 0 (as in the file), 1, 3, or 4, got {channels}.")
    return [(None, None, channels or None)]


# DecodePng, DecodeJpeg, DecodeBmp, DecodeGif, DecodeImage


def _png(xp: Namespace, contents: Array, *, channels: int, dtype: DType, op: Operation) -> Array:
    del xp
    return _decoded(op, contents, lambda data: images.decode_png(data, channels, dtype.name))


def _jpeg(
    xp: Namespace, contents: Array, *, channels: int, ratio: int, fancy_upscaling: bool, try_recover_truncated: bool,
    acceptable_fraction: float, dct_method: str, op: Operation,
) -> Array:  # fmt: skip
    del xp

    def decode(data: bytes) -> Array:
        return images.decode_jpeg(
            data, channels, ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method
        )

    return _decoded(op, contents, decode)


def _bmp(xp: Namespace, contents: Array, *, channels: int, op: Operation) -> Array:
    del xp
    return _decoded(op, contents, lambda data: images.decode_bmp(data, channels))


def _gif(xp: Namespace, contents: Array, *, op: Operation) -> Array:
    del xp
    return _decoded(op, contents, images.decode_gif)


def _any(
    xp: Namespace, contents: Array, *, channels: int, dtype: DType, expand_animations: bool, op: Operation
) -> Array:
    del xp
    return _decoded(
        op, contents, lambda data: images.decode_image(data, channels, dtype.name, expand_animations)
    )


def _any_shape(op: Operation) -> list[Any]:
    (shape,) = _decoded_shape(op)
    return [None if op.attrs["expand_animations"] else shape]


register(
    "DecodePng", "contents: string -> image: dtype", attrs={"channels": 0, "dtype": attr("type", uint8, (uint8, uint16))},
    shape=_decoded_shape, host=_png, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "DecodeJpeg", "contents: string -> image: uint8",
    attrs={
        "channels": 0, "ratio": 1, "fancy_upscaling": True, "try_recover_truncated": False, "acceptable_fraction": 1.0,
        "dct_method": "",
    },
    shape=_decoded_shape, host=_jpeg, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "DecodeBmp", "contents: string -> image: uint8", attrs={"channels": 0}, shape=_decoded_shape, host=_bmp,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "DecodeGif", "contents: string -> image: uint8", shape=lambda op: [(None, None, None, 3)], host=_gif,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "DecodeImage", "contents: string -> image: dtype",
    attrs={"channels": 0, "dtype": attr("type", uint8, (uint8, uint16, float32)), "expand_animations": True},
    shape=_any_shape, host=_any, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def decode_png(contents: Any, channels: int = 0, dtype: Any = uint8, name: str | None = None) -> Tensor:
    """The pixels of a PNG file (or of a JPEG or an unanimated GIF file).

    Args:
        contents: the file, a string scalar, such as ``tf.read_file`` gives.
        channels: 1 grey, 3 RGB, 4 RGB and alpha, 0 as in the file.
        dtype: uint8, or uint16 for all 16 bits.
        name: the operation's name.

    Returns:
        ``[height, width, channels]``.

    Raises:
        InvalidArgumentError: when run, if the file is damaged or no image; it names the file where that is known.

    Source: TensorFlow 1's ``tf.image.decode_png``.
    """
    return apply("DecodePng", contents, channels=channels, dtype=as_dtype(dtype), name=name)


def decode_jpeg(
    contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
    try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "", name: str | None = None,
) -> Tensor:  # fmt: skip
    """The pixels of a JPEG file (or of a PNG or an unanimated GIF file).

    Args:
        contents: the file, a string scalar.
        channels: 1 grey, 3 RGB, 0 as in the file.
        ratio: 1, 2, 4 or 8: make the image so many times smaller while decoding.
        fancy_upscaling: accepted; colours are always interpolated.
        try_recover_truncated: decode what there is of a truncated file.
        acceptable_fraction: accepted.
        dct_method: accepted; the accurate method is used.
        name: the operation's name.

    Returns:
        uint8 ``[height, width, channels]``.

    Raises:
        InvalidArgumentError: when run, if the file is damaged or no image; it names the file where that is known.

    Source: TensorFlow 1's ``tf.image.decode_jpeg``.
    """
    return apply(
        "DecodeJpeg", contents, channels=channels, ratio=ratio, fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated, acceptable_fraction=acceptable_fraction, dct_method=dct_method,
        name=name,
    )  # fmt: skip


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """The pixels of a BMP file, uint8 ``[height, width, channels]`` (see ``decode_png``)."""
    return apply("DecodeBmp", contents, channels=channels, name=name)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """The frames of a GIF file, uint8 ``[frames, height, width, 3]``."""
    return apply("DecodeGif", contents, name=name)


def decode_image(
    contents: Any, channels: int | None = None, dtype: Any = uint8, name: str | None = None,
    expand_animations: bool = True,
) -> Tensor:  # fmt: skip
    """The pixels of a PNG, JPEG, GIF or BMP file; its first bytes say which it is.

    Args:
        contents: the file, a string scalar.
        channels: 1 grey, 3 RGB, 4 RGB and alpha, 0 or None as in the file.
        dtype: uint8, uint16 or float32 (0 to 1).
        name: the operation's name.
        expand_animations: give GIF files as ``[frames, height, width, 3]``, so that the rank is not known while
            building; otherwise give their first frame.

    Returns:
        ``[height, width, channels]``, or all frames of a GIF file.

    Raises:
        InvalidArgumentError: when run, if the file is damaged or no image; it names the file where that is known.

    Source: TensorFlow 1's ``tf.image.decode_image``.
    """
    wanted = as_dtype(dtype)
    if wanted not in (uint8, uint16, float32):
        with name_scope(name, "decode_image"):
            from gradiente.ops.image_convert import convert_image_dtype

            image = apply(
                "DecodeImage",
                contents,
                channels=channels or 0,
                dtype=uint8,
                expand_animations=expand_animations,
            )
            return convert_image_dtype(image, wanted)
    return apply(
        "DecodeImage", contents, channels=channels or 0, dtype=wanted, expand_animations=expand_animations,
        name=name or "decode_image",
    )  # fmt: skip


# EncodePng, EncodeJpeg


def _encoded_shape(op: Operation) -> list[Any]:
    op.inputs[0].shape.with_rank(3)
    return [()]


def _encoded(op: Operation, encode: Callable[[], bytes]) -> Array:
    try:
        return string_scalar(encode())
    except OpError as error:
        raise type(error)(None, op, error.message) from error


def _encode_png(xp: Namespace, image: Array, *, compression: int, op: Operation) -> Array:
    del xp
    return _encoded(op, lambda: images.encode_png(np.asarray(image), compression))


def _encode_jpeg(
    xp: Namespace, image: Array, *, format: str, quality: int, progressive: bool, optimize_size: bool,
    chroma_downsampling: bool, density_unit: str, x_density: int, y_density: int, op: Operation,
) -> Array:  # fmt: skip
    del xp

    def encode() -> bytes:
        return images.encode_jpeg(
            np.asarray(image), format, quality, progressive, optimize_size, chroma_downsampling, density_unit, x_density,
            y_density,
        )  # fmt: skip

    return _encoded(op, encode)


register(
    "EncodePng", "image: T -> contents: string", attrs={"compression": -1, "T": attr("type", uint8, (uint8, uint16))},
    shape=_encoded_shape, host=_encode_png, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "EncodeJpeg", "image: uint8 -> contents: string",
    attrs={
        "format": attr("string", "", ("", "grayscale", "rgb")), "quality": 95, "progressive": False,
        "optimize_size": False, "chroma_downsampling": True, "density_unit": attr("string", "in", ("in", "cm")),
        "x_density": 300, "y_density": 300, "xmp_metadata": "",
    },
    shape=_encoded_shape, host=_encode_jpeg, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """An image as a PNG file, a string scalar.

    Args:
        image: uint8 or uint16 ``[height, width, channels]``: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
        compression: 0 (none) to 9 (smallest), -1 for the default.
        name: the operation's name.
    """
    tensor = convert_to_tensor(image)
    return apply("EncodePng", tensor, compression=compression, name=name)


def encode_jpeg(
    image: Any, format: str = "", quality: int = 95, progressive: bool = False, optimize_size: bool = False,
    chroma_downsampling: bool = True, density_unit: str = "in", x_density: int = 300, y_density: int = 300,
    xmp_metadata: str = "", name: str | None = None,
) -> Tensor:  # fmt: skip
    """An image as a JPEG file, a string scalar.

    Args:
        image: uint8 ``[height, width, 1 or 3]``.
        format: ``"grayscale"``, ``"rgb"``, or ``""`` for what the channels say.
        quality: 0 (smallest) to 100 (best).
        progressive: store the image so that it can be shown coarsely before all of it is there.
        optimize_size: spend time for a smaller file of the same quality.
        chroma_downsampling: store the colours at half the resolution.
        density_unit: ``"in"`` or ``"cm"``.
        x_density: pixels in that unit, across.
        y_density: pixels in that unit, down.
        xmp_metadata: accepted and left out.
        name: the operation's name.
    """
    return apply(
        "EncodeJpeg", image, format=format, quality=quality, progressive=progressive, optimize_size=optimize_size,
        chroma_downsampling=chroma_downsampling, density_unit=density_unit, x_density=x_density, y_density=y_density,
        xmp_metadata=xmp_metadata, name=name,
    )  # fmt: skip


# ExtractJpegShape


def _jpeg_shape(xp: Namespace, contents: Array, *, output_type: DType, op: Operation) -> Array:
    del xp
    return np.array(_decoded(op, contents, images.decode_jpeg).shape, output_type.np)


register(
    "ExtractJpegShape", "contents: string -> image_shape: output_type", attrs={"output_type": int32},
    shape=lambda op: [(3,)], host=_jpeg_shape, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def extract_jpeg_shape(contents: Any, output_type: Any = int32, name: str | None = None) -> Tensor:
    """The height, width and channels of a JPEG file, a vector.

    Args:
        contents: the file, a string scalar.
        output_type: int32 or int64.
        name: the operation's name.
    """
    return apply("ExtractJpegShape", contents, output_type=as_dtype(output_type), name=name)


def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Whether a file begins as a JPEG file does, a bool scalar."""
    with name_scope(name, "is_jpeg"):
        start = apply("Substr", convert_to_tensor(contents, dtype=string), 0, 3)
        return apply(
            "Equal", start, convert_to_tensor(b"\xff\xd8\xff"), name="is_jpeg_equal" if name is None else name
        )
