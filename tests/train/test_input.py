"""Input pipelines, from files to batches."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.ops.queue_waiting import PATIENCE_VARIABLE


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATIENCE_VARIABLE, "0.2")


def batches(fetches: Any) -> list[Any]:
    """All that ``fetches`` gives until the end of the input."""
    found: list[Any] = []
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess=session, coord=coord)
        try:
            while not coord.should_stop():
                found.append(session.run(fetches))
        except tf.errors.OutOfRangeError:
            coord.request_stop()
        coord.join(threads)
    return found


def numbers(limit: int, **options: Any) -> Any:
    return tf.train.range_input_producer(limit, num_epochs=1, shuffle=False, **options).dequeue()


@pytest.mark.parametrize("threads", [1, 3])
def test_files_to_shuffled_batches(tmp_path: Path, threads: int) -> None:
    """Every example of every file comes exactly twice in two epochs."""
    expected: dict[bytes, np.ndarray[Any, Any]] = {}
    for number in range(12):
        image = np.full((4 + number, 6, 3), 20 * number, np.uint8)
        path = tmp_path / f"image-{number:02}.png"
        with tf.Session() as session:
            session.run(tf.write_file(str(path), tf.image.encode_png(image)))
        expected[str(path).encode()] = image[0, 0, 0] / 255
    files = tf.train.match_filenames_once(str(tmp_path / "*.png"))
    queue = tf.train.string_input_producer(files, num_epochs=2, seed=3)
    name, contents = tf.WholeFileReader().read(queue)
    image = tf.image.decode_png(contents, channels=3)
    image = tf.image.resize_images(tf.image.convert_image_dtype(image, tf.float32), [4, 4])
    found = batches(
        tf.train.shuffle_batch(
            [image, name], 5, 30, 10, num_threads=threads, seed=1, allow_smaller_final_batch=True
        )
    )
    assert [len(names) for _, names in found] == [5, 5, 5, 5, 4]
    seen = Counter(name for _, names in found for name in names)
    assert seen == dict.fromkeys(expected, 2)
    for images, names in found:
        assert images.shape[1:] == (4, 4, 3)
        for pixels, name in zip(images, names, strict=True):
            np.testing.assert_allclose(pixels, expected[name], atol=1e-6)


def test_a_batch_without_running_threads_says_so() -> None:
    taken = tf.train.batch([numbers(4)], 2)
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        with pytest.raises(tf.errors.FailedPreconditionError, match="Start the queue runners"):
            session.run(taken)


def test_an_error_in_a_thread_reaches_join(tmp_path: Path) -> None:
    queue = tf.train.string_input_producer([str(tmp_path / "gone.png")])
    taken = tf.train.batch([tf.read_file(queue.dequeue())], 2)
    with pytest.raises(tf.errors.NotFoundError, match=r"gone\.png"):
        batches(taken)


def test_epochs_need_their_variables_initialized() -> None:
    taken = tf.train.batch([numbers(4)], 2)
    with tf.Session() as session:
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coord)
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(taken)
        with pytest.raises(tf.errors.FailedPreconditionError, match=r"uninitialized value .*epochs"):
            coord.join(threads)


def test_batches_in_order_and_what_is_left() -> None:
    taken = tf.train.batch([numbers(7)], 3)
    assert taken.shape.as_list() == [3]
    assert [b.tolist() for b in batches(taken)] == [[0, 1, 2], [3, 4, 5]]
    smaller = tf.train.batch([numbers(7)], 3, allow_smaller_final_batch=True)
    assert smaller.shape.as_list() == [None]
    assert [b.tolist() for b in batches(smaller)][-1] == [6]


def test_a_dictionary_comes_back_as_one() -> None:
    n = numbers(4)
    found = batches(tf.train.batch({"square": n * n, "number": n}, 2))
    assert [{k: v.tolist() for k, v in f.items()} for f in found] == [
        {"number": [0, 1], "square": [0, 1]}, {"number": [2, 3], "square": [4, 9]},
    ]  # fmt: skip


def test_rows_of_tensors() -> None:
    names = ["a", "b", "c"]
    rows = tf.train.slice_input_producer([names, [[1, 2], [3, 4], [5, 6]]], num_epochs=1, shuffle=False)
    assert [t.shape.as_list() for t in rows] == [[], [2]]
    (found,) = batches(tf.train.batch(rows, 3))
    assert found[0].tolist() == [b"a", b"b", b"c"]
    assert found[1].tolist() == [[1, 2], [3, 4], [5, 6]]


def test_many_at_once() -> None:
    rows = tf.reshape(numbers(4), [1]) * 10 + tf.range(3)
    found = batches(tf.train.batch([rows], 4, enqueue_many=True))
    assert [f.tolist() for f in found] == [[0, 1, 2, 10], [11, 12, 20, 21], [22, 30, 31, 32]]


def test_examples_of_different_sizes_are_filled_up() -> None:
    n = numbers(4)
    with pytest.raises(ValueError, match=r"All shapes must be fully defined.*dynamic_pad=True"):
        tf.train.batch([tf.range(n)], 2)
    found = batches(tf.train.batch([tf.range(n)], 2, dynamic_pad=True))
    assert [f.tolist() for f in found] == [[[0], [0]], [[0, 1, 0], [0, 1, 2]]]


def test_only_what_is_to_be_kept() -> None:
    n = numbers(6)
    assert [b.tolist() for b in batches(tf.train.maybe_batch([n], tf.equal(n % 2, 0), 3))] == [[0, 2, 4]]
    n = numbers(4)
    rows = tf.stack([n, n + 10])
    kept = tf.train.maybe_batch([rows], rows > 11, 2, enqueue_many=True)
    assert [b.tolist() for b in batches(kept)] == [[12, 13]]


def test_several_lists_are_joined() -> None:
    pairs = [[numbers(4), tf.constant(i)] for i in range(2)]
    found = batches(tf.train.batch_join(pairs, 4))
    assert sorted((n, i) for a, b in found for n, i in zip(a.tolist(), b.tolist(), strict=True)) == [
        (n, i) for n in range(4) for i in range(2)
    ]
    found = batches(tf.train.shuffle_batch_join([[numbers(4)], [numbers(4)]], 4, 20, 2))
    assert sorted(np.concatenate(found).tolist()) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_sparse_tensors_in_a_batch() -> None:
    n = numbers(3)
    sparse = tf.SparseTensor(tf.cast(tf.expand_dims(tf.range(n), 1), tf.int64), tf.range(n) + 5, [4])
    (found,) = batches(tf.train.batch([sparse, n], 3))
    value, order = found
    assert order.tolist() == [0, 1, 2]
    assert value.indices.tolist() == [[1, 0], [2, 0], [2, 1]]
    assert value.values.tolist() == [5, 5, 6]
    assert value.dense_shape.tolist() == [3, 4]


def test_shuffled_batches_are_in_another_order() -> None:
    found = batches(tf.train.shuffle_batch([numbers(20)], 4, 30, 10, seed=7))
    order = np.concatenate(found).tolist()
    assert sorted(order) == list(range(20))
    assert order != list(range(20))


def test_what_is_wrong_is_said_while_building() -> None:
    with pytest.raises(ValueError, match="the list of strings is empty"):
        tf.train.string_input_producer([])
    with pytest.raises(ValueError, match="num_epochs must be > 0 not 0"):
        tf.train.limit_epochs(tf.constant(1), 0)
    with pytest.raises(ValueError, match="at least one tensor"):
        tf.train.batch([], 2)
    with pytest.raises(ValueError, match="at least one tensor"):
        tf.train.slice_input_producer([])
    with pytest.raises(ValueError, match="element_shape"):
        tf.train.input_producer(tf.placeholder(tf.float32))
    with pytest.raises(ValueError, match="cannot be a vector"):
        tf.train.maybe_batch([tf.constant(1)], [True], 2)


def test_a_pattern_that_matches_nothing(tmp_path: Path) -> None:
    queue = tf.train.string_input_producer(tf.train.match_filenames_once(str(tmp_path / "*.png")))
    with pytest.raises(tf.errors.InvalidArgumentError, match="requires a non-null input tensor"):
        batches(queue.dequeue())


@pytest.mark.shared_data
def test_page_fragments(shared_data: Path) -> None:
    """The course's final project: PNG files of all sizes and a file of categories, in batches of 28×28."""
    lines = (shared_data / "fragments" / "categories.txt").read_text().split("\n")
    pairs = [line.replace("->", " ").split() for line in lines if line.strip()][:40]
    names = [str(shared_data / "fragments" / name) for name, _ in pairs]
    labels = [int(label) - 1 for _, label in pairs]
    name, label = tf.train.slice_input_producer([names, labels], num_epochs=1, seed=1)
    image = tf.image.decode_png(tf.read_file(name), channels=1)
    image = tf.image.resize_images(tf.image.convert_image_dtype(image, tf.float32), [28, 28])
    found = batches(tf.train.shuffle_batch([image, label, name], 8, 60, 20, num_threads=2))
    assert {images.shape for images, _, _ in found} == {(8, 28, 28, 1)}
    seen = {n.decode(): int(k) for _, some, files in found for n, k in zip(files, some, strict=True)}
    assert seen == dict(zip(names, labels, strict=True))
