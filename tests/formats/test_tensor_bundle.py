"""Checkpoints: TensorFlow's (``tests/golden/make_formats.py``) are read, ours are the same bytes, damage is told."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradiente.formats.bundle_reader import BundleReader
from gradiente.formats.checkpoint_protos import BundleEntryProto, BundleHeaderProto
from gradiente.formats.crc32c import extend, mask
from gradiente.formats.sstable import TableReader, TableWriter
from gradiente.formats.tensor_bundle import BundleWriter, CheckpointReader
from gradiente.formats.tensor_slices import TensorSlice
from gradiente.graph.errors import (
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
    UnimplementedError,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "formats"
NUMBERS = np.arange(6).reshape(2, 3)
NUMPY = {
    "float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "float64": np.float64,
    "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64, "uint8": np.uint8,
    "uint16": np.uint16, "complex64": np.complex64, "complex128": np.complex128, "bool": np.bool_,
}  # fmt: skip
TEXT = [[b"a", b""], [b"\0\xff", "año".encode()]]


def expected() -> dict[str, np.ndarray]:
    """What ``make_formats.py`` put into both checkpoints."""
    values: dict[str, Any] = {
        name: (NUMBERS - 2 * (not name.startswith("u"))).astype(kind) for name, kind in NUMPY.items()
    }
    values["text"] = np.array(TEXT, object)
    values["scope/scalar"] = np.float32(3.5)
    values["empty"] = np.zeros([0, 4], np.float32)
    values["rows"] = np.arange(14, dtype=np.float32).reshape(7, 2)
    values["columns"] = np.arange(140, dtype=np.float32).reshape(2, 70)
    return values


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The prefix of a copy of TensorFlow's checkpoint that a test may damage."""
    for path in GOLDEN.glob("v2.ckpt*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "v2.ckpt"


def data_file(prefix: Path) -> Path:
    return Path(f"{prefix}.data-00000-of-00001")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_tensorflows_checkpoint_is_read(version: str) -> None:
    reader = CheckpointReader(GOLDEN / f"{version}.ckpt")
    values = expected()
    if version == "v1":
        del values["bfloat16"]  # TensorFlow itself writes none into version 1
    assert reader.get_variable_to_shape_map() == {name: list(value.shape) for name, value in values.items()}
    for name, value in values.items():
        assert reader.has_tensor(name)
        got = reader.get_tensor(name)
        assert got.dtype == value.dtype
        np.testing.assert_array_equal(got, value, strict=True)
        got[...] = got  # the caller's own
        assert reader.get_variable_to_dtype_map()[name].np == value.dtype
    assert not reader.has_tensor("rows/part_0")
    assert "scope/scalar (float32) []" in reader.debug_string().splitlines()


def test_what_we_write_is_byte_for_byte_tensorflows_data(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "ours") as writer:
        for name, value in sorted(expected().items()):
            if name == "rows":
                for start, stop in ((0, 3), (3, 5), (5, 7)):
                    writer.add_slice(name, [7, 2], [start, 0], value[start:stop])
            elif name == "columns":
                for start in (0, 35):
                    writer.add_slice(name, [2, 70], [0, start], value[:, start : start + 35])
            else:
                writer.add(name, value)
    assert data_file(tmp_path / "ours").read_bytes() == data_file(GOLDEN / "v2.ckpt").read_bytes()
    assert index(tmp_path / "ours") == index(GOLDEN / "v2.ckpt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours.data-00000-of-00001", "ours.index"]


def index(prefix: Path) -> dict[bytes, str]:
    """The entries of an index, readable."""
    with open(f"{prefix}.index", "rb") as file:
        entries = dict(TableReader(file, "index").entries())
    kinds = {key: BundleEntryProto if key else BundleHeaderProto for key in entries}
    return {key: str(kinds[key].FromString(value)) for key, value in entries.items()}


def rewrite(prefix: Path, change: Callable[[bytes, Any], None]) -> None:
    """Change the messages of an index, with checksums that fit."""
    with open(f"{prefix}.index", "rb") as file:
        entries = dict(TableReader(file, "index").entries())
    with open(f"{prefix}.index", "wb") as file:
        table = TableWriter(file)
        for key, value in sorted(entries.items()):
            message = (BundleEntryProto if key else BundleHeaderProto).FromString(value)
            change(key, message)
            table.add(key, message.SerializeToString())
        table.finish()


def read_all(prefix: Path) -> None:
    reader = CheckpointReader(prefix)
    reader.get_variable_to_dtype_map()
    for name in reader.get_variable_to_shape_map():
        reader.get_tensor(name)


def test_shards_and_big_endian_data(tmp_path: Path) -> None:
    prefix = tmp_path / "sharded"
    values = np.array([1.5, -2], np.float32), np.array([3, 4], ml_dtypes.bfloat16)
    with open(f"{prefix}.index", "wb") as file:
        table = TableWriter(file)
        table.add(b"", BundleHeaderProto(num_shards=2, endianness=1).SerializeToString())
        for shard, (name, value) in enumerate(zip((b"a", b"b"), values, strict=True)):
            data = value.byteswap().tobytes()
            Path(f"{prefix}.data-0000{shard}-of-00002").write_bytes(b"??" + data)
            entry = BundleEntryProto(dtype=[1, 14][shard], shard_id=shard, offset=2, size=len(data))
            entry.crc32c = mask(extend(0, data))
            entry.shape.dim.add(size=2)
            table.add(name, entry.SerializeToString())
        table.finish()
    reader = CheckpointReader(prefix)
    np.testing.assert_array_equal(reader.get_tensor("a"), values[0], strict=True)
    np.testing.assert_array_equal(reader.get_tensor("b"), values[1], strict=True)
    Path(f"{prefix}.data-00001-of-00002").unlink()
    with pytest.raises(NotFoundError, match=r"data-00001-of-00002 of the checkpoint does not exist"):
        reader.get_tensor("b")


def test_shards_of_version_1(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "v1.ckpt", tmp_path / "model[1]-00000-of-00001")
    np.testing.assert_array_equal(
        CheckpointReader(tmp_path / "model[1]").get_tensor("rows"), expected()["rows"]
    )


def test_a_missing_checkpoint_or_tensor_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"Failed to find any matching files for .*nothing"):
        CheckpointReader(tmp_path / "nothing")
    for version in ("v1", "v2"):
        with pytest.raises(NotFoundError, match="Key nothing not found in checkpoint"):
            CheckpointReader(GOLDEN / f"{version}.ckpt").get_tensor("nothing")


def test_a_changed_value_is_data_loss(copy: Path) -> None:
    data = bytearray(data_file(copy).read_bytes())
    data[-1] ^= 1
    data_file(copy).write_bytes(data)
    last = max((n for n in expected() if n not in ("rows", "columns")), key=lambda n: n)
    with pytest.raises(DataLossError, match=f"tensor {last} of .*checksum"):
        CheckpointReader(copy).get_tensor(last)


def test_a_short_data_file_is_data_loss(copy: Path) -> None:
    data_file(copy).write_bytes(data_file(copy).read_bytes()[:-1])
    with pytest.raises(DataLossError, match="is truncated"):
        read_all(copy)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shard_id", 1),
        ("shard_id", -1),
        ("offset", -1),
        ("offset", 1 << 62),
        ("size", 1 << 62),
        ("size", -1),
        ("crc32c", 0),
    ],
)
def test_a_false_entry_is_data_loss(copy: Path, field: str, value: int) -> None:
    for name in ("float32", "text"):
        rewrite(copy, lambda key, m, n=name: setattr(m, field, value) if key == n.encode() else None)
        with pytest.raises(DataLossError):
            CheckpointReader(copy).get_tensor(name)


def test_a_false_shape_or_type_is_told(copy: Path) -> None:
    def huge(key: bytes, message: Any) -> None:
        if key == b"rows":
            message.shape.dim[0].size = 1 << 40
        if key == b"text":
            message.shape.dim[0].size = 1 << 40
        if key == b"float32":
            message.shape.dim[1].size = 1 << 62
        if key == b"int8":
            message.dtype = 12

    rewrite(copy, huge)
    reader = CheckpointReader(copy)
    for name in ("rows", "text", "float32"):
        with pytest.raises(DataLossError):
            reader.get_tensor(name)
    with pytest.raises(UnimplementedError, match=r"tensor int8 of .* data type 12"):
        reader.get_tensor("int8")


def test_parts_must_fill_the_tensor_once(copy: Path) -> None:
    def overlap(key: bytes, message: Any) -> None:
        if key == b"columns":
            message.slices[1].CopyFrom(message.slices[0])

    rewrite(copy, overlap)
    with pytest.raises(DataLossError, match="don't fill its shape"):
        CheckpointReader(copy).get_tensor("columns")


def test_a_missing_part_is_told(copy: Path) -> None:
    def elsewhere(key: bytes, message: Any) -> None:
        if key == b"columns":
            message.slices[1].extent[1].start = 36

    rewrite(copy, elsewhere)
    with pytest.raises(DataLossError, match=r"(part .* is missing|fill|a part from)"):
        CheckpointReader(copy).get_tensor("columns")


def test_a_newer_format_is_told(copy: Path) -> None:
    def newer(key: bytes, message: Any) -> None:
        if not key:
            message.version.min_consumer = 2

    rewrite(copy, newer)
    with pytest.raises(UnimplementedError, match="version 2; 1 is known"):
        CheckpointReader(copy)


@pytest.mark.parametrize("name", ["v2.ckpt.index", "v1.ckpt"])
def test_every_truncation_is_told(tmp_path: Path, name: str) -> None:
    data = (GOLDEN / name).read_bytes()
    shutil.copy(data_file(GOLDEN / "v2.ckpt"), tmp_path)
    for length in range(0, len(data), 7):
        (tmp_path / name).write_bytes(data[:length])
        with pytest.raises(DataLossError):
            read_all(tmp_path / name.removesuffix(".index"))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    for path in GOLDEN.glob("v?.ckpt*"):
        shutil.copy(path, folder)
    return folder


@given(
    st.sampled_from(["v2.ckpt.index", "v1.ckpt"]),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=4),
)
def test_changed_bytes_give_the_values_or_an_error_of_ours(
    workplace: Path, name: str, changes: list[tuple[int, int]]
) -> None:
    data = bytearray((GOLDEN / name).read_bytes())
    for at, byte in changes:
        data[at % len(data)] = byte
    (workplace / name).write_bytes(data)
    try:
        read_all(workplace / name.removesuffix(".index"))
    except OpError:
        return


@given(st.binary(max_size=30), st.integers(0, 400), st.integers(0, 12))
def test_a_damaged_block_with_a_fitting_checksum_is_told(
    workplace: Path, junk: bytes, at: int, cut: int
) -> None:
    """The checksums fit, so that what reads the blocks and the messages is met by the damage."""
    with open(GOLDEN / "v2.ckpt.index", "rb") as file:
        entries = sorted(TableReader(file, "index").entries())
    key, value = entries[at % len(entries)]
    where = at % (len(value) + 1)
    entries[at % len(entries)] = key, value[:where] + junk + value[where + cut :]
    with open(workplace / "v2.ckpt.index", "wb") as file:
        table = TableWriter(file, block_size=64)
        for pair in entries:
            table.add(*pair)
        table.finish()
    tracemalloc.start()
    try:
        read_all(workplace / "v2.ckpt")
    except OpError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 << 20


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    prefix = tmp_path / "model"
    with BundleWriter(prefix) as writer:
        writer.add("a", np.int32(1))
    failing = np.empty(1, object)
    failing[0] = 3.5
    with pytest.raises(TypeError), BundleWriter(prefix) as writer:
        writer.add("a", failing)
    assert CheckpointReader(prefix).get_tensor("a") == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_writer_refuses_what_can_not_be(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "model") as writer:
        writer.add("a", np.zeros(2))
        with pytest.raises(ValueError, match="added to the checkpoint already"):
            writer.add("a", np.zeros(2))
        with pytest.raises(ValueError, match="needs a name"):
            writer.add("", np.zeros(2))
        with pytest.raises(ValueError, match=r"place a part of b: a part from 2 to 4 of a dimension of 3"):
            writer.add_slice("b", [3], [2], np.zeros(2))
        writer.add_slice("b", [3], [0], np.zeros(2))
        with pytest.raises(ValueError, match="added already"):
            writer.add_slice("b", [3], [0], np.zeros(2))
        with pytest.raises(ValueError, match="does not agree"):
            writer.add_slice("b", [3], [2], np.zeros(1, np.float32))
        with pytest.raises(TypeError, match="Cannot convert"):
            writer.add("dates", np.zeros(2, "datetime64[s]"))
        writer.add_slice("b", [3], [2], np.ones(1))
    assert CheckpointReader(tmp_path / "model").get_tensor("b").tolist() == [0, 0, 1]


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=6),
        st.lists(st.binary(max_size=200) | st.text(st.characters(codec="utf-8")), max_size=4),
        max_size=40,
    )
)
def test_strings_survive(workplace: Path, tensors: dict[str, list[bytes | str]]) -> None:
    with BundleWriter(workplace / "strings") as writer:
        for name, values in tensors.items():
            array = np.empty(len(values), object)
            array[:] = values
            writer.add(name, array)
    reader = CheckpointReader(workplace / "strings")
    for name, values in tensors.items():
        wanted = [value.encode() if isinstance(value, str) else value for value in values]
        assert reader.get_tensor(name).tolist() == wanted
    assert set(reader.get_variable_to_shape_map()) == set(tensors)


def test_fixed_width_strings_and_layouts_are_written(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype=np.float64).reshape(2, 3)
    with BundleWriter(tmp_path / "model") as writer:
        writer.add("bytes", np.array([b"ab", b"c"]))
        writer.add("text", np.array(["ñ", "b"]))
        writer.add("transposed", matrix.T)
        writer.add("swapped", matrix.astype(">f8"))
    reader = CheckpointReader(tmp_path / "model")
    assert reader.get_tensor("bytes").tolist() == [b"ab", b"c"]
    assert reader.get_tensor("text").tolist() == ["ñ".encode(), b"b"]
    np.testing.assert_array_equal(reader.get_tensor("transposed"), matrix.T)
    np.testing.assert_array_equal(reader.get_tensor("swapped"), matrix)


def test_a_part_without_lengths_is_the_whole_dimension() -> None:
    part = TensorSlice((2, 0), (3, None))
    assert part.box([9, 4]) == (slice(2, 5), slice(0, 4))
    assert part.key("v").hex() == "00" + "760001" + "0102" + "82" + "83" + "80" + "7f"


def test_the_reader_of_version_2_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"model\.index does not exist"):
        BundleReader(str(tmp_path / "model"))


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises((NotFoundError, InvalidArgumentError)):
        CheckpointReader(tmp_path)
