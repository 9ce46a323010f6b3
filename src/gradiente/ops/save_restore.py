"""The ops that write variables to checkpoints and read them back, under TensorFlow's names, so that the graphs of its
``Saver`` work here. They write gradiente's format and read TensorFlow's too.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.formats.saved_weights import WeightsReader, parse_slice, write_weights
from gradiente.formats.tensor_bundle import CheckpointReader
from gradiente.graph.errors import InvalidArgumentError, NotFoundError
from gradiente.graph.operation import Operation
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import no_outputs, scalar_shape
from gradiente.platform.file_io import as_op_errors


def _text(value: Any) -> str:
    return os.fsdecode(np.asarray(value, dtype=object).item())


def _texts(values: Any) -> list[str]:
    return [
        v.decode("utf-8") if isinstance(v, bytes) else str(v)
        for v in np.asarray(values, dtype=object).ravel()
    ]


def _unknown_shapes(op: Operation) -> list[Any]:
    return [TensorShape(None) for _ in op.attrs["dtypes"]]


# SaveV2, MergeV2Checkpoints, and their older forms


def _write(
    op: Operation, prefix: str, names: Sequence[str], slices: Sequence[str], tensors: Sequence[Any]
) -> None:
    folder = os.path.dirname(prefix) or "."
    if not os.path.isdir(folder):
        raise NotFoundError(
            None, op, f"Can't save {prefix}: the folder {folder} does not exist. Make it first."
        )
    values, pieces = _assembled(names, slices, tensors)
    with as_op_errors():
        write_weights(prefix, values, pieces)


def _assembled(
    names: Sequence[str], slices: Sequence[str], tensors: Sequence[Any]
) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """The tensors by name: slices joined where all of a tensor are there, and kept as pieces otherwise."""
    values: dict[str, Any] = {}
    parts: dict[str, list[tuple[str, Any]]] = {}
    for name, spec, tensor in zip(names, slices, tensors, strict=True):
        if spec:
            parts.setdefault(name, []).append((spec, np.asarray(tensor)))
        else:
            values[name] = np.asarray(tensor)
    pieces: dict[str, tuple[str, str]] = {}
    for name, found in parts.items():
        shape = parse_slice(found[0][0])[0]
        if sum(part.size for _, part in found) == int(np.prod(shape, dtype=np.int64)):
            whole = np.empty(shape, found[0][1].dtype)
            for spec, part in found:
                whole[parse_slice(spec)[1]] = part
            values[name] = whole
            continue
        for i, (spec, part) in enumerate(found):
            key = f"{name}#{i}:{spec.rpartition(' ')[2]}"
            values[key] = part
            pieces[key] = (name, spec)
    return values, pieces


def _save_v2(
    xp: Namespace, prefix: Array, names: Array, slices: Array, tensors: list[Any], *, op: Operation
) -> None:
    del xp
    _write(op, _text(prefix), _texts(names), _texts(slices), tensors)


def _save(xp: Namespace, filename: Array, names: Array, tensors: list[Any], *, op: Operation) -> None:
    del xp
    _write(op, _text(filename), _texts(names), [""] * len(tensors), tensors)


register(
    "SaveV2", "prefix: string, tensor_names: string, shape_and_slices: string, tensors: list(dtypes) ->",
    shape=no_outputs, host=_save_v2, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "SaveSlices", "filename: string, tensor_names: string, shapes_and_slices: string, data: list(T) ->",
    shape=no_outputs, host=_save_v2, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "Save", "filename: string, tensor_names: string, data: list(T) ->", shape=no_outputs, host=_save, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def _merge(xp: Namespace, prefixes: Array, destination: Array, *, delete_old_dirs: bool) -> None:
    del xp
    sources = _texts(prefixes)
    names: list[str] = []
    slices: list[str] = []
    tensors: list[Any] = []
    for source in sources:
        for name, spec, tensor in WeightsReader(source).entries():
            names.append(name)
            slices.append(spec)
            tensors.append(tensor)
    values, pieces = _assembled(names, slices, tensors)
    with as_op_errors():
        write_weights(_text(destination), values, pieces)
        for source in sources:
            for suffix in (".safetensors", ".index"):
                if os.path.exists(source + suffix):
                    os.unlink(source + suffix)
            folder = os.path.dirname(source)
            if delete_old_dirs and folder and os.path.isdir(folder) and not os.listdir(folder):
                os.rmdir(folder)


register(
    "MergeV2Checkpoints", "checkpoint_prefixes: string, destination_prefix: string ->",
    attrs={"delete_old_dirs": True, "allow_missing_files": False}, shape=no_outputs, host=_merge, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def _sharded_filename(xp: Namespace, basename: Array, shard: Array, num_shards: Array) -> Array:
    del xp
    return np.array(f"{_text(basename)}-{int(shard):05d}-of-{int(num_shards):05d}".encode(), dtype=object)


def _sharded_filespec(xp: Namespace, basename: Array, num_shards: Array) -> Array:
    del xp
    return np.array(f"{_text(basename)}-?????-of-{int(num_shards):05d}".encode(), dtype=object)


register(
    "ShardedFilename", "basename: string, shard: int32, num_shards: int32 -> filename: string", shape=scalar_shape,
    host=_sharded_filename, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "ShardedFilespec", "basename: string, num_shards: int32 -> filename: string", shape=scalar_shape,
    host=_sharded_filespec, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# RestoreV2 and its older forms


def _restore_v2(xp: Namespace, prefix: Array, names: Array, slices: Array, *, op: Operation) -> list[Any]:
    del xp
    return _read(op, _text(prefix), _texts(names), _texts(slices))


def _restore(xp: Namespace, pattern: Array, name: Array, *, op: Operation) -> list[Any]:
    del xp
    return _read(op, _text(pattern), [_text(name)], [""])


def _restore_slice(xp: Namespace, pattern: Array, name: Array, cut: Array, *, op: Operation) -> list[Any]:
    del xp
    return _read(op, _text(pattern), [_text(name)], [_text(cut)])


def _read(op: Operation, prefix: str, names: Sequence[str], slices: Sequence[str]) -> list[Any]:
    reader = CheckpointReader(prefix)
    missing = [n for n in names if not reader.has_tensor(n)]
    if missing:
        raise NotFoundError(None, op, missing_message(reader, prefix, missing))
    values: list[Any] = []
    for i, (name, spec) in enumerate(zip(names, slices, strict=True)):
        wanted = op.outputs[i].dtype.base_dtype
        saved = reader.get_variable_to_dtype_map()[name]
        if saved is not wanted:
            raise InvalidArgumentError(
                None,
                op,
                f"Expected dtype {wanted.name} for tensor {name!r}, but checkpoint {prefix} has {saved.name}.",
            )
        value = reader.get_tensor(name)
        values.append(value[parse_slice(spec)[1]] if spec else value)
    _check_shapes(op, prefix, names, values)
    return values


def missing_message(reader: CheckpointReader, prefix: str, missing: Sequence[str]) -> str:
    """What to say when a checkpoint lacks tensors: which, what is near them, what it has."""
    has = sorted(reader.get_variable_to_shape_map())
    near = {n: difflib.get_close_matches(n, has, n=2) for n in missing[:4]}
    lines = [
        f"Key {n} not found in checkpoint{'; near it: ' + ', '.join(near[n]) if near.get(n) else ''}"
        for n in missing[:4]
    ]
    more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
    listed = ", ".join(has[:12]) + (", ..." if len(has) > 12 else "")
    return (
        f"{'. '.join(lines)}{more}.\n  {prefix} has {len(has)} tensors: {listed}.\n  Restore with the graph that saved "
        "it, or give Saver a dictionary from names in the checkpoint to variables, without what it lacks."
    )


def _check_shapes(op: Operation, prefix: str, names: Sequence[str], values: Sequence[Any]) -> None:
    """Compare what was read with the variables that it will be assigned to."""
    for assign in op.graph.get_operations():
        if assign.type != "Assign" or assign.inputs[1].op is not op or not assign.attrs["validate_shape"]:
            continue
        position = assign.inputs[1].value_index
        variable, shape = assign.inputs[0], values[position].shape
        if not variable.shape.is_compatible_with(shape):
            raise InvalidArgumentError(
                None, op,
                f"Assign requires shapes of both tensors to match: variable {variable.op.name!r}, made at "
                f"{variable.op.source}, has shape {variable.shape}, but tensor {names[position]!r} of checkpoint "
                f"{prefix} has shape {list(shape)}. Build the graph with the sizes that were saved, or use "
                "Saver(reshape=True) if only the arrangement differs.",
            )  # fmt: skip


register(
    "RestoreV2", "prefix: string, tensor_names: string, shape_and_slices: string -> tensors: list(dtypes)",
    shape=_unknown_shapes, host=_restore_v2, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "Restore", "file_pattern: string, tensor_name: string -> tensor: dt",
    attrs={"dt": attr("type"), "preferred_shard": -1}, shape=lambda op: [TensorShape(None)], host=_restore, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "RestoreSlice", "file_pattern: string, tensor_name: string, shape_and_slice: string -> tensor: dt",
    attrs={"dt": attr("type"), "preferred_shard": -1}, shape=lambda op: [TensorShape(None)], host=_restore_slice,
    stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
