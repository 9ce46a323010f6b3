from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.images.test_mnist import idx, small_set

from gradiente.images.audit import audit
from gradiente.images.opening import open_collection
from gradiente.images.problems import CategoriesError, DataNotFoundError, NoImagesError, TooLargeError
from gradiente.images.survey import small_pictures
from gradiente.images.wording import words

PIXELS = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)


def npz(folder: Path, **arrays) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


@pytest.mark.parametrize(
    ("images", "labels"),
    [("x_train", "y_train"), ("train_images", "train_labels"), ("X_train", "train_targets")],
)
def test_an_npz_file_with_parts(tmp_path, images, labels):
    test = {
        images.replace("train", "test"): PIXELS[:2],
        labels.replace("train", "test"): np.array([[0], [10]]),
    }
    path = npz(tmp_path, **{images: PIXELS, labels: np.array([10, 2, 10, 2, 0, 0])}, **test)
    data = open_collection(path).split(0, validation=0).load(4, 5, 1)
    assert data.classes == ("0", "2", "10")
    np.testing.assert_array_equal(data.parts["train"].images[..., 0], PIXELS)
    assert data.parts["train"].labels.tolist() == [2, 1, 2, 1, 0, 0]
    assert data.parts["test"].labels.tolist() == [0, 2]
    assert data.parts["test"].names == ["test-0", "test-1"]


def test_an_npz_file_without_parts_is_divided(tmp_path):
    labels = np.array(["ñu", "gato"] * 10)
    images = np.random.default_rng(0).random((20, 3, 8, 8))
    collection = open_collection(npz(tmp_path, images=images, labels=labels))
    assert (collection.classes, collection.channels) == (("gato", "ñu"), 3)
    parts = collection.split(1).parts
    assert parts is not None
    assert {name: len(at) for name, at in parts.items()} == {"train": 12, "validation": 4, "test": 4}
    data = collection.split(1).load(8, 8, 3)
    wanted = np.rint(images.transpose(0, 2, 3, 1) * 255)[parts["test"]]
    np.testing.assert_array_equal(data.parts["test"].images[:], wanted)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 257, 65535], np.uint16), [0, 1, 255]),
        (np.array([0.0, 0.5, 1.0], np.float32), [0, 128, 255]),
        (np.array([-1.0, 0.0, 1.0]), [0, 128, 255]),
        (np.array([0, 100, 255], np.int64), [0, 100, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
        (np.array([-128, 0, 127], np.int8), [0, 128, 255]),
    ],
)
def test_values_of_other_kinds_are_scaled(tmp_path, values, expected):
    images = np.tile(values, (4, 3, 1))
    data = open_collection(npz(tmp_path, x=images, y=np.eye(2)[[0, 1, 0, 1]])).split(0).load(3, 3, 1)
    assert data.parts["train"].images[0][0, :, 0].tolist() == expected


def test_idx_files(tmp_path):
    small_set(tmp_path, 40)
    collection = open_collection(tmp_path)
    assert (collection.layout, len(collection.classes)) == ("IDX files", 10)
    assert {part: collection.given.count(part) for part in ("train", "test")} == {"train": 40, "test": 40}
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(CategoriesError, match=r"t10k-labels-idx1-ubyte.gz, which would have their classes"):
        open_collection(tmp_path)


def idx_pair(folder: Path, name: str, images: np.ndarray = PIXELS, ending: str = "") -> None:
    for kind, values in ("images-idx3", images), ("labels-idx1", np.arange(len(images), dtype=np.uint8) % 2):
        content = idx(values)
        path = folder / f"{name}{kind}-ubyte{ending}"
        path.write_bytes(gzip.compress(content) if ending else content)


def test_an_idx_file_beside_what_was_unpacked_from_it_counts_once(tmp_path):
    for ending in "", ".gz":
        idx_pair(tmp_path, "latest-train-", ending=ending)
    collection = open_collection(tmp_path)
    assert len(collection) == 6
    assert set(collection.given) == {"train"}


def test_idx_files_that_do_not_fit_each_other(tmp_path):
    idx_pair(tmp_path, "train-")
    idx_pair(tmp_path, "t10k-", PIXELS[:, 1:])
    with pytest.raises(NoImagesError, match=r"several sizes: \(3, 5, 1\), \(4, 5, 1\)"):
        open_collection(tmp_path)
    idx_pair(tmp_path, "t10k-")
    idx_pair(tmp_path, "letters-train-")
    with pytest.raises(CategoriesError, match=r"train-images.* are both for train: keep one"):
        open_collection(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.eye(3)[[0, 1, 2, 0, 1, 2]] * [[1], [1], [0], [1], [1], [1]]}, r"no class's, as row 2"),
        ({"y": np.array([0, 1, np.inf, 0, 1, 0])}, r"float64 of the shape \[6\]"),
        ({"y": np.arange(6) % 2, "names": np.array(["cat", "cat"])}, "more than one class 'cat'"),
        ({"y": np.arange(6), "x_test": PIXELS, "y_test": np.array(list("abcdef"))}, "text in some parts"),
    ],
)
def test_labels_that_do_not_tell_the_classes(tmp_path, arrays, message):
    with pytest.raises(CategoriesError, match=message):
        open_collection(npz(tmp_path, x=PIXELS, **arrays))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_labels_in_bytes(tmp_path, encoding):
    labels = np.array([name.encode(encoding) for name in ("niño", "gato") * 3])
    assert open_collection(npz(tmp_path, x=PIXELS, y=labels)).classes == ("gato", "niño")


def test_other_files_in_an_npz_file_are_left_alone(tmp_path):
    path = npz(tmp_path, x=PIXELS, y=np.arange(6))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "no array")
    assert len(open_collection(path)) == 6


def test_what_is_wrong_with_an_npz_file(tmp_path):
    with pytest.raises(NoImagesError, match=r"has a \[6, 4, 5\]"):
        open_collection(npz(tmp_path, a=PIXELS))
    with pytest.raises(CategoriesError, match="6 images and 3 labels"):
        open_collection(npz(tmp_path, x=PIXELS, y=np.arange(3)))
    with pytest.raises(DataNotFoundError, match="Python objects"):
        open_collection(npz(tmp_path, x=PIXELS, y=np.array([{}] * 6, object)))
    (tmp_path / "data.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataNotFoundError, match="can't be read"):
        open_collection(tmp_path / "data.npz")


def test_a_false_header_takes_no_memory(tmp_path):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"shape": (1 << 40,), "fortran_order": False, "descr": "|u1"}
    )
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x.npy", buffer.getvalue())
        archive.writestr("y.npy", buffer.getvalue())
    with pytest.raises(DataNotFoundError, match="claims the shape"):
        open_collection(tmp_path / "data.npz")


def test_more_than_the_memory_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("gradiente.images.arrays.free_memory", lambda: 100)
    with pytest.raises(TooLargeError, match="one folder per class"):
        open_collection(npz(tmp_path, x=PIXELS, y=np.arange(6)))


def digits(count: int, side: int = 20) -> np.ndarray:
    """Smooth random pictures, ``[count, side, side, 3]``."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 200, (count, 5, 5, 3)).astype(np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(c).resize((side, side), Image.Resampling.BICUBIC)) for c in coarse]
    )


def test_copies_and_blank_images_in_arrays_are_found_and_kept_together(tmp_path):
    images, labels = digits(40), np.arange(40) % 2
    images[7] = images[2]  # equal, of another class
    images[11] = np.clip(
        images[3].astype(int) + np.random.default_rng(1).integers(-2, 3, images[3].shape), 0, 255
    )
    images[20] = 200
    collection = open_collection(npz(tmp_path, images=images, labels=labels))
    assert collection.duplicates.exact == ((2, 7),)
    assert collection.duplicates.near == ((3, 11),)
    assert [note.key for note in collection.notes] == ["copies", "near_copies", "classes_differ"]
    assert collection.notes[2].endswith("data-2 (0) = data-7 (1).")
    found = audit(collection)
    assert [(g.members, g.exact, g.classes) for g in found.groups] == [
        ((2, 7), True, ("0", "1")), ((3, 11), False, ("1",)),
    ]  # fmt: skip
    assert found.blank == (20,)
    for seed in range(8):
        parts = collection.split(seed).parts
        assert parts is not None
        for pair in ((2, 7), (3, 11)):
            assert sum(bool(np.isin(pair, at).any()) for at in parts.values()) == 1


def test_copies_across_the_parts_of_arrays_are_said(tmp_path):
    images, labels = digits(24, 80), np.arange(24) % 2
    train, test = images[:18], images[18:].copy()
    test[1] = train[4]
    test[2] = np.clip(train[9] * 0.9, 0, 255)
    collection = open_collection(
        npz(tmp_path, x_train=train, y_train=labels[:18], x_test=test, y_test=labels[18:])
    )
    found = audit(collection)
    assert [(g.members, g.exact, g.parts) for g in found.across] == [
        ((4, 19), True, ("test", "train")), ((9, 20), False, ("test", "train")),
    ]  # fmt: skip
    assert "train-4 = test-1, train-9 = test-2" in next(
        n for n in collection.notes if n.key == "parts_differ"
    )
    table = collection.split(0).load(80, 80, 3).split_table().splitlines()
    assert len(table) == 25
    sums = {row.split(",")[1]: row.split(",")[3] for row in table[1:]}
    assert sums["train-4"] == sums["test-1"] != sums["train-9"]


def test_mnist_has_no_picture_twice():
    collection = open_collection("mnist")
    assert len(collection) == 70_000
    assert (collection.duplicates.exact, collection.duplicates.near) == ((), ())
    assert collection.duplicates.complete
    assert collection.notes == ()
    assert words("es").text(collection.source) == "MNIST: dígitos manuscritos"


def test_small_pictures_are_those_of_a_bilinear_resize():
    images = digits(6, 37)
    wanted = np.stack(
        [np.asarray(Image.fromarray(i).resize((16, 16), Image.Resampling.BILINEAR)) for i in images]
    )
    assert np.abs(small_pictures(images).astype(int) - wanted).max() <= 2
    small = images[:, :9, :7, :1]
    assert small_pictures(small).shape == (6, 16, 16, 3)
    wanted = np.asarray(Image.fromarray(small[0, ..., 0]).resize((16, 16), Image.Resampling.BILINEAR))
    assert np.abs(small_pictures(small)[0, ..., 2].astype(int) - wanted).max() <= 2


def test_small_pictures_of_large_images_take_little_memory():
    images = np.zeros((48, 512, 512, 3), np.uint8)
    tracemalloc.start()
    small_pictures(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes  # in float32 they would take four times that


def test_arrays_that_take_much_of_the_memory_are_used_where_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIENTE_CACHE", str(tmp_path / "cache"))
    images = np.random.default_rng(0).integers(0, 256, (200, 40, 50, 3), dtype=np.uint8)
    divided = open_collection(npz(tmp_path, x=images, y=np.arange(200) % 2)).split(0)
    held, streamed = divided.load(40, 50, 3), divided.load(40, 50, 3, memory=0)
    assert (streamed.cache, streamed.notes) == (None, held.notes)
    np.testing.assert_array_equal(streamed.parts["train"].images[:], held.parts["train"].images)
    tracemalloc.start()
    smaller = divided.load(20, 25, 3, memory=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert smaller.cache is not None
    assert peak < images.nbytes / 4
