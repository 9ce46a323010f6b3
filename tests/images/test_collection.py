from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gradiente.images.opening import open_collection, survey_collection
from gradiente.images.problems import NoImagesError, OneClassError


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for name, count in (("2", 20), ("10", 3)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, (6, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def test_found_divided_and_loaded(photos):
    collection = open_collection(photos)
    assert collection.counts == {"2": 20, "10": 3}
    assert (collection.natural_size(), collection.channels, collection.kinds[0]) == ((6, 8), 3, "PNG RGB")
    with pytest.raises(ValueError, match="Divide the collection first"):
        collection.load(6, 8, 3)
    divided = collection.split(5)
    assert divided.parts is not None
    assert sorted(np.concatenate(list(divided.parts.values())).tolist()) == list(range(23))
    assert any("'10' has 1" in note for note in divided.notes)
    data = divided.load(6, 8, 3)
    part = data.parts["test"]
    first = Image.open(photos / part.names[0])
    np.testing.assert_array_equal(part.images[0], np.asarray(first))
    assert divided.sample(4, 3, 3, 1).shape == (4, 3, 3, 1)


def test_images_that_went_away_before_they_were_loaded(photos):
    divided = open_collection(photos).split(0)
    held = divided.load(6, 8, 3).parts["test"]
    (photos / held.names[1]).unlink()
    data = divided.load(6, 8, 3)
    assert [(u.path, u.reason) for u in data.unreadable] == [
        (photos / held.names[1], "there is no such file")
    ]
    part = data.parts["test"]
    assert part.names == [held.names[0], *held.names[2:]]
    np.testing.assert_array_equal(part.images[:], np.delete(held.images[:], 1, 0))
    np.testing.assert_array_equal(part.labels, np.delete(held.labels, 1))
    for path in photos.rglob("*.png"):
        path.unlink()
    with pytest.raises(NoImagesError, match=r"None of the 23 images.*\d+\.png: there is no such file\.$"):
        divided.load(6, 8, 3)


def test_all_is_for_test_unless_a_part_is(photos):
    assert len((survey_collection(photos).for_test().parts or {})["test"]) == 23


def test_one_class_is_none(photos):
    for path in (photos / "10").iterdir():
        path.write_bytes(b"")
    with pytest.raises(OneClassError, match=r"one class only, '2'.*3 files can't be read"):
        open_collection(photos)
    assert survey_collection(photos).classes == ("2",)


def test_near_copies_stay_in_one_part_and_the_list_says_what_is_wrong(photos):
    rng = np.random.default_rng(1)
    image = Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8)).resize(
        (60, 60), Image.Resampling.BICUBIC
    )
    for number in range(8):
        image.save(photos / "2" / f"copy-{number}.jpg", quality=60 + 5 * number)
    image.save(photos / "2" / "named.gif", "PNG")
    (photos / "2" / "empty.png").write_bytes(b"")
    divided = open_collection(photos).split(0)
    data = divided.load(8, 8, 3)
    homes = {
        name for name, part in data.parts.items() if any("copy" in n or "named" in n for n in part.names)
    }
    assert len(homes) == 1
    (note,) = [note for note in data.notes if note.key == "near_copies"]
    assert note.startswith("9 images")
    lines = data.quarantine_table().splitlines()
    assert lines[0] == "file,reason,used"
    assert [line.split(",", 1)[1] for line in lines[1:]] == [
        "the file is empty,no",
        '"it is a PNG file, whatever its name says",yes',
    ]
