"""Files of PyTorch's weights, read without PyTorch."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradiente.formats.restricted_pickle import Global, NotWeightsError, interpret
from gradiente.formats.torch_weights import read_torch_weights

GOLDEN = Path(__file__).parents[1] / "golden" / "pretrained"


def no_storage(identity: object) -> None:
    raise NotWeightsError("no storage")


@pytest.mark.parametrize("name", ["row.pth", "archive.pth"])
def test_what_torch_wrote_is_read(name: str) -> None:
    weights = read_torch_weights(GOLDEN / name)
    expected = np.load(GOLDEN / "weights.npz")
    assert sorted(weights) == sorted(expected.files)
    for key, value in weights.items():
        assert value.shape == expected[key].shape, key
        np.testing.assert_array_equal(value.astype(np.float32), expected[key], err_msg=key)
    kinds = {key: weights[key].dtype.name for key in ("plain", "long", "half", "brain", "bool")}
    assert kinds == {
        "plain": "float32",
        "long": "int64",
        "half": "float16",
        "brain": "bfloat16",
        "bool": "bool",
    }
    assert not weights["plain"].flags.writeable


def test_weights_inside_a_training_programs_checkpoint() -> None:
    weights = read_torch_weights(GOLDEN / "nested.pth")
    assert sorted(weights)[:2] == ["0.bias", "0.weight"]
    assert weights["0.weight"].shape == (2, 3)


def test_a_whole_module_asks_for_code_and_gets_an_error() -> None:
    with pytest.raises(
        NotWeightsError, match=r"module.pth can't be read as PyTorch's weights: it asks for 'torch.nn"
    ):
        read_torch_weights(GOLDEN / "module.pth")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.", "asks for 'os system'"),
        (b"\x80\x02cbuiltins\neval\n.", "asks for 'builtins eval'"),
        (b"\x80\x02}X\x01\x00\x00\x00a)R.", "can't be called"),
        (b"\x80\x02)\x81.", "instruction 0x81"),
        (b"\x80\x04N.", "no pickle of protocol 2"),
        (b"\x80\x02N", "cut off: 1 bytes are wanted at byte 3"),
        (b"\x80\x02X\xff\xff\xff\xffa.", "cut off: 4,294,967,295 bytes"),
        (b"\x80\x02\x8a\xff" + b"\x01" * 255 + b".", "a number of 255 bytes"),
        (b"\x80\x02.", "damaged near byte 3"),
        (b"\x80\x02t.", "a group that was not begun"),
        (b"\x80\x02\x86.", "more from the stack"),
        (b"\x80\x02h\x05.", "damaged"),
        (b"\x80\x02}))s.", "a tuple as a key"),
        (b"\x80\x02}(X\x01\x00\x00\x00au.", "a key without a value"),
        (b"\x80\x02Na.", "damaged"),
        (b"\x80\x02NNa.", "a NoneType is added to"),
        (b"\x80\x02NNNs.", "a NoneType is filled"),
        (b"\x80\x02Nb.", "damaged"),
        (b"\x80\x02X\x01\x00\x00\x00\xff.", "UnicodeDecodeError"),
        (b"\x80\x02NQ.", "no storage"),
        (b"\x80\x02c" + b"x" * 300 + b"\n.", "name without an end"),
    ],
)  # fmt: skip
def test_programs_that_no_weights_need(program: bytes, message: str) -> None:
    with pytest.raises(NotWeightsError, match=message):
        interpret(program, 0, {}, no_storage)


def test_values_of_every_kind() -> None:
    program = (
        b"\x80\x02(K\x07M\x00\x01J\xff\xff\xff\xff\x8a\x02\x00\x80G\x3f\xf8\x00\x00\x00\x00\x00\x00N\x88\x89](K\x01K\x02e"
        b"}X\x01\x00\x00\x00kK\x03st."
    )
    value, end = interpret(b"**" + program, 2, {}, no_storage)
    assert value == (7, 256, -1, -32768, 1.5, None, True, False, [1, 2], {"k": 3})
    assert end == len(program) + 2


def test_calls_go_to_the_table() -> None:
    known = {"a b": Global("a b", lambda x, y: x - y)}
    assert interpret(b"\x80\x02ca\nb\nK\x05K\x03\x86R.", 0, known, no_storage)[0] == 2


def test_a_tensor_cannot_be_larger_than_its_storage(tmp_path: Path) -> None:
    """Strides of 0 would make any size out of one number."""
    whole = (GOLDEN / "row.pth").read_bytes()
    at = whole.index(b"plain")
    sizes = whole.index(b"K\x04K\x06\x86", at)
    for change, message in ((b"K\xffK\xff\x86", "reaches beyond"), (b"K\x04N\x86\x30", "instruction 0x30")):
        path = tmp_path / "changed.pth"
        path.write_bytes(whole[:sizes] + change + whole[sizes + 5 :])
        with pytest.raises(NotWeightsError, match=message):
            read_torch_weights(path)


def test_archives_that_are_not_torchs(tmp_path: Path) -> None:
    path = tmp_path / "archive.pth"
    for compression, names, message in (
        (zipfile.ZIP_DEFLATED, ["archive/data.pkl"], "compressed"),
        (zipfile.ZIP_STORED, ["a/data.pkl", "b/data.pkl"], "without exactly one data.pkl"),
        (zipfile.ZIP_STORED, ["readme"], "without exactly one data.pkl"),
    ):
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name in names:
                archive.writestr(name, b"\x80\x02}.")
        with pytest.raises(NotWeightsError, match=message):
            read_torch_weights(path)


def test_a_storage_of_another_length(tmp_path: Path) -> None:
    with zipfile.ZipFile(GOLDEN / "archive.pth") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path = tmp_path / "archive.pth"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content[:-1] if name.endswith("/data/0") else content)
    with pytest.raises(NotWeightsError, match="storage '0' is missing or of another size"):
        read_torch_weights(path)


@pytest.mark.parametrize("name", ["row.pth", "archive.pth"])
def test_damaged_files_are_errors_and_nothing_worse(name: str, tmp_path: Path) -> None:
    whole = (GOLDEN / name).read_bytes()
    rng = random.Random(0)
    path = tmp_path / name
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 1, 2, 8])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        if rng.random() < 0.3:
            del damaged[rng.randrange(len(damaged)) :]
        path.write_bytes(damaged)
        with contextlib.suppress(NotWeightsError):
            tensors = read_torch_weights(path)
            assert all(array.size <= len(whole) for array in tensors.values())


@given(st.binary(max_size=60))
def test_arbitrary_programs(program: bytes) -> None:
    with contextlib.suppress(NotWeightsError):
        interpret(b"\x80\x02" + program, 0, {}, no_storage)


def test_other_files(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    for content in (
        b"",
        b"PK\x05\x06",
        b"PK\x03\x04",
        struct.pack("<q", 5),
        io.BytesIO(b"\x80\x02K\x01.").getvalue(),
    ):
        path.write_bytes(content)
        with pytest.raises(NotWeightsError):
            read_torch_weights(path)
