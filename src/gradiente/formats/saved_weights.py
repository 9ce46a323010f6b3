"""gradiente's checkpoints: ``<prefix>.safetensors`` holds the tensors, ``<prefix>.index`` lists them as JSON.

Safetensors has no strings and no wide complex numbers: strings stand in the file's metadata, in base64, and complex
numbers as pairs of real ones. The metadata also holds a checksum of each tensor. Each file is written beside its place
and moved there when it is complete and on the disk, so that an interrupted save leaves the previous checkpoint whole.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType] - its types are partial

from gradiente.graph.dtypes import DType, as_dtype
from gradiente.graph.errors import DataLossError, NotFoundError, ResourceExhaustedError, UnknownError
from gradiente.graph.types import Array

_KEY = "gradiente"
_FORMAT = "gradiente checkpoint 1"


def write_atomically(path: str | Path, write: Callable[[str], Any]) -> None:
    """Write a file beside its place, bring it to the disk, and move it into place.

    Args:
        path: the file.
        write: writes the content to the path that it is given.

    Raises:
        OSError: as the operating system says; the file is as it was before then.
    """
    folder, name = os.path.split(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
    os.close(handle)
    try:
        write(temporary)
        _synchronize(temporary)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _synchronize(folder)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _synchronize(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_weights(
    prefix: str | Path, tensors: Mapping[str, Array], pieces: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Write a checkpoint.

    Args:
        prefix: its path, without a suffix.
        tensors: NumPy arrays by name; object arrays hold strings as bytes.
        pieces: for tensors that are pieces of larger ones: the whole tensor's name and the slice, by the piece's name.

    Raises:
        OSError: if the folder does not exist or may not be written to.
        ResourceExhaustedError: if the disk is full.
    """
    path = os.fspath(prefix)
    plain: dict[str, Any] = {}
    notes: dict[str, Any] = {
        "format": _FORMAT,
        "strings": {},
        "complex": {},
        "crc32": {},
        "pieces": dict(pieces or {}),
    }
    listed: list[dict[str, Any]] = []
    for name, value in tensors.items():
        array: Any = np.asarray(value)
        listed.append({"name": name, "dtype": as_dtype(array.dtype).name, "shape": list(array.shape)})
        if array.dtype == np.object_:
            encoded = [base64.b64encode(text).decode("ascii") for text in array.ravel()]
            notes["strings"][name] = {"shape": list(array.shape), "base64": encoded}
            continue
        if array.dtype.kind == "c":
            notes["complex"][name] = as_dtype(array.dtype).name
            array = np.stack([array.real, array.imag], axis=-1)
        array = np.ascontiguousarray(array).reshape(array.shape)
        plain[name] = array
        notes["crc32"][name] = _checksum(array)

    def save(temporary: str) -> None:
        try:
            save_file(plain, temporary, metadata={_KEY: json.dumps(notes)})
        except SafetensorError as error:
            cls = ResourceExhaustedError if "No space left" in str(error) else UnknownError
            raise cls(None, None, f"{path}.safetensors could not be written: {error}") from error

    write_atomically(path + ".safetensors", save)
    index = json.dumps({"format": _FORMAT, "tensors": listed}, indent=1)
    write_atomically(
        path + ".index", lambda temporary: Path(temporary).write_text(index + "\n", encoding="utf-8")
    )


def _checksum(array: Any) -> int:
    return zlib.crc32(array.reshape(-1).view(np.uint8)) if array.size else 0


def has_weights(prefix: str | Path) -> bool:
    """Whether a checkpoint that ``write_weights`` wrote stands at ``prefix``."""
    path = os.fspath(prefix)
    if not os.path.isfile(path + ".safetensors"):
        return False
    try:
        with open(path + ".index", "rb") as file:
            return file.read(1) == b"{"
    except OSError:
        return True


class WeightsReader:
    """Reads a checkpoint that ``write_weights`` wrote; pieces of a tensor appear as the whole.

    Args:
        prefix: its path, without a suffix.

    Raises:
        NotFoundError: there is none.
        DataLossError: it is damaged.
    """

    def __init__(self, prefix: str | Path) -> None:
        self._path = os.fspath(prefix) + ".safetensors"
        if not os.path.isfile(self._path):
            raise NotFoundError(None, None, f"There is no checkpoint {self._path}.")
        with self._opened() as file:
            metadata: dict[str, str] = file.metadata() or {}
            keys: list[str] = list(file.keys())
            cuts = {key: file.get_slice(key) for key in keys}
            self._shapes = {key: (tuple(cut.get_shape()), str(cut.get_dtype())) for key, cut in cuts.items()}
        try:
            self._notes: dict[str, Any] = json.loads(metadata.get(_KEY, "{}"))
        except ValueError as error:
            raise DataLossError(
                None, None, f"{self._path} is damaged: its metadata can't be read ({error})."
            ) from error
        self._wholes: dict[str, list[tuple[str, str]]] = {}
        for key, (name, spec) in self._notes.get("pieces", {}).items():
            self._wholes.setdefault(name, []).append((key, spec))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            opened: Any = safe_open(self._path, "np")
            with opened as file:
                yield file
        except (SafetensorError, OSError) as error:
            raise DataLossError(
                None, None,
                f"{self._path} is damaged: {error}. The file is cut off or not a checkpoint; restore an earlier one.",
            ) from error  # fmt: skip

    def names(self) -> list[str]:
        """The names of the tensors, sorted."""
        pieces = self._notes.get("pieces", {})
        plain = [k for k in (*self._shapes, *self._notes.get("strings", {})) if k not in pieces]
        return sorted({*plain, *self._wholes})

    def __contains__(self, name: str) -> bool:
        return name in self._shapes or name in self._notes.get("strings", {}) or name in self._wholes

    def dtype(self, name: str) -> DType:
        """A tensor's type."""
        if name in self._wholes:
            return self.dtype(self._wholes[name][0][0])
        if name in self._notes.get("strings", {}):
            return as_dtype("string")
        if name in self._notes.get("complex", {}):
            return as_dtype(self._notes["complex"][name])
        return as_dtype(_DTYPES[self._known(name)[1]])

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape."""
        if name in self._wholes:
            return parse_slice(self._wholes[name][0][1])[0]
        if name in self._notes.get("strings", {}):
            return tuple(self._notes["strings"][name]["shape"])
        shape = self._known(name)[0]
        return shape[:-1] if name in self._notes.get("complex", {}) else shape

    def _known(self, name: str) -> tuple[tuple[int, ...], str]:
        if name not in self._shapes:
            raise NotFoundError(None, None, f"Key {name} not found in checkpoint {self._path}.")
        return self._shapes[name]

    def entries(self) -> Iterator[tuple[str, str, Array]]:
        """Each tensor or piece of one: its name, its slice (empty for a whole tensor), its values."""
        for key in (*self._shapes, *self._notes.get("strings", {})):
            name, spec = self._notes.get("pieces", {}).get(key, (key, ""))
            yield name, spec, self.read(key)

    def read(self, name: str) -> Array:
        """A tensor's values.

        Raises:
            NotFoundError: there is no tensor of this name.
            DataLossError: its checksum does not fit, or a piece of it is missing.
        """
        if name in self._wholes:
            return self._joined(name)
        strings = self._notes.get("strings", {})
        if name in strings:
            flat: Any = np.empty(len(strings[name]["base64"]), dtype=object)
            flat[:] = [base64.b64decode(text) for text in strings[name]["base64"]]
            return flat.reshape(strings[name]["shape"])
        self._known(name)
        with self._opened() as file:
            array: Any = file.get_tensor(name)
        expected = self._notes.get("crc32", {}).get(name)
        if expected is not None and _checksum(array) != expected:
            raise DataLossError(
                None,
                None,
                f"{self._path} is damaged: the checksum of tensor {name!r} does not fit. Restore an earlier one.",
            )
        kind = self._notes.get("complex", {}).get(name)
        return array if kind is None else (array[..., 0] + 1j * array[..., 1]).astype(kind)

    def _joined(self, name: str) -> Array:
        whole = np.empty(self.shape(name), self.dtype(name).np)
        filled = 0
        for key, spec in self._wholes[name]:
            part = self.read(key)
            whole[parse_slice(spec)[1]] = part
            filled += part.size
        if filled != whole.size:
            raise DataLossError(
                None, None, f"{self._path} has only {filled} of the {whole.size} elements of {name!r}."
            )
        return whole


_DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32",
    "U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
}  # fmt: skip


def parse_slice(spec: str) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """What a checkpoint's slice text says: ``"5 2 0,3:-"`` is rows 0 to 2 of a tensor of shape [5, 2].

    Returns:
        The whole tensor's shape, and the slices along its axes.

    Raises:
        ValueError: if the text is not of that form.
    """
    *sizes, cuts = spec.split()
    shape = tuple(int(s) for s in sizes)
    slices: list[slice] = []
    for cut in cuts.split(":"):
        if cut == "-":
            slices.append(slice(None))
            continue
        offset, length = (int(n) for n in cut.split(","))
        slices.append(slice(offset, offset + length))
    if len(slices) != len(shape):
        raise ValueError(f"{spec!r} is no slice of a tensor: a shape, then 'offset,length' or '-' per axis.")
    return shape, tuple(slices)
