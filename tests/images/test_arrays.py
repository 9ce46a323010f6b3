from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.images.test_mnist import small_set

from gradiente.images.collection import open_collection
from gradiente.images.problems import CategoriesError, DataNotFoundError, NoImagesError, TooLargeError

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
