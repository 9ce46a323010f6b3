from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from gradiente.images.duplicates import find_duplicates, is_flat, same_picture
from gradiente.images.loading import read_image
from gradiente.images.survey import small_pictures


def scene(seed: int, side: int = 160) -> Image.Image:
    """A picture of random shapes, coarse and fine."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), tuple(rng.integers(0, 255, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, size = rng.integers(0, side, 3) // (1, 1, 4)
        draw.ellipse([x, y, x + size, y + size], fill=tuple(rng.integers(0, 255, 3).tolist()))
    return image


def page(seed: int) -> Image.Image:
    """Lines of dark marks on white: alike from afar, different close by."""
    rng = np.random.default_rng(seed)
    pixels = np.full((160, 160), 255, np.uint8)
    for row in range(20, 140, 10):
        pixels[row : row + 5, 15:145] = np.where(rng.random((5, 130)) < 0.5, 0, 255)
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def look_for(files: list[bytes]):
    small = np.stack([read_image(f, 16, 16, 3) for f in files])
    return find_duplicates(
        [str(hash(f)) for f in files],
        small,
        lambda wanted: np.stack([read_image(files[at], 64, 64, 3) for at in wanted]),
    )


def test_copies_that_were_saved_anew_are_found_and_others_are_not():
    files = [saved(scene(seed)) for seed in range(30)]
    first = scene(3)
    files += [
        files[5],
        saved(first, "JPEG", quality=60),
        saved(first.resize((97, 97))),
        saved(ImageEnhance.Brightness(first).enhance(0.85)),
    ]
    found = look_for(files)
    assert found.exact == ((5, 30),)
    assert {at for pair in found.near for at in pair} == {3, 31, 32, 33}
    assert sorted(map(sorted, found.groups())) == [[3, 31, 32, 33], [5, 30]]
    assert found.complete


def test_flat_pictures_and_pages_of_text_are_not_all_the_same():
    files = [saved(page(seed)) for seed in range(12)]
    files += [saved(Image.new("L", (50, 50), 250 + i)) for i in range(3)]
    assert look_for(files).near == ()
    flat = is_flat(np.stack([read_image(f, 16, 16, 3) for f in files]))
    assert flat.tolist() == [False] * 12 + [True] * 3


def test_of_pictures_that_are_all_alike_the_nearest_are_compared(monkeypatch):
    monkeypatch.setattr("gradiente.images.duplicates._MOST_NEAR", 40)
    rng = np.random.default_rng(0)
    first = rng.integers(60, 180, (16, 16, 3))
    small = np.stack([first + rng.integers(-9, 10, (16, 16, 3)) for _ in range(60)]).astype(np.uint8)
    small[1] = small[0]
    found = find_duplicates([str(at) for at in range(60)], small, lambda wanted: small[wanted])
    assert not found.complete
    assert (0, 1) in found.near


def still(count: int) -> np.ndarray:
    """Frames of a film that stands still: the same picture with a little noise."""
    first = np.asarray(scene(1).resize((64, 64)), np.int16)
    noise = np.random.default_rng(0).integers(-1, 2, (count, 64, 64, 3))
    return (first + noise).clip(0, 255).astype(np.uint8)


def test_of_frames_that_are_all_the_same_few_pairs_are_looked_at(monkeypatch):
    monkeypatch.setattr("gradiente.images.duplicates._CLOSE_PIECE", 50)
    frames, looks = still(60), 0

    def close(wanted: Sequence[int]) -> np.ndarray:
        nonlocal looks
        looks += 1
        return frames[list(wanted)]

    found = find_duplicates([str(at) for at in range(60)], small_pictures(frames), close)
    assert found.complete
    assert found.groups() == [tuple(range(60))]
    assert looks <= 3  # of the 36 pieces that 1,770 pairs make


def test_of_pictures_whose_patterns_are_equal_each_is_compared_with_the_next(monkeypatch):
    monkeypatch.setattr("gradiente.images.duplicates._MOST_NEAR", 40)
    monkeypatch.setattr("gradiente.images.duplicates._MOST_PAIRS", 200)
    frames = still(60)
    small = np.repeat(small_pictures(frames[:1]), 60, 0)
    found = find_duplicates([str(at) for at in range(60)], small, lambda wanted: frames[list(wanted)])
    assert not found.complete
    assert found.groups() == [tuple(range(60))]
    assert {b - a for a, b in found.near} <= {1, 2}


def test_a_part_or_a_colour_that_differs_is_another_picture():
    image = scene(1)
    changed = image.copy()
    ImageDraw.Draw(changed).rectangle([60, 60, 100, 100], fill="white")
    red, blue, green, *_ = *image.split(), None
    swapped = Image.merge("RGB", (blue, green, red))
    a, b, c = (np.asarray(i.resize((64, 64))) for i in (image, changed, swapped))
    assert same_picture(a, a)
    assert not same_picture(a, b)
    assert not same_picture(a, c)
