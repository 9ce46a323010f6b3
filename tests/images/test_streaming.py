from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradiente.images import decoded_cache
from gradiente.images.batches import iterate
from gradiente.images.opening import open_collection
from gradiente.images.problems import DataNotFoundError
from gradiente.images.streaming import Streamed


@pytest.fixture
def photos(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("GRADIENTE_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            pixels = rng.integers(0, 255, (9, 7, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def both(photos: Path):
    collection = open_collection(photos).split(0)
    return collection.load(6, 5, 3).parts["train"], collection.load(6, 5, 3, memory=0).parts["train"]


def test_what_is_streamed_is_what_would_be_in_memory(photos):
    held, streamed = both(photos)
    assert isinstance(streamed.images, Streamed)
    assert (streamed.images.shape, streamed.names) == (held.images.shape, held.names)
    for _ in range(2):  # decoded, then from the cache
        for at in (slice(None), slice(3, 7), np.array([5, 0, 5]), -1, np.array([], np.intp)):
            np.testing.assert_array_equal(streamed.images[at], held.images[at])
    with pytest.raises(IndexError, match="no image 99"):
        streamed.images[99]


def test_what_was_decoded_is_read_from_the_cache_in_the_next_run(photos, monkeypatch):
    held, streamed = both(photos)
    streamed.images[:]
    _, again = both(photos)
    monkeypatch.setattr("gradiente.images.readers.FileReader.read", None)
    np.testing.assert_array_equal(again.images[:], held.images[:])


def test_a_damaged_cache_is_decoded_anew(photos, tmp_path):
    held, streamed = both(photos)
    streamed.images[:]
    (path,) = (tmp_path / "cache").glob("*.images")
    content = bytearray(path.read_bytes())
    content[-100:] = bytes(100)
    path.write_bytes(content[:-10])
    np.testing.assert_array_equal(both(photos)[1].images[:], held.images[:])


def test_a_full_disk_and_no_cache_only_cost_time(photos, monkeypatch):
    held, _ = both(photos)

    def full(*_):
        raise OSError(28, "No space left on device")

    data = open_collection(photos).split(0).load(6, 5, 3, memory=0)
    assert data.trouble is None
    assert "what was decoded is kept in" in data.notes[-1]
    monkeypatch.setattr(decoded_cache.os, "pwrite", full)
    np.testing.assert_array_equal(data.parts["train"].images[:], held.images[:])
    assert str(data.trouble).endswith("can't grow (No space left on device).")
    assert data.all_notes() == [*data.notes, data.trouble]
    monkeypatch.setenv("GRADIENTE_CACHE", "off")
    data = open_collection(photos).split(0).load(6, 5, 3, memory=0)
    np.testing.assert_array_equal(data.parts["train"].images[:], held.images[:])
    assert data.notes[-1].endswith("decoded anew each time (GRADIENTE_CACHE says off).")


def test_room_for_some_of_the_images_is_said(photos, monkeypatch):
    usage = decoded_cache.shutil.disk_usage(photos)
    monkeypatch.setattr(decoded_cache.shutil, "disk_usage", lambda _: usage._replace(free=2 * 7 * 6 * 5 * 3))
    data = open_collection(photos).split(0).load(6, 5, 3, memory=0)
    assert "7 of them, which there is room for, are kept decoded" in data.notes[-1]
    data.parts["train"].images[:]
    assert data.cache is not None
    kept = [at for at in range(24) if data.cache.get(at) is not None]
    assert len(kept) == 7


def test_old_files_go_when_there_is_no_room(photos, tmp_path, monkeypatch):
    both(photos)[1].images[:]
    monkeypatch.setattr(decoded_cache, "LARGEST", 1)
    open_collection(photos).split(0).load(4, 4, 3, memory=0)
    assert len(list((tmp_path / "cache").glob("*.images"))) == 1


def test_a_file_that_another_run_deletes_meanwhile(photos, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "gone.images").symlink_to(tmp_path / "nowhere")
    assert open_collection(photos).split(0).load(4, 4, 3, memory=0).cache is not None


def test_batches_come_in_order_and_the_next_ones_ahead(photos):
    held, streamed = both(photos)
    order = [np.array([3, 1, 4]), np.array([1, 5, 9]), np.array([2])]
    for part in (held, streamed):
        for prefetch in (0, 1, 5):
            batches = list(iterate(part, order, prefetch))
            assert [labels.tolist() for _, labels in batches] == [held.labels[at].tolist() for at in order]
            for (images, _), at in zip(batches, order, strict=True):
                np.testing.assert_array_equal(images, held.images[at])


def test_a_file_that_went_away_during_the_run(photos):
    _, streamed = both(photos)
    (photos / streamed.names[2]).unlink()
    with pytest.raises(DataNotFoundError, match=r"can't be read any more: there is no such file.*--resume"):
        list(iterate(streamed, [np.arange(4)]))
