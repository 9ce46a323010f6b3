from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradiente.images.labelled import ImageFile
from gradiente.images.loading import load_images, read_image, survey


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


def test_many_files_and_those_that_can_not_be_read(tmp_path: Path):
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for i, path in enumerate(paths):
        path.write_bytes(file_of(Image.fromarray(RAMP + i)))
    paths[2].write_bytes(b"x")
    paths[4].unlink()
    images, kept, unreadable = load_images(paths, 3, 4, 1)
    assert kept == [0, 1, 3, 5]
    assert [(u.path.name, u.reason) for u in unreadable] == [
        ("2.png", "it is no image of a known format"),
        ("4.png", "there is no such file"),
    ]
    np.testing.assert_array_equal(images[:, 0, 0, 0], [0, 1, 3, 5])

    found, bad = survey([ImageFile(p, p.name, 0) for p in paths])
    assert [f is None for f in found] == [False, False, True, False, True, False]
    assert found[0] is not None
    assert (found[0].height, found[0].width, found[0].grey, len(bad)) == (3, 4, True, 2)
