from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradiente.images.loading import Unreadable, read_image
from gradiente.images.survey import Surveyed, survey


def file_of(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


RAMP = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_exact_formats_give_the_pixels(kind):
    read = read_image(file_of(Image.fromarray(RAMP), kind), 3, 4, 1)
    np.testing.assert_array_equal(read[..., 0], RAMP)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_formats_come_close(kind):
    grey = np.full((16, 16), 100, np.uint8)
    read = read_image(file_of(Image.fromarray(grey), kind), 8, 8, 3)
    assert read.shape == (8, 8, 3)
    assert np.abs(read.astype(int) - 100).max() <= 2


def test_sixteen_bits_are_scaled():
    wide = (RAMP.astype(np.uint16) * 257).astype(np.uint16)
    np.testing.assert_array_equal(read_image(file_of(Image.fromarray(wide)), 3, 4, 1)[..., 0], RAMP)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_tiff_and_png(kind):
    wide = (RAMP.astype(np.uint16) * 257).astype(np.uint16)
    read = read_image(file_of(Image.fromarray(wide), kind), 3, 4, 1)
    np.testing.assert_array_equal(read[..., 0], RAMP)


def test_wide_values_of_tiff_are_scaled_by_the_largest():
    for values in (RAMP.astype(np.int32) * 257, RAMP.astype(np.float32) / 255):
        read = read_image(file_of(Image.fromarray(values), "TIFF"), 3, 4, 1)
        assert np.abs(read[..., 0].astype(int) - RAMP).max() <= (0 if RAMP.max() == 255 else 41)
    hot = np.array([[0, 65535 * 4]], np.int32)
    assert read_image(file_of(Image.fromarray(hot), "TIFF"), 1, 2, 1).ravel().tolist() == [0, 255]


def test_inks_of_jpeg():
    red = Image.new("RGB", (16, 16), (255, 0, 0)).convert("CMYK")
    read = read_image(file_of(red, "JPEG"), 16, 16, 3)
    assert np.abs(read.astype(int) - [255, 0, 0]).max() <= 3


def test_transparency_by_a_colour():
    for mode, colour, transparent in (("RGB", (9, 8, 7), (9, 8, 7)), ("L", 9, 9), ("1", 0, 0)):
        data = file_of(Image.new(mode, (2, 2), colour), transparency=transparent)
        assert (read_image(data, 2, 2, 3) == 255).all(), mode


@pytest.mark.parametrize(("resize", "left", "top"), [("stretch", 0, 0), ("crop", 200, 200), ("pad", 0, 255)])
def test_ways_to_bring_to_size(resize, left, top):
    wide = np.zeros((10, 40, 3), np.uint8)
    wide[:, 13:27] = 200
    read = read_image(file_of(Image.fromarray(wide)), 20, 20, 3, resize)
    assert (read[10, 0, 0], read[10, 10, 0], read[0, 0, 0]) == (left, 200, top)


def test_a_photograph_is_decoded_alike_by_both_decoders(monkeypatch):
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8)).resize(
        (400, 300), Image.Resampling.BICUBIC
    )
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = file_of(smooth, "JPEG", quality=95, exif=exif)
        fast = read_image(data, 60, 50, 3)
        with monkeypatch.context() as patch:
            patch.setattr("gradiente.images.loading._jpeg", lambda *_: None)
            slow = read_image(data, 60, 50, 3)
        assert np.abs(fast.astype(int) - slow).mean() < 2.5


def test_what_a_file_is_instead(tmp_path):
    for content, reason in (
        (b"<!DOCTYPE html><html>404", "an HTML page"), (b"%PDF-1.4", "a PDF"), (b"\0" * 99, "nothing but zeros"),
        (b"\0\0\0\x18ftypheic0000", "a HEIC image"), (b"%!PS-Adobe-3.0 EPSF-3.0", "a PostScript"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=reason):
            read_image(content, 4, 4, 3)


def test_a_name_that_promises_another_format_is_remarked(tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(file_of(Image.fromarray(RAMP), "JPEG"))
    (look,) = survey([path])
    assert isinstance(look, Surveyed)
    assert look.remark == "it is a JPEG file, whatever its name says"


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_becomes_white(mode):
    image = Image.new(mode, (2, 2), (10, 0) if mode == "LA" else (10, 20, 30, 0))
    assert (read_image(file_of(image), 2, 2, 3) == 255).all()
    image = Image.new("P", (2, 2), 0)
    assert (read_image(file_of(image, transparency=0), 2, 2, 1) == 255).all()


def test_one_bit_palette_and_four_inks():
    assert (read_image(file_of(Image.new("1", (2, 2), 1)), 2, 2, 1) == 255).all()
    red = Image.new("RGB", (2, 2), (255, 0, 0))
    assert read_image(file_of(red.convert("P")), 2, 2, 3)[0, 0].tolist() == [255, 0, 0]
    assert read_image(file_of(red.convert("CMYK"), "TIFF"), 2, 2, 3)[0, 0].tolist() == [255, 0, 0]


def test_the_cameras_orientation_is_obeyed():
    exif = Image.Exif()
    exif[0x0112] = 6
    read = read_image(file_of(Image.fromarray(RAMP), "PNG", exif=exif), 4, 3, 1)
    np.testing.assert_array_equal(read[..., 0], np.rot90(RAMP, -1))


def test_a_size_is_filled():
    image = Image.fromarray(np.repeat(RAMP, 10, 1))
    assert read_image(file_of(image), 7, 5, 3).shape == (7, 5, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"no image", "it is no image of a known format"),
        (file_of(Image.fromarray(RAMP.repeat(50, 0).repeat(50, 1)), "JPEG")[:300], "damaged|truncated"),
        (file_of(Image.fromarray(RAMP))[:45], "damaged|truncated|known format"),
    ],
)
def test_why_a_file_can_not_be_read(content, reason):
    with pytest.raises(ValueError, match=reason):
        read_image(content, 4, 4, 1)


def test_a_bomb_is_not_decoded():
    bomb = bytearray(file_of(Image.fromarray(RAMP), "BMP"))
    bomb[18:26] = (30_000).to_bytes(4, "little") * 2
    with pytest.raises(ValueError, match=r"too many|damaged|exceeds"):
        read_image(bytes(bomb), 4, 4, 1)


def test_files_that_can_not_be_read_are_found_by_a_look(tmp_path: Path):
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for i, path in enumerate(paths):
        path.write_bytes(file_of(Image.fromarray(RAMP + i)))
    paths[2].write_bytes(b"x")
    paths[4].unlink()
    looks = survey(paths)
    assert [isinstance(look, Surveyed) for look in looks] == [True, True, False, True, False, True]
    assert [(look.path.name, look.reason) for look in looks if isinstance(look, Unreadable)] == [
        ("2.png", "it is no image of a known format"),
        ("4.png", "there is no such file"),
    ]
    first = looks[0]
    assert isinstance(first, Surveyed)
    assert (first.height, first.width, first.grey, first.format, first.mode) == (3, 4, True, "PNG", "L")
