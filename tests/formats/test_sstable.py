"""Sorted tables, Snappy blocks and variable-length integers."""

from __future__ import annotations

import contextlib
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradiente.formats import snappy
from gradiente.formats.crc32c import extend, mask, masked_crc32c, unmask
from gradiente.formats.sstable import TableReader, TableWriter
from gradiente.formats.varint import (
    decode_varint,
    encode_varint,
    ordered_bytes,
    ordered_signed,
    ordered_unsigned,
)
from gradiente.graph.errors import DataLossError


def table(entries: dict[bytes, bytes], block_size: int = 1 << 18) -> bytes:
    file = io.BytesIO()
    writer = TableWriter(file, block_size)
    for key, value in sorted(entries.items()):
        writer.add(key, value)
    writer.finish()
    return file.getvalue()


def reader(data: bytes) -> TableReader:
    return TableReader(io.BytesIO(data), "the table")


@given(
    st.dictionaries(st.binary(max_size=12), st.binary(max_size=30), max_size=60),
    st.sampled_from([1, 40, 1 << 18]),
)
def test_what_is_written_is_read(entries: dict[bytes, bytes], block_size: int) -> None:
    table_reader = reader(table(entries, block_size))
    assert list(table_reader.entries()) == sorted(entries.items())
    for key, value in entries.items():
        assert table_reader.get(key) == value
    assert table_reader.get(b"a key that is too long to be there") is None


def test_keys_must_increase() -> None:
    writer = TableWriter(io.BytesIO())
    writer.add(b"b", b"")
    with pytest.raises(ValueError, match="must increase"):
        writer.add(b"b", b"")


def block(content: bytes, kind: int) -> bytes:
    typed = content + bytes([kind])
    return typed + struct.pack("<I", masked_crc32c(typed))


def table_of_one_block(content: bytes, kind: int, key: bytes = b"z") -> bytes:
    """A table whose only block has these bytes, with a checksum that fits."""
    first = block(content, kind)
    handle = encode_varint(0) + encode_varint(len(content))
    entry = b"\0" + encode_varint(len(key)) + encode_varint(len(handle)) + key + handle
    index = entry + struct.pack("<2I", 0, 1)
    footer = encode_varint(0) + encode_varint(0) + encode_varint(len(first)) + encode_varint(len(index))
    return first + block(index, 0) + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def test_a_snappy_block_is_read() -> None:
    content = b"\0\1\x0aa" + b"0123456789" + struct.pack("<2I", 0, 1)
    compressed = encode_varint(len(content)) + bytes([(len(content) - 1) << 2]) + content
    assert list(reader(table_of_one_block(compressed, 1)).entries()) == [(b"a", b"0123456789")]


@given(st.binary(max_size=60), st.integers(0, 2))
def test_any_block_is_read_or_told(content: bytes, kind: int) -> None:
    with contextlib.suppress(DataLossError):
        for key, value in reader(table_of_one_block(content, kind)).entries():
            assert len(key) + len(value) < 100


def test_keys_that_grow_without_end_are_refused() -> None:
    start = b"\0" + encode_varint(20000) + b"\0" + b"k" * 20000
    more = b"".join(encode_varint(20000 + at) + b"\1\0k" for at in range(5000))
    with pytest.raises(DataLossError, match="far longer"):
        for _ in reader(table_of_one_block(start + more + struct.pack("<2I", 0, 1), 0)).entries():
            pass


@given(st.binary(max_size=100))
def test_any_file_is_a_table_or_told(data: bytes) -> None:
    for content in (data, data + struct.pack("<Q", 0xDB4775248B80FB57)):
        with contextlib.suppress(DataLossError):
            list(reader(content).entries())


def test_the_error_names_the_file() -> None:
    with pytest.raises(DataLossError, match="the table can't be read as a table: it has 3 bytes"):
        reader(b"abc")


@pytest.mark.parametrize(
    ("compressed", "plain"),
    [
        ("0b2868656c6c6f20776f726c64", b"hello world"),
        ("0a046162" + "1502", b"ab" * 5 + b"a"),
        ("8001" + "00" + "61" + "fa0100" + "fa0100", b"a" * 127),
    ],
)
def test_snappy(compressed: str, plain: bytes) -> None:
    data = bytes.fromhex(compressed)
    data = encode_varint(len(plain)) + data[2 if data[0] & 0x80 else 1 :]
    assert snappy.decompress(data, 1000) == plain


@given(st.binary(max_size=40))
def test_snappy_gives_bytes_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert len(snappy.decompress(data, 500)) <= 500


def test_snappy_long_literals() -> None:
    plain = bytes(range(256)) * 2
    for code, width in ((60, 2), (61, 2), (62, 3), (63, 4)):
        if code == 60:
            continue
        data = (
            encode_varint(len(plain))
            + bytes([code << 2])
            + (len(plain) - 1).to_bytes(width, "little")
            + plain
        )
        assert snappy.decompress(data, 1000) == plain
    with pytest.raises(ValueError, match="claims 512 bytes, and at most 511"):
        snappy.decompress(data, 511)


@given(st.integers(0, 2**64 - 1))
def test_varints(value: int) -> None:
    assert decode_varint(b"?" + encode_varint(value) + b"?", 1) == (value, 1 + len(encode_varint(value)))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9 + b"\x02", b"\xff" * 11])
def test_bad_varints(data: bytes) -> None:
    with pytest.raises(ValueError, match="integer"):
        decode_varint(data, 0)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=2))
def test_signed_codes_keep_the_order(pair: list[int]) -> None:
    a, b = pair
    assert (ordered_signed(a) < ordered_signed(b)) == (a < b)


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=2), st.lists(st.binary(), min_size=2, max_size=2)
)
def test_unsigned_and_bytes_codes_keep_the_order(numbers: list[int], texts: list[bytes]) -> None:
    assert (ordered_unsigned(numbers[0]) < ordered_unsigned(numbers[1])) == (numbers[0] < numbers[1])
    assert (ordered_bytes(texts[0]) < ordered_bytes(texts[1])) == (texts[0] < texts[1])


def test_signed_codes_of_known_length() -> None:
    lengths = [len(ordered_signed(value)) for value in (63, 64, -64, -65, 2**62, 2**63 - 1, -(2**63))]
    assert lengths == [1, 2, 1, 2, 9, 10, 10] or lengths == [1, 2, 1, 2, 10, 10, 10]


def test_crc32c_is_the_published_one() -> None:
    assert extend(0, bytes(32)) == 0x8A9136AA
    assert extend(0, b"123456789") == 0xE3069283
    assert unmask(mask(0xE3069283)) == 0xE3069283
    assert mask(extend(0, b"foo")) != extend(0, b"foo")
    assert extend(extend(0, bytearray(16)), memoryview(bytes(16))) == 0x8A9136AA
