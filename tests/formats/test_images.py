"""Image files: TensorFlow's pixels (``tests/golden/make_images.py``), damage told, and back to files."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gradiente.formats import images, png_chunks
from gradiente.formats.images import (
    decode_bmp,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    encode_jpeg,
    encode_png,
)
from gradiente.graph.errors import InvalidArgumentError

GOLDEN = Path(__file__).parents[1] / "golden" / "images"
FLAGS = ("expand_animations", "chroma_downsampling", "progressive", "optimize_size")
FILES = sorted(path.name for path in GOLDEN.iterdir() if path.suffix != ".npz")
FAST_DCT_LARGEST, FAST_DCT_MEAN = 9, 2.1
"""How far TensorFlow's default JPEG decoding, with a fast inexact cosine transform, is from the exact one here."""


@cache
def expected() -> dict[str, np.ndarray]:
    with np.load(GOLDEN / "expected.npz") as file:
        return dict(file)


def calls(op: str) -> list[str]:
    return [call for call in expected() if call.startswith(op + "|")]


def run(call: str) -> Any:
    op, name, text = call.split("|")
    given_arguments: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, value = part.split("=")
        given_arguments[key] = bool(int(value)) if key in FLAGS else int(value) if value.isdigit() else value
    return getattr(images, op)((GOLDEN / name).read_bytes(), **given_arguments)


def is_fast_jpeg(call: str) -> bool:
    return ".jpg|" in call and "INTEGER_ACCURATE" not in call


@pytest.mark.parametrize("op", ["decode_png", "decode_jpeg", "decode_gif", "decode_bmp", "decode_image"])
def test_pixels_are_tensorflows(op: str) -> None:
    assert calls(op)
    for call in calls(op):
        want = expected()[call]
        if want.ndim == 0:
            with pytest.raises(InvalidArgumentError):
                run(call)
            continue
        got = run(call)
        assert (got.dtype, got.shape) == (want.dtype, want.shape), call
        if is_fast_jpeg(call):
            unit = {"uint8": 1, "uint16": 256, "float32": 1 / 255}[got.dtype.name]
            difference = abs(got.astype(np.float64) - want) / unit
            assert difference.max() < FAST_DCT_LARGEST + 0.5, call
            assert difference.mean() < FAST_DCT_MEAN, call
        else:
            np.testing.assert_array_equal(got, want, err_msg=call)
        assert got.flags.writeable, call


def test_jpeg_is_exactly_tensorflows_accurate_one() -> None:
    accurate = [call for call in calls("decode_jpeg") if "INTEGER_ACCURATE" in call]
    assert len(accurate) == 8
    for call in accurate:
        np.testing.assert_array_equal(run(call), expected()[call], err_msg=call)


def test_encode_jpeg_gives_tensorflows_images() -> None:
    pixels = decode_png((GOLDEN / "rgb8.png").read_bytes())
    for call in calls("encode_jpeg"):
        arguments = dict(part.split("=") for part in call.split("|")[2].split(",") if part)
        values: dict[str, Any] = {k: bool(int(v)) if k in FLAGS else int(v) for k, v in arguments.items()}
        np.testing.assert_array_equal(
            decode_jpeg(encode_jpeg(pixels, **values)), expected()[call], err_msg=call
        )


@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sampled_from([np.uint8, np.uint16]),
    st.integers(-1, 9),
)
def test_encode_png_loses_nothing(
    height: int, width: int, channels: int, kind: Any, compression: int
) -> None:
    random = np.random.default_rng(height * 100 + width * 10 + channels)
    pixels = random.integers(0, np.iinfo(kind).max + 1, [height, width, channels]).astype(kind)
    data = encode_png(pixels, compression)
    np.testing.assert_array_equal(decode_png(data, dtype=kind), pixels)
    if kind == np.uint8:
        with Image.open(io.BytesIO(data)) as image:
            np.testing.assert_array_equal(np.array(image).reshape(pixels.shape), pixels)


def test_encode_jpeg_density_and_grey() -> None:
    data = encode_jpeg(
        np.full([8, 8, 1], 77, np.uint8), "grayscale", density_unit="cm", x_density=100, y_density=50
    )
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "L"
        assert image.info["dpi"] == (254, 127)
    assert decode_jpeg(data).tolist() == np.full([8, 8, 1], 77).tolist()


@pytest.mark.parametrize(
    ("encode", "pixels", "arguments", "message"),
    [
        (encode_png, np.zeros([2, 2], np.uint8), {}, r"received \(2, 2\)"),
        (encode_png, np.zeros([0, 2, 1], np.uint8), {}, r"with pixels"),
        (encode_png, np.zeros([2, 2, 5], np.uint8), {}, r"1, 2, 3 or 4"),
        (encode_png, np.zeros([2, 2, 1], np.float32), {}, r"received float32. Cast"),
        (encode_png, np.zeros([2, 2, 1], np.uint8), {"compression": 10}, r"range \[-1,9\]"),
        (encode_jpeg, np.zeros([2, 2, 4], np.uint8), {}, r"1 or 3"),
        (encode_jpeg, np.zeros([2, 2, 3], np.uint8), {"format": "grayscale"}, r"width, 1\]"),
        (encode_jpeg, np.zeros([2, 2, 3], np.uint16), {}, r"received uint16"),
        (encode_jpeg, np.zeros([2, 2, 3], np.uint8), {"format": "cmyk"}, "format must be"),
        (encode_jpeg, np.zeros([2, 2, 3], np.uint8), {"quality": 101}, r"\[0,100\]"),
        (encode_jpeg, np.zeros([2, 2, 3], np.uint8), {"density_unit": "px"}, "density_unit"),
        (encode_jpeg, np.zeros([1, 70000, 1], np.uint8), {}, "can't be made a JPEG"),
    ],
)
def test_what_can_not_be_encoded_is_told(
    encode: Any, pixels: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        encode(pixels, **arguments)


@pytest.mark.parametrize("name", FILES)
def test_every_truncation_is_told(name: str) -> None:
    data = (GOLDEN / name).read_bytes()
    for length in sorted({*range(0, len(data) - 14, max(1, len(data) // 25)), len(data) - 14}):
        if name.endswith("jpg") and length > len(data) - 3:
            continue
        with pytest.raises(InvalidArgumentError) as caught:
            decode_image(data[:length])
        assert "Error" not in str(caught.value)


@given(st.sampled_from(FILES), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=3))
def test_changed_bytes_give_an_image_or_an_error_of_ours(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray((GOLDEN / name).read_bytes())
    for at, byte in changes:
        data[at % len(data)] = byte
    try:
        assert decode_image(bytes(data)).dtype == np.uint8
    except InvalidArgumentError:
        return


def with_checksums(data: bytes) -> bytes:
    """The same PNG file with checksums that fit."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(out)


@given(
    st.sampled_from([name for name in FILES if name.endswith("png")]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3),
    st.sampled_from([0, 1, 3, 4]),
)
def test_changed_png_bytes_with_fitting_checksums(
    name: str, changes: list[tuple[int, int]], channels: int
) -> None:
    data = bytearray((GOLDEN / name).read_bytes())
    for at, byte in changes:
        at %= len(data)
        if not 16 <= at < 24:  # the size: whether a larger one fits in the limit is tested apart
            data[at] = byte
    try:
        decode_png(with_checksums(bytes(data)), channels)
    except InvalidArgumentError:
        return


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM"])
)
def test_any_bytes_give_an_image_or_an_error_of_ours(data: bytes, start: bytes) -> None:
    try:
        decode_image(start + data)
    except InvalidArgumentError:
        return


def huge_jpeg() -> bytes:
    data = bytearray(encode_jpeg(np.zeros([8, 8, 3], np.uint8)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 65000, 65000)
    return bytes(data)


def huge_png(depth: int) -> bytes:
    png = png_chunks.Png(60000, 60000, depth, png_chunks.RGB, False, b"", None, 0, bytes(30 << 20))
    return png.minimal()


def huge_gif(width: int, height: int, frames: int) -> bytes:
    still = (GOLDEN / "still.gif").read_bytes()
    at = still.index(b"\x2c\0\0\0\0")
    blocks = (b"\xff" + bytes(255)) * (width * height // 2731 // 255 + 1)
    frame = still[at : at + 5] + struct.pack("<HHBB", width, height, 0, 8) + blocks + b"\0"
    return still[:at] + frame * frames + b";"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("PNG", huge_png(8)),
        ("PNG", huge_png(16)),
        ("JPEG", huge_jpeg()),
        ("GIF", huge_gif(65000, 2800, 1)),
        ("GIF", huge_gif(3000, 3000, 20)),
        ("BMP", b"BM" + bytes(8) + struct.pack("<IIiiHH", 54, 40, 60000, 60000, 1, 24) + bytes(30)),
    ],
)
def test_bombs_are_refused(kind: str, data: bytes) -> None:
    with pytest.raises(
        InvalidArgumentError, match=f"The {kind} image of .* is larger than the 178956970 pixels"
    ):
        decode_image(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            png_chunks.Png(9000, 9000, 8, png_chunks.RGB, False, b"", None, 0, bytes(9999)).minimal(),
            "9000x9000",
        ),
        (
            huge_gif(100, 100, 1).replace(
                struct.pack("<HHBB", 100, 100, 0, 8), struct.pack("<HHBB", 9000, 9000, 0, 8)
            ),
            "9000x9000",
        ),
    ],
)
def test_too_few_bytes_for_the_size_are_told_before_memory_is_taken(data: bytes, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"too few for {message} pixels"):
        decode_image(data)


def test_a_png_that_inflates_without_end_takes_no_memory() -> None:
    data = zlib.compress(bytes(200 << 20), 9)
    for depth in (8, 16):
        png = png_chunks.Png(2, 2, depth, png_chunks.RGB, False, b"", None, 0, data)
        assert decode_png(png.minimal()).tolist() == np.zeros([2, 2, 3]).tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decode_image(b""), "Input is empty"),
        (
            lambda: decode_image(b"RIFF????WEBP"),
            r"Unknown image file format. One of JPEG, PNG, GIF, BMP.*b'RIFF",
        ),
        (
            lambda: decode_jpeg((GOLDEN / "colour.jpg").read_bytes(), ratio=3),
            "ratio must be 1, 2, 4, or 8, got 3",
        ),
        (
            lambda: decode_jpeg((GOLDEN / "colour.jpg").read_bytes(), dct_method="SLOW"),
            "dct_method must be one of",
        ),
        (
            lambda: decode_jpeg((GOLDEN / "colour.jpg").read_bytes(), channels=4),
            "does not support 4 channels",
        ),
        (lambda: decode_jpeg((GOLDEN / "cmyk_adobe.jpg").read_bytes(), channels=1), "CMYK.*channels=3"),
        (
            lambda: decode_png((GOLDEN / "rgb8.png").read_bytes(), channels=2),
            "`channels` must be .* but got 2",
        ),
        (
            lambda: decode_png((GOLDEN / "rgb8.png").read_bytes(), dtype="float32"),
            "`dtype` must be uint8 or uint16",
        ),
        (lambda: decode_png((GOLDEN / "animated.gif").read_bytes()), r"Got 4 frames, but animated gifs"),
        (lambda: decode_gif((GOLDEN / "colour.bmp").read_bytes()), "BMP format using a wrong op.*decode_bmp"),
        (
            lambda: decode_bmp((GOLDEN / "rgb8.png").read_bytes()),
            "PNG format using decode_bmp. Use decode_png",
        ),
        (lambda: decode_bmp((GOLDEN / "bits1.bmp").read_bytes()), "1 bits a pixel is not decoded"),
    ],
)
def test_wrong_uses_are_told(call: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        call()


def test_a_damaged_part_of_a_png_is_told() -> None:
    data = (GOLDEN / "rgb8.png").read_bytes()
    at = data.index(b"IDAT") + 20
    with pytest.raises(InvalidArgumentError, match="IDAT part does not fit its checksum"):
        decode_png(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_damaged_notes_in_a_file_are_no_obstacle() -> None:
    data = (GOLDEN / "rgb8.png").read_bytes()
    note = png_chunks.chunk(b"eXIf", b"nonsense")[:-1] + b"?"
    np.testing.assert_array_equal(decode_png(data[:33] + note + data[33:]), decode_png(data))
    jpeg = (GOLDEN / "colour.jpg").read_bytes()
    camera = b"\xff\xe1\0\x12Exif\0\0II*\0\xff\xff\xff\xff??"
    np.testing.assert_array_equal(decode_jpeg(jpeg[:2] + camera + jpeg[2:]), decode_jpeg(jpeg))


def test_a_truncated_jpeg_can_be_recovered() -> None:
    data = (GOLDEN / "colour444.jpg").read_bytes()
    whole = decode_jpeg(data)
    part = decode_jpeg(data[: len(data) * 3 // 4], try_recover_truncated=True)
    assert part.shape == whole.shape
    np.testing.assert_array_equal(part[:8], whole[:8])
    assert (part[-1] != whole[-1]).any()


def test_bmp_with_a_color_table() -> None:
    pixels = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12
    with Image.fromarray(pixels) as grey:
        coloured = grey.convert("RGB").quantize(16)
    file = io.BytesIO()
    coloured.save(file, "BMP")
    want = np.array(coloured.convert("RGB"))
    np.testing.assert_array_equal(decode_bmp(file.getvalue(), channels=3), want)
    assert decode_bmp(file.getvalue(), channels=4)[..., 3].tolist() == np.full([4, 5], 255).tolist()


def test_many_threads_decode_at_once() -> None:
    some = [name for name in FILES if name.startswith(("rgb16", "colour", "animated", "palette4"))]
    want = {name: decode_image((GOLDEN / name).read_bytes()) for name in some}
    wrong: list[str] = []

    def work() -> None:
        wrong.extend(
            name
            for name in some * 5
            if not np.array_equal(decode_image((GOLDEN / name).read_bytes()), want[name])
        )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class TensorFlowLikeType:
    as_numpy_dtype = np.uint16


def test_dtype_may_be_ours() -> None:
    assert decode_png((GOLDEN / "rgb16.png").read_bytes(), dtype=TensorFlowLikeType()).dtype == np.uint16
