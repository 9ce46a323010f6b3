"""Readers and whole files. Ops: "WholeFileReaderV2", "IdentityReaderV2", "TextLineReaderV2", "TFRecordReaderV2",
"FixedLengthRecordReaderV2", "ReaderReadV2", "ReaderReadUpToV2", "ReaderNumRecordsProducedV2",
"ReaderNumWorkUnitsCompletedV2", "ReaderSerializeStateV2", "ReaderRestoreStateV2", "ReaderResetV2", "ReadFile",
"WriteFile", "MatchingFiles"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gradiente as tf


def filled(session: Any, *paths: Path) -> Any:
    """A closed queue of names of files."""
    queue = tf.FIFOQueue(10, tf.string, [[]])
    session.run(queue.enqueue_many([[str(p) for p in paths]]))
    session.run(queue.close())
    return queue


def everything(session: Any, reader: Any, queue: Any) -> list[tuple[str, bytes]]:
    key, value = reader.read(queue)
    found: list[tuple[str, bytes]] = []
    while True:
        try:
            name, contents = session.run([key, value])
        except tf.errors.OutOfRangeError:
            return found
        found.append((Path(name.decode()).name, contents))


@pytest.fixture
def texts(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_bytes(b"head\nfirst\r\n\nlast")
    two.write_bytes(b"head\n")
    return one, two


def test_whole_files(texts: tuple[Path, Path]) -> None:
    with tf.Session() as session:
        reader = tf.WholeFileReader()
        found = everything(session, reader, filled(session, *texts))
        assert found == [("one.txt", b"head\nfirst\r\n\nlast"), ("two.txt", b"head\n")]
        assert session.run([reader.num_records_produced(), reader.num_work_units_completed()]) == [2, 2]


def test_lines(texts: tuple[Path, Path]) -> None:
    with tf.Session() as session:
        found = everything(session, tf.TextLineReader(), filled(session, *texts))
        assert found == [
            ("one.txt:1", b"head"), ("one.txt:2", b"first"), ("one.txt:3", b""), ("one.txt:4", b"last"),
            ("two.txt:1", b"head"),
        ]  # fmt: skip
        found = everything(session, tf.TextLineReader(skip_header_lines=1), filled(session, *texts))
        assert found == [("one.txt:2", b"first"), ("one.txt:3", b""), ("one.txt:4", b"last")]


def test_records_of_fixed_length(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"HHaaabbbcccdF")
    with tf.Session() as session:
        found = everything(session, tf.FixedLengthRecordReader(3, 2, 1), filled(session, path))
        assert found == [("data.bin:0", b"aaa"), ("data.bin:1", b"bbb"), ("data.bin:2", b"ccc")]
        found = everything(session, tf.FixedLengthRecordReader(3, 2, 2, hop_bytes=6), filled(session, path))
        assert found == [("data.bin:0", b"aaa"), ("data.bin:1", b"ccc")]
    with pytest.raises(ValueError, match="record_bytes must be positive"):
        tf.FixedLengthRecordReader(0)


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_tfrecords(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "data.tfrecord"
    with tf.python_io.TFRecordWriter(str(path), compression) as writer:
        writer.write(b"one")
        writer.write(b"two")
    options = tf.python_io.TFRecordOptions(compression)
    with tf.Session() as session:
        found = everything(session, tf.TFRecordReader(options=options), filled(session, path))
        assert found == [("data.tfrecord:0", b"one"), ("data.tfrecord:19", b"two")]


def test_the_queue_itself() -> None:
    with tf.Session() as session:
        assert everything(session, tf.IdentityReader(), filled(session, Path("a"), Path("b"))) == [
            ("a", b"a"),
            ("b", b"b"),
        ]


def test_several_records_at_once_stay_within_a_file(texts: tuple[Path, Path]) -> None:
    with tf.Session() as session:
        keys, values = tf.TextLineReader().read_up_to(filled(session, *texts), 3)
        sizes = [len(session.run(values)) for _ in range(3)]
        assert sizes == [3, 1, 1]
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(keys)


def test_a_reader_goes_back_to_a_saved_place(texts: tuple[Path, Path]) -> None:
    with tf.Session() as session:
        reader = tf.TextLineReader()
        _, value = reader.read(filled(session, *texts))
        session.run(value)
        place = session.run(reader.serialize_state())
        assert [session.run(value) for _ in range(2)] == [b"first", b""]
        session.run(reader.restore_state(place))
        assert session.run(value) == b"first"
        assert session.run(reader.num_records_produced()) == 2
        session.run(reader.reset())
        assert session.run(reader.num_records_produced()) == 0
        assert session.run(value) == b"head"
        with pytest.raises(tf.errors.InvalidArgumentError, match="Could not parse the state"):
            session.run(reader.restore_state("nonsense"))


def test_a_missing_file_is_named_and_the_next_one_read(texts: tuple[Path, Path]) -> None:
    with tf.Session() as session:
        _, value = tf.TextLineReader().read(filled(session, Path("nowhere.txt"), texts[1]))
        with pytest.raises(tf.errors.NotFoundError, match=r"nowhere\.txt.*\n.*made at .*test_readers\.py"):
            session.run(value)
        assert session.run(value) == b"head"


def test_a_damaged_record_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "bad.tfrecord"
    path.write_bytes(b"this is no TFRecord file at all")
    with tf.Session() as session:
        _, value = tf.TFRecordReader().read(filled(session, path))
        with pytest.raises(tf.errors.DataLossError, match=r"corrupted record at 0 of .*bad\.tfrecord"):
            session.run(value)


def test_files_are_written_read_and_found(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "b.txt"
    (tmp_path / "a.txt").write_text("")
    with tf.Session() as session:
        session.run(tf.write_file(str(path), "text"))
        assert session.run(tf.read_file(str(path))) == b"text"
        found = session.run(tf.matching_files([str(tmp_path / "*.txt"), str(tmp_path / "*" / "?.txt")]))
        assert [Path(f.decode()).name for f in found] == ["a.txt", "b.txt"]
        assert session.run(tf.matching_files(str(tmp_path / "none*"))).shape == (0,)
        with pytest.raises(tf.errors.NotFoundError, match="gone"):
            session.run(tf.read_file(str(tmp_path / "gone")))
