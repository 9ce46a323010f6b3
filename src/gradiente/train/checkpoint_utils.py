"""Looking into checkpoints, and initializing variables from them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradiente.formats.tensor_bundle import CheckpointReader
from gradiente.graph.build import apply, name_scope
from gradiente.graph.functions import init_scope
from gradiente.graph.graph import get_default_graph
from gradiente.graph.types import Array
from gradiente.ops import state
from gradiente.ops.save_restore import missing_message
from gradiente.ops.variable_scope import get_variable_scope
from gradiente.ops.variable_store import default_store
from gradiente.train.checkpoint_state import latest_checkpoint
from gradiente.train.saveables import named_slices


def NewCheckpointReader(filepattern: str | Path) -> CheckpointReader:
    """A reader of one checkpoint, gradiente's or TensorFlow's: the shapes, types and values of its tensors by name.

    Args:
        filepattern: the checkpoint's path, as ``Saver.save`` returned it.

    Raises:
        NotFoundError: if there is no such checkpoint.
        DataLossError: if it is damaged.
    """
    return CheckpointReader(filepattern)


def load_checkpoint(ckpt_dir_or_file: str | Path) -> CheckpointReader:
    """A reader of a checkpoint, or of the latest one of a folder.

    Raises:
        ValueError: if the folder has no checkpoint.
        NotFoundError: if there is no such checkpoint.
    """
    return CheckpointReader(_path(ckpt_dir_or_file))


def _path(ckpt_dir_or_file: str | Path) -> str:
    path = os.fspath(ckpt_dir_or_file)
    if not os.path.isdir(path):
        return path
    found = latest_checkpoint(path)
    if found is None:
        raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {path}")
    return found


def list_variables(ckpt_dir_or_file: str | Path) -> list[tuple[str, list[int]]]:
    """The names and shapes of a checkpoint's tensors, by name."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: str | Path, name: str) -> Array:
    """The values of one tensor of a checkpoint; ``name`` may end in ``:0``."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def init_from_checkpoint(ckpt_dir_or_file: str | Path, assignment_map: Mapping[str, Any]) -> None:
    """Let variables start from a checkpoint's values: changes their initializers.

    Args:
        ckpt_dir_or_file: a checkpoint, or a folder with a file ``checkpoint``.
        assignment_map: from the checkpoint's names to variables, names of variables, or lists of a variable's pieces; from a
            scope ``"old/"`` to a scope ``"new/"`` for all variables below it.

    Raises:
        ValueError: if a name is in neither the checkpoint nor the graph, or a shape differs.

    Source: TensorFlow 1's ``tf.train.init_from_checkpoint``.
    """
    path = _path(ckpt_dir_or_file)
    reader = CheckpointReader(path)
    for saved, target in assignment_map.items():
        if isinstance(target, str) and target.endswith("/"):
            for name, variable in _below(target).items():
                key = (saved if saved != "/" else "") + name
                _initialize(reader, path, key, variable)
            continue
        if isinstance(target, str):
            store = default_store()
            variable = store.variables.get(target) or store.partitioned.get(target)
            if variable is None:
                raise ValueError(
                    f"Variable {target} is not made with tf.get_variable in this graph, so it can't be initialized."
                )
            target = variable
        _initialize(reader, path, saved, target)


def _below(scope: str) -> dict[str, Any]:
    """The variables of a scope by the rest of their names; ``"/"`` is the current scope."""
    store = default_store()
    prefix = scope
    if scope == "/":
        current = get_variable_scope().name
        prefix = current + "/" if current else ""
    everything: dict[str, Any] = {**store.variables, **store.partitioned}
    parts = {id(v) for whole in store.partitioned.values() for v in whole}
    found = {
        n[len(prefix) :]: v for n, v in everything.items() if n.startswith(prefix) and id(v) not in parts
    }
    if not found:
        raise ValueError(
            f"Assignment map with scope only name {scope} should map to a scope that has variables; it has none."
        )
    return found


def _initialize(reader: CheckpointReader, path: str, name: str, target: Any) -> None:
    shapes = reader.get_variable_to_shape_map()
    if name not in shapes:
        raise ValueError(
            f"Tensor {name} is not found in {path} checkpoint. {missing_message(reader, path, [name])}"
        )
    pieces = named_slices({name: target})[name]
    whole = target.get_shape() if hasattr(target, "get_shape") else None
    if whole is not None and not pieces[0][1] and not whole.is_compatible_with(shapes[name]):
        raise ValueError(
            f"Shape of variable {target.name} ({whole.as_list()}) doesn't match with shape of tensor {name} "
            f"({shapes[name]}) from checkpoint reader of {path}. The variable was made at {target.op.source}"
        )
    for variable, spec in pieces:
        with (
            init_scope(),
            get_default_graph().name_scope(None),
            name_scope(f"init_from_checkpoint/{variable.op.name}"),
        ):
            kind = variable.dtype.base_dtype
            saved = reader.get_variable_to_dtype_map()[name]
            (value,) = apply("RestoreV2", path, [name], [spec], dtypes=[saved], name="RestoreV2")
            value = value if saved is kind else apply("Cast", value, DstT=kind)
            value.set_shape(variable.get_shape())
            variable._initial_value = value  # pyright: ignore[reportPrivateUsage] - what this function is for
            variable._initializer = state.assign(variable, value, name="Assign").op  # pyright: ignore[reportPrivateUsage]
