"""TFRecord files and Examples: TensorFlow's are read, ours are the same bytes, damage is told."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradiente.formats.crc32c import masked_crc32c
from gradiente.formats.example import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)
from gradiente.formats.tfrecord import (
    TFRecordCompressionType,
    TFRecordOptions,
    TFRecordWriter,
    read_records,
    tf_record_iterator,
)
from gradiente.graph.errors import DataLossError, FailedPreconditionError, InvalidArgumentError, NotFoundError

GOLDEN = Path(__file__).parents[1] / "golden" / "formats"
KINDS = ["", "GZIP", "ZLIB"]


def golden(kind: str) -> Path:
    return GOLDEN / f"examples{kind and '_' + kind.lower()}.tfrecord"


def features(i: int) -> Features:
    return Features(
        feature={
            "label": Feature(int64_list=Int64List(value=[i, -i, 2**62])),
            "image": Feature(bytes_list=BytesList(value=[b"\0\xff", b"", b"x" * i])),
            "weight": Feature(float_list=FloatList(value=[0.1, i / 3])),
            "nothing": Feature(),
        }
    )


def messages() -> list[Example | SequenceExample]:
    sequence = SequenceExample(
        context=features(7),
        feature_lists=FeatureLists(
            feature_list={"words": FeatureList(feature=[features(1).feature["image"]] * 2)}
        ),
    )
    return [*(Example(features=features(i)) for i in range(3)), sequence]


def records() -> list[bytes]:
    return [*(message.SerializeToString(deterministic=True) for message in messages()), b""]


@pytest.mark.parametrize("kind", KINDS)
def test_tensorflows_file_is_read(kind: str) -> None:
    got = list(tf_record_iterator(golden(kind), TFRecordOptions(kind)))
    assert got == records()
    assert Example.FromString(got[2]) == messages()[2]
    assert SequenceExample.FromString(got[3]) == messages()[3]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_tensorflows_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "ours"
    with TFRecordWriter(path, TFRecordOptions(kind)) as writer:
        for record in records():
            writer.write(record)
    plain = {"": bytes, "GZIP": gzip.decompress, "ZLIB": zlib.decompress}[kind]
    assert plain(path.read_bytes()) == golden("").read_bytes()


def test_the_messages_are_tensorflows() -> None:
    assert Example.DESCRIPTOR.full_name == "tensorflow.Example"
    example = messages()[1]
    assert isinstance(example, Example)
    feature = example.features.feature
    assert feature["label"].WhichOneof("kind") == "int64_list"
    assert feature["nothing"].WhichOneof("kind") is None
    assert list(feature["label"].int64_list.value) == [1, -1, 2**62]
    example.features.feature["more"].bytes_list.value.append(b"1")
    assert (
        Example.FromString(example.SerializeToString()).features.feature["more"].bytes_list.value[0] == b"1"
    )


def test_offsets_and_flush(tmp_path: Path) -> None:
    path = tmp_path / "records"
    for kind in KINDS:
        writer = TFRecordWriter(path, kind)
        writer.write(b"12345")
        writer.flush()
        assert next(read_records(path, kind)) == (0, b"12345")
        writer.write(b"6")
        writer.close()
        writer.close()
        assert list(read_records(path, kind)) == [(0, b"12345"), (21, b"6")]
        with pytest.raises(FailedPreconditionError, match="is closed"):
            writer.write(b"7")


def test_options() -> None:
    kinds = TFRecordCompressionType
    for given_type, name in [
        (None, ""),
        (kinds.NONE, ""),
        (kinds.ZLIB, "ZLIB"),
        (kinds.GZIP, "GZIP"),
        ("GZIP", "GZIP"),
    ]:
        assert TFRecordOptions(given_type).compression_type == name
        assert TFRecordOptions.get_compression_type_string(TFRecordOptions(given_type)) == name
    for wrong in ("BZIP2", 7):
        with pytest.raises(ValueError, match="no TFRecord compression"):
            TFRecordOptions(wrong)


def test_compression_options_are_used(tmp_path: Path) -> None:
    sizes: list[int] = []
    for level in (0, 9):
        with TFRecordWriter(
            tmp_path / "x", TFRecordOptions("ZLIB", compression_level=level, mem_level=9)
        ) as writer:
            writer.write(bytes(10000))
        sizes.append((tmp_path / "x").stat().st_size)
        assert list(tf_record_iterator(tmp_path / "x", "ZLIB")) == [bytes(10000)]
    assert sizes[1] < 200 < sizes[0]


def test_wrong_uses_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"nothing; No such file"):
        next(tf_record_iterator(tmp_path / "nothing"))
    with pytest.raises(NotFoundError, match="No such file"):
        TFRecordWriter(tmp_path / "nowhere" / "x")
    with pytest.raises(InvalidArgumentError, match="is a directory"):
        next(tf_record_iterator(tmp_path))
    with pytest.raises(DataLossError, match=r"corrupted record at 0 of .*or is compressed"):
        next(tf_record_iterator(golden("GZIP")))
    with pytest.raises(DataLossError, match="corrupted record at 0"):
        next(tf_record_iterator(golden(""), "GZIP"))
    with (
        TFRecordWriter(tmp_path / "x") as writer,
        pytest.raises(TypeError, match=r"received Example.*Serialize"),
    ):
        writer.write(Example())  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_is_told(tmp_path: Path, kind: str) -> None:
    data = golden(kind).read_bytes()
    whole = records()
    ends = {0}
    for record in whole:
        ends.add(max(ends) + 16 + len(record))
    for length in range(len(data)):
        (tmp_path / "x").write_bytes(data[:length])
        got: list[bytes] = []
        if (kind == "" and length in ends) or length == 0:
            if kind != "ZLIB":
                assert list(tf_record_iterator(tmp_path / "x", kind)) == whole[: sorted(ends).index(length)]
            continue
        with pytest.raises(DataLossError, match=r"(truncated|corrupted) record at \d+ of"):  # noqa: PT012
            for record in tf_record_iterator(tmp_path / "x", kind):
                got.append(record)  # noqa: PERF402
        assert got == whole[: len(got)]


def test_a_changed_byte_is_told(tmp_path: Path) -> None:
    data = golden("").read_bytes()
    for at in range(0, len(data), 3):
        (tmp_path / "x").write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        with pytest.raises(DataLossError, match="record at"):
            list(tf_record_iterator(tmp_path / "x"))


def test_a_huge_length_takes_no_memory(tmp_path: Path) -> None:
    length = struct.pack("<Q", 1 << 60)
    (tmp_path / "x").write_bytes(length + struct.pack("<I", masked_crc32c(length)) + b"abc")
    with pytest.raises(DataLossError, match="truncated record at 0"):
        list(tf_record_iterator(tmp_path / "x"))


@given(st.lists(st.binary(max_size=300), max_size=10), st.sampled_from(KINDS))
def test_records_survive(tmp_path_factory: pytest.TempPathFactory, written: list[bytes], kind: str) -> None:
    path = tmp_path_factory.getbasetemp() / "survive"
    with TFRecordWriter(path, kind) as writer:
        for record in written:
            writer.write(record)
    assert list(tf_record_iterator(path, kind)) == written


@given(st.binary(max_size=60), st.sampled_from(KINDS))
def test_any_bytes_are_records_or_told(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    try:
        list(tf_record_iterator(path, kind))
    except DataLossError:
        return
