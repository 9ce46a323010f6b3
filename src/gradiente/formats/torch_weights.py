"""Reads the weights in a file of PyTorch's (``.pth``, ``.pt``), without PyTorch and without running code from it.

Two layouts are read: the one since PyTorch 1.6, a zip archive with ``data.pkl`` and a member for each storage; and the
older one, five pickles in a row with the storages behind them. A storage is a flat run of numbers; a tensor is a view of
one, with an offset, sizes and strides.

Source: ``torch/serialization.py`` (``_legacy_load`` and ``_load``) of PyTorch.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from gradiente.formats.restricted_pickle import Global, NotWeightsError, interpret

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_LARGEST_FILE = 4 << 30

_DTYPES: dict[str, Any] = {
    "FloatStorage": np.dtype("<f4"), "DoubleStorage": np.dtype("<f8"), "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16), "LongStorage": np.dtype("<i8"), "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"), "CharStorage": np.dtype("i1"), "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}  # fmt: skip


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: Any
    count: int


@dataclass(frozen=True)
class _View:
    storage: _Storage
    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_weights(path: str | Path) -> dict[str, npt.NDArray[Any]]:
    """The tensors of a dictionary of weights, by their names.

    Args:
        path: a file that ``torch.save(model.state_dict(), path)`` wrote.

    Returns:
        Read-only arrays that share the storages' bytes: at most twice the file's size is taken in memory.

    Raises:
        NotWeightsError: the file is damaged, no file of PyTorch's, or has more in it than tensors by name.
        OSError: it can't be read.
    """
    path = Path(path)
    if path.stat().st_size > _LARGEST_FILE:
        raise NotWeightsError(
            f"{path}: it has {path.stat().st_size:,} bytes; at most {_LARGEST_FILE:,} are read"
        )
    try:
        content = path.read_bytes()
        return _read_archive(content) if content.startswith(b"PK\x03\x04") else _read_in_a_row(content)
    except NotWeightsError as error:
        raise NotWeightsError(f"{path} can't be read as PyTorch's weights: {error}.") from error


def _read_in_a_row(data: bytes) -> dict[str, npt.NDArray[Any]]:
    magic, at = interpret(data, 0, {}, _no_storage)
    protocol, at = interpret(data, at, {}, _no_storage)
    if magic != _MAGIC or protocol != _PROTOCOL:
        raise NotWeightsError("it does not begin as a file of PyTorch's does")
    system, at = interpret(data, at, {}, _no_storage)
    if not isinstance(system, dict) or system.get("little_endian") is not True:  # pyright: ignore[reportUnknownMemberType] - checked below
        raise NotWeightsError("its numbers are in the other byte order")
    seen: dict[str, _Storage] = {}
    value, at = interpret(data, at, _known(), lambda identity: _storage(identity, seen))
    keys, at = interpret(data, at, {}, _no_storage)
    if not isinstance(keys, list) or set(map(repr, keys)) != set(map(repr, seen)):  # pyright: ignore[reportUnknownArgumentType] - compared as texts
        raise NotWeightsError("the storages that it lists are not those that its tensors use")
    numbers: dict[str, npt.NDArray[Any]] = {}
    for storage in (seen[key] for key in keys):  # pyright: ignore[reportUnknownVariableType] - texts, as compared
        if at + 8 > len(data):
            raise NotWeightsError(f"it is cut off before storage {storage.key!r:.40}")
        (count,) = struct.unpack_from("<q", data, at)
        at += 8
        if count != storage.count or at + count * storage.dtype.itemsize > len(data):
            raise NotWeightsError(
                f"storage {storage.key!r:.40} should have {storage.count:,} numbers and has {count:,}"
                if count != storage.count
                else f"it is cut off inside storage {storage.key!r:.40}"
            )
        numbers[storage.key] = np.frombuffer(data, storage.dtype, count, at)
        at += count * storage.dtype.itemsize
    return _tensors(value, numbers)


def _read_archive(content: bytes) -> dict[str, npt.NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member.filename: member for member in archive.infolist()}
            roots = [name.removesuffix("data.pkl") for name in members if name.endswith("/data.pkl")]
            if len(roots) != 1:
                raise NotWeightsError("it is a zip archive without exactly one data.pkl")
            if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
                raise NotWeightsError("it is a compressed zip archive, and PyTorch's are not compressed")
            if sum(member.file_size for member in members.values()) > len(content):
                raise NotWeightsError("the members of the zip archive are larger than the archive")
            root = roots[0]
            order = root + "byteorder"
            if order in members and archive.read(order) != b"little":
                raise NotWeightsError("its numbers are in the other byte order")
            seen: dict[str, _Storage] = {}
            value, _ = interpret(
                archive.read(root + "data.pkl"), 0, _known(), lambda identity: _storage(identity, seen)
            )
            numbers: dict[str, npt.NDArray[Any]] = {}
            for storage in seen.values():
                member = members.get(f"{root}data/{storage.key}")
                if member is None or member.file_size != storage.count * storage.dtype.itemsize:
                    raise NotWeightsError(f"storage {storage.key!r:.40} is missing or of another size")
                numbers[storage.key] = np.frombuffer(archive.read(member), storage.dtype)
    except NotWeightsError:
        raise
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        EOFError,
        RuntimeError,
        OSError,
        ValueError,
        struct.error,
    ) as error:
        raise NotWeightsError(f"the zip archive is damaged ({error})") from error
    return _tensors(value, numbers)


def _no_storage(identity: Any) -> Any:
    raise NotWeightsError("it speaks of storages where there are none")


def _storage(identity: Any, seen: dict[str, _Storage]) -> _Storage:
    """The storage of a persistent id: ``("storage", kind, key, place, count)``, with a None behind in the old layout."""
    if (
        not isinstance(identity, tuple)
        or len(identity) not in (5, 6)  # pyright: ignore[reportUnknownArgumentType] - any tuple has a length
        or identity[0] != "storage"
        or (len(identity) == 6 and identity[5] is not None)  # pyright: ignore[reportUnknownArgumentType]
    ):
        raise NotWeightsError("it refers to data that is no storage")
    kind, key, count = identity[1], identity[2], identity[4]  # pyright: ignore[reportUnknownVariableType] - checked next
    dtype = _DTYPES.get(kind.name.removeprefix("torch ")) if isinstance(kind, Global) else None
    if dtype is None or not isinstance(key, str) or type(count) is not int or count < 0:  # pyright: ignore[reportUnknownArgumentType] - that is the check
        raise NotWeightsError(f"it has a storage of an unknown kind: {key!r:.40}")
    storage = _Storage(key, dtype, count)
    if seen.setdefault(key, storage) != storage:
        raise NotWeightsError(f"it describes storage {key!r:.40} in two ways")
    return storage


def _known() -> dict[str, Global]:
    """All that a file of weights may name, and what calling it does."""
    names = {
        "collections OrderedDict": _ordered_dict,
        "torch._utils _rebuild_tensor_v2": _view,
        "torch._utils _rebuild_parameter": _parameter,
    }
    known = {name: Global(name, call) for name, call in names.items()}
    known.update({f"torch {kind}": Global(f"torch {kind}") for kind in _DTYPES})
    return known


def _ordered_dict(*arguments: Any) -> dict[Any, Any]:
    if arguments:
        raise NotWeightsError("it makes a dictionary in a way that PyTorch does not")
    return {}


def _parameter(data: Any, requires_grad: Any, hooks: Any) -> Any:
    del requires_grad, hooks
    return data


def _view(
    storage: Any, offset: Any, sizes: Any, strides: Any, requires_grad: Any, hooks: Any, metadata: Any = None
) -> _View:
    del requires_grad, hooks, metadata
    if not isinstance(storage, _Storage):
        raise NotWeightsError("it has a tensor without a storage")
    shape, steps = _whole(sizes), _whole(strides)
    if len(shape) != len(steps) or len(shape) > 32:
        raise NotWeightsError(f"it has a tensor of {len(shape)} sizes and {len(steps)} strides")
    return _View(storage, _whole((offset,))[0], shape, steps)


def _whole(numbers: Any) -> tuple[int, ...]:
    """A tuple of numbers from 0 upwards, as sizes and strides are."""
    values: Any = numbers
    if not isinstance(numbers, tuple) or any(type(n) is not int or n < 0 for n in values):
        raise NotWeightsError("it has a tensor without whole numbers for its offset, sizes and strides")
    return values


def _tensors(value: Any, numbers: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    if isinstance(value, dict) and set(value) >= {"state_dict"} and isinstance(value["state_dict"], dict):  # pyright: ignore[reportUnknownArgumentType]
        value = value["state_dict"]  # as many training programs save it, beside the optimizer's state # pyright: ignore[reportUnknownVariableType]
    if not isinstance(value, dict):
        raise NotWeightsError(f"it holds a {type(value).__name__}, not tensors by name")
    tensors: dict[str, npt.NDArray[Any]] = {}
    for name, view in value.items():  # pyright: ignore[reportUnknownVariableType] - checked next
        if not isinstance(name, str) or not isinstance(view, _View):
            raise NotWeightsError(f"{name!r:.80} is no tensor")
        tensors[name] = _array(name, view, numbers[view.storage.key])
    return tensors


def _array(name: str, view: _View, numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    elements = 1
    for size in view.sizes:
        elements *= size
    last = view.offset + sum((n - 1) * s for n, s in zip(view.sizes, view.strides, strict=True))
    # A stride of 0 would make a tensor of any size out of a single number.
    if elements > numbers.size or (elements and last >= numbers.size):
        raise NotWeightsError(
            f"the tensor {name!r:.80} of sizes {view.sizes} reaches beyond its {numbers.size:,} numbers"
        )
    if not elements:
        return np.zeros(view.sizes, numbers.dtype)
    width = numbers.dtype.itemsize
    array = np.ndarray(
        view.sizes,
        numbers.dtype,
        numbers.view(np.uint8).data,
        view.offset * width,
        [s * width for s in view.strides],
    )
    array.flags.writeable = False
    return array
