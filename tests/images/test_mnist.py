"""The packaged MNIST, the IDX reader, and TensorFlow 1's ``input_data``."""

from __future__ import annotations

import contextlib
import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradiente.graph.graph import Graph
from gradiente.images import input_data, mnist
from gradiente.images.idx import read_idx
from gradiente.images.input_data import (
    DataSet,
    dense_to_one_hot,
    extract_images,
    extract_labels,
    read_data_sets,
)
from gradiente.ops.random_seed import set_random_seed


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def small_set(folder: Path, count: int = 12, *, skip: str = "") -> Path:
    """Four files of a small data set in MNIST's format."""
    images = np.arange(count * 6, dtype=np.uint8).reshape(count, 2, 3)
    labels = (np.arange(count) % 10).astype(np.uint8)
    for name in mnist.SHA256:
        if name != skip:
            (folder / name).write_bytes(gzip.compress(idx(images if "images" in name else labels)))
    return folder


def in_tf1_order(count: int, batches: list[int], seed: int) -> list[list[int]]:
    """The rule of TensorFlow 1, stated apart: shuffle what the last epoch left, when an epoch begins."""
    random = np.random.RandomState(seed)
    held = np.arange(count)

    def shuffled(held: np.ndarray) -> np.ndarray:
        order = np.arange(count)
        random.shuffle(order)
        return held[order]

    held, queue, out = shuffled(held), [], []
    queue = held.tolist()
    for size in batches:
        while len(queue) < size:
            held = shuffled(held)
            queue += held.tolist()
        out.append(queue[:size])
        queue = queue[size:]
    return out


@pytest.fixture(scope="module")
def packaged() -> mnist.Mnist:
    return mnist.load()


def test_the_packaged_files_are_mnist(packaged: mnist.Mnist) -> None:
    (train_images, train_labels), (test_images, test_labels) = packaged
    assert train_images.shape == (60000, 28, 28, 1)
    assert train_images.dtype == np.uint8
    assert test_images.shape == (10000, 28, 28, 1)
    assert train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert round(float(train_images.mean()) / 255, 4) == 0.1307
    train_images[0, 0, 0, 0] = 9


def test_a_changed_packaged_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mnist.SHA256, mnist.TEST_LABELS, "0" * 64)
    with pytest.raises(ValueError, match=r"t10k-labels.*SHA-256 sum is b91679.*Install gradiente anew"):
        mnist.packaged(mnist.TEST_LABELS)


def test_read_data_sets_has_tensorflows_shapes_and_types(tmp_path: Path, packaged: mnist.Mnist) -> None:
    data = read_data_sets(str(tmp_path / "MNIST_data"), one_hot=True)
    assert [part.num_examples for part in data] == [55000, 5000, 10000]
    assert data.train.images.shape == (55000, 784)
    assert data.train.images.dtype == np.float32
    assert data.train.labels.shape == (55000, 10)
    assert data.train.labels.dtype == np.float64
    np.testing.assert_array_equal(data.validation.labels.argmax(1), packaged.train.labels[:5000])
    np.testing.assert_array_equal(data.train.labels.argmax(1), packaged.train.labels[5000:])
    expected = packaged.test.images.reshape(-1, 784).astype(np.float32) * np.float32(1 / 255)
    np.testing.assert_array_equal(data.test.images, expected)
    assert data.test.images.min() == 0
    assert data.test.images.max() == 1
    assert list(tmp_path.iterdir()) == []


def test_read_data_sets_without_reshape_in_bytes(tmp_path: Path, packaged: mnist.Mnist) -> None:
    data = read_data_sets(tmp_path, dtype=np.uint8, reshape=False, validation_size=0)
    assert data.train.num_examples == 60000
    assert data.validation.num_examples == 0
    np.testing.assert_array_equal(data.test.images, packaged.test.images)
    np.testing.assert_array_equal(data.test.labels, packaged.test.labels)
    assert data.test.labels.dtype == np.uint8


def test_read_data_sets_prefers_the_folders_files(tmp_path: Path) -> None:
    data = read_data_sets(small_set(tmp_path), dtype="uint8", validation_size=2)
    assert [part.num_examples for part in data] == [10, 2, 12]
    assert data.train.images[0].tolist() == [12, 13, 14, 15, 16, 17]


@pytest.mark.parametrize("size", [-1, 13])
def test_validation_size_must_fit(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match=f"between 0 and 12. Received: {size}"):
        read_data_sets(small_set(tmp_path), validation_size=size)


def test_some_files_of_another_set_are_not_mixed_with_mnist(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"without t10k-labels-idx1-ubyte\.gz.*all four"):
        read_data_sets(small_set(tmp_path, skip=mnist.TEST_LABELS))


def test_some_files_of_mnist_itself_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / mnist.TEST_LABELS).write_bytes(mnist.packaged(mnist.TEST_LABELS))
    assert read_data_sets(tmp_path, dtype="uint8").test.num_examples == 10000


def test_a_damaged_file_in_the_folder_is_named(tmp_path: Path) -> None:
    small_set(tmp_path)
    path = tmp_path / mnist.TEST_IMAGES
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte\.gz"):
        read_data_sets(tmp_path, validation_size=0)


def test_images_and_labels_must_be_as_many(tmp_path: Path) -> None:
    small_set(tmp_path)
    (tmp_path / mnist.TEST_LABELS).write_bytes(gzip.compress(idx(np.zeros(3, np.uint8))))
    with pytest.raises(ValueError, match=r"12 images.*3 labels"):
        read_data_sets(tmp_path, validation_size=0)


class TensorFlowLikeType:
    as_numpy_dtype = np.uint8


def test_dtype_forms() -> None:
    images, labels = np.full([1, 1, 1, 1], 51, np.uint8), np.zeros(1, np.uint8)
    for dtype in ("uint8", np.uint8, np.dtype("uint8"), TensorFlowLikeType()):
        assert DataSet(images, labels, dtype=dtype).images[0, 0] == 51
    assert DataSet(images, labels).images[0, 0] == np.float32(51) * np.float32(1 / 255)
    with pytest.raises(TypeError, match="Invalid image dtype 'float64', expected uint8 or float32"):
        DataSet(images, labels, dtype="float64")


@given(
    count=st.integers(1, 20),
    sizes=st.lists(st.integers(0, 45), max_size=12),
    seed=st.integers(0, 1000),
)
def test_next_batch_goes_in_tensorflows_order(count: int, sizes: list[int], seed: int) -> None:
    sizes = [max(1, size) for size in sizes]
    values = np.arange(count)
    data = DataSet(values.reshape(-1, 1, 1, 1).astype(np.uint8), values, dtype="uint8", seed=seed)
    taken = 0
    for size, expected in zip(sizes, in_tf1_order(count, sizes, seed), strict=True):
        images, labels = data.next_batch(size)
        assert labels.tolist() == expected
        assert images[:, 0].tolist() == expected
        taken += size
        assert data.epochs_completed == (taken - 1) // count


def test_without_shuffling_the_order_is_the_files() -> None:
    data = DataSet(np.zeros([5, 1, 1, 1], np.uint8), np.arange(5))
    batches = [data.next_batch(3, shuffle=False)[1].tolist() for _ in range(4)]
    assert batches == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]
    assert data.epochs_completed == 2


def test_the_same_seed_gives_the_same_batches(tmp_path: Path) -> None:
    small_set(tmp_path)

    def batches(seed: int) -> list[list[int]]:
        train = read_data_sets(tmp_path, validation_size=0, seed=seed).train
        return [train.next_batch(5)[1].tolist() for _ in range(6)]

    assert batches(7) == batches(7)
    assert batches(7) != batches(8)


def test_the_graphs_seed_decides_the_order_where_none_is_given() -> None:
    def order() -> list[int]:
        data = DataSet(np.zeros([30, 1, 1, 1], np.uint8), np.arange(30))
        return data.next_batch(30)[1].tolist()

    with Graph().as_default():
        set_random_seed(5)
        np.random.seed(1)  # noqa: NPY002 - must not matter
        first = order()
        assert order() == first == in_tf1_order(30, [30], 5)[0]


def test_numpys_seed_decides_the_order_where_none_is_given() -> None:
    def order() -> list[int]:
        data = DataSet(np.zeros([30, 1, 1, 1], np.uint8), np.arange(30))
        return data.next_batch(30)[1].tolist()

    np.random.seed(3)  # noqa: NPY002 - this is what programs call
    first = order()
    np.random.seed(3)  # noqa: NPY002 - this is what programs call
    assert order() == first


def test_fake_data() -> None:
    data = read_data_sets("nowhere", fake_data=True, one_hot=True)
    images, labels = data.train.next_batch(2, fake_data=True)
    assert data.train.num_examples == 10000
    assert images == [[1] * 784] * 2
    assert labels == [[1] + [0] * 9] * 2
    assert read_data_sets("nowhere", fake_data=True).test.next_batch(1, fake_data=True)[1] == [0]


def test_one_hot() -> None:
    assert dense_to_one_hot(np.array([1, 0]), 2).tolist() == [[0, 1], [1, 0]]
    assert dense_to_one_hot(np.array([3], np.uint8)).dtype == np.float64
    with pytest.raises(ValueError, match="labels from 0 to 4, and 4 classes"):
        dense_to_one_hot(np.array([0, 4]), 4)


def test_extract_takes_paths_files_and_bytes(tmp_path: Path) -> None:
    values = np.array([3, 1, 2], np.uint8)
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(idx(values)))
    assert extract_labels(path).tolist() == [3, 1, 2]
    assert extract_labels(str(path), one_hot=True, num_classes=4).argmax(1).tolist() == [3, 1, 2]
    with open(path, "rb") as file:
        assert extract_labels(file).tolist() == [3, 1, 2]
    assert extract_images(idx(np.ones([2, 3, 4], np.uint8))).shape == (2, 3, 4, 1)
    with pytest.raises(ValueError, match=r"labels\.gz: 2051.*swapped"):
        extract_images(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "truncated: its magic number take 4 bytes, and 0"),
        (b"PK\3\4", "Invalid magic number"),
        (bytes([0, 0, 13, 1]), "Invalid magic number 3329"),
        (bytes([0, 0, 8, 3, 0, 0]), "truncated: its sizes"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 4, 1, 2]), "take 4 bytes, and 2 are there"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]), "goes on after"),
        (bytes([0, 0, 8, 2]) + b"\xff" * 8, "or more"),
        (gzip.compress(idx(np.arange(99, dtype=np.uint8)), mtime=0)[:-12], "damaged"),
    ],
)
def test_a_damaged_idx_file_is_said_to_be_one(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_idx(data)


@given(st.binary(max_size=80), st.integers(0, 2))
def test_no_bytes_give_anything_but_an_array_or_a_value_error(data: bytes, kind: int) -> None:
    framed = [data, bytes([0, 0, 8, 2, 0, 0]) + data, gzip.compress(b"\0\0\x08\1\0\0\0" + data)[:60]][kind]
    with contextlib.suppress(ValueError):
        assert read_idx(framed).dtype == np.uint8


def test_the_old_module_has_its_names() -> None:
    assert input_data.DEFAULT_SOURCE_URL.startswith("https://")
    assert input_data.Datasets._fields == ("train", "validation", "test")
