"""Saver: a graph's variables to and from checkpoints."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from gradiente.graph.build import apply, apply_op, name_scope
from gradiente.graph.errors import NotFoundError
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Tensor
from gradiente.ops import save_restore as save_restore
from gradiente.ops import state
from gradiente.ops.basic import group, placeholder_with_default
from gradiente.ops.variable_lists import global_variables
from gradiente.ops.variables import Variable
from gradiente.train.checkpoint_state import (
    KeptCheckpoints,
    checkpoint_exists,
    get_checkpoint_mtimes,
    remove_checkpoint,
    update_checkpoint_state,
)
from gradiente.train.meta_graph import export_meta_graph, import_graph
from gradiente.train.protos import saver_def
from gradiente.train.saveables import named_slices
from gradiente.train.training_util import global_step as global_step_value

_NAME_FIELDS = ("filename_tensor_name", "save_tensor_name", "restore_op_name")


class MissingCheckpointError(NotFoundError, ValueError):
    """There is no checkpoint at the path. TensorFlow raised NotFoundError here, and ValueError in its last versions."""


class Saver:
    """Saves variables to checkpoints and restores them.

    A checkpoint ``model.ckpt-100`` is ``model.ckpt-100.safetensors`` (the values), ``model.ckpt-100.index`` (their names)
    and ``model.ckpt-100.meta`` (the graph). Each file is complete or not there: an interrupted save leaves the checkpoints
    before it whole. ``restore`` also reads TensorFlow's checkpoints.

    Args:
        var_list: variables to save, or a dictionary from names in the checkpoint to variables; all global variables and
            what ``GraphKeys.SAVEABLE_OBJECTS`` holds by default.
        reshape: let ``restore`` give a variable a value of another shape with as many elements.
        sharded: accepted; a checkpoint is one file.
        max_to_keep: how many checkpoints to keep; None or 0 for all.
        keep_checkpoint_every_n_hours: keep one more for each so many hours.
        name: the name scope of the operations.
        restore_sequentially: accepted.
        saver_def: a SaverDef that names operations that are in the graph already.
        builder: accepted.
        defer_build: make the operations at ``build`` only.
        allow_empty: let there be no variables.
        write_version: accepted.
        pad_step_number: write the step with eight digits.
        save_relative_paths: keep paths relative to the folder in its file ``checkpoint``.
        filename: the default path.

    Raises:
        ValueError: if there is nothing to save, or two variables have one name.
        TypeError: if ``var_list`` holds something else than variables.

    Source: TensorFlow 1's ``tf.train.Saver``.
    """

    def __init__(
        self, var_list: Any = None, reshape: bool = False, sharded: bool = False, max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None, restore_sequentially: bool = False,
        saver_def: Any = None, builder: Any = None, defer_build: bool = False, allow_empty: bool = False,
        write_version: Any = None, pad_step_number: bool = False, save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:  # fmt: skip
        del sharded, restore_sequentially, builder, write_version
        if defer_build and var_list is not None:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set defer_build=False or var_list=None."
            )
        self._var_list = var_list
        self._reshape = reshape
        self._name = name
        self._allow_empty = allow_empty
        self._pad_step_number = pad_step_number
        self._save_relative_paths = save_relative_paths
        self._filename = filename
        self._max_to_keep = max_to_keep
        self._every_n_hours = keep_checkpoint_every_n_hours
        self._names: tuple[str, str, str] | None = None
        self._empty = False
        if saver_def is not None:
            self._names = (
                saver_def.filename_tensor_name,
                saver_def.save_tensor_name,
                saver_def.restore_op_name,
            )
            self._max_to_keep = saver_def.max_to_keep
            self._every_n_hours = saver_def.keep_checkpoint_every_n_hours or keep_checkpoint_every_n_hours
        elif not defer_build:
            self.build()
        self._kept = KeptCheckpoints(self._max_to_keep, self._every_n_hours)

    # --- the operations ---------------------------------------------------------------------------------------------

    def build(self) -> None:
        """Make the operations, if they are not made yet."""
        if self._names is not None or self._empty:
            return
        variables = self._var_list
        if variables is None:
            graph = get_default_graph()
            variables = [*global_variables(), *graph.get_collection(GraphKeys.SAVEABLE_OBJECTS)]
        saved = named_slices(variables)
        if not saved:
            if not self._allow_empty:
                raise ValueError(
                    "No variables to save. Make the Saver after the variables, or pass allow_empty=True."
                )
            self._empty = True
            return
        entries = [(name, variable, spec) for name in sorted(saved) for variable, spec in saved[name]]
        with name_scope(self._name, "save"):
            default = placeholder_with_default(self._filename or "model", shape=(), name="filename")
            path = placeholder_with_default(default, shape=(), name="Const")
            done = self._save_op(path, entries)
            restored = self._restore_op(path, entries)
        self._names = (path.name, done.name, restored.name)

    def _save_op(self, path: Tensor, entries: Sequence[tuple[str, Variable, str]]) -> Tensor:
        names, variables, specs = zip(*entries, strict=True)
        refs = [v._ref() for v in variables]  # pyright: ignore[reportPrivateUsage] - the value when it is saved
        saved = apply_op("SaveV2", path, list(names), list(specs), refs, name="SaveV2")
        with get_default_graph().control_dependencies([saved]):
            return apply("Identity", path, name="control_dependency")

    def _restore_op(self, path: Tensor, entries: Sequence[tuple[str, Variable, str]]) -> Any:
        names, variables, specs = zip(*entries, strict=True)
        types = [v.dtype.base_dtype for v in variables]
        values = apply("RestoreV2", path, list(names), list(specs), dtypes=types, name="RestoreV2")
        assigned: list[Any] = []
        for variable, value in zip(variables, values, strict=True):
            known = variable.get_shape().is_fully_defined()
            shaped = (
                apply("Reshape", value, variable.get_shape().as_list()) if self._reshape and known else value
            )
            ref = variable._ref()  # pyright: ignore[reportPrivateUsage] - assigned whatever class it has
            assigned.append(state.assign(ref, shaped, validate_shape=known, name="Assign").op)
        return group(*assigned, name="restore_all")

    @property
    def saver_def(self) -> Any:
        """The SaverDef protocol buffer: the names of the operations, and how many checkpoints to keep."""
        return self.as_saver_def()

    def as_saver_def(self) -> Any:
        """The SaverDef protocol buffer."""
        names = dict(zip(_NAME_FIELDS, self._names or ("", "", ""), strict=True))
        message = saver_def()
        return message(
            **names, max_to_keep=self._max_to_keep or 0, keep_checkpoint_every_n_hours=self._every_n_hours,
            version=message.V2,
        )  # fmt: skip

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The SaverDef protocol buffer, its names relative to ``export_scope``; None if it stands outside."""
        proto = self.as_saver_def()
        if export_scope:
            prefix = export_scope.rstrip("/") + "/"
            for field in _NAME_FIELDS:
                if not getattr(proto, field).startswith(prefix):
                    return None
                setattr(proto, field, getattr(proto, field)[len(prefix) :])
        return proto

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """The Saver whose operations a SaverDef names."""
        return Saver(saver_def=_scoped(saver_def, import_scope))

    # --- saving and restoring ---------------------------------------------------------------------------------------

    def save(
        self, sess: Any, save_path: Any, global_step: Any = None, latest_filename: str | None = None,
        meta_graph_suffix: str = "meta", write_meta_graph: bool = True, write_state: bool = True,
        strip_default_attrs: bool = False, save_debug_info: bool = False,
    ) -> str:  # fmt: skip
        """Save the variables' values in a session.

        Args:
            sess: the session.
            save_path: where to; the step is appended to it.
            global_step: the step, a number, a tensor or a variable.
            latest_filename: another name for the folder's file ``checkpoint``.
            meta_graph_suffix: the suffix of the graph's file.
            write_meta_graph: whether to write the graph.
            write_state: whether to write the folder's file ``checkpoint``, and delete old checkpoints.
            strip_default_attrs: accepted.
            save_debug_info: accepted.

        Returns:
            The checkpoint's path, for ``restore``.

        Raises:
            FailedPreconditionError: if a variable has no value.
            ValueError: if the folder does not exist.
        """
        del strip_default_attrs, save_debug_info
        if latest_filename and os.path.basename(latest_filename) != latest_filename:
            raise ValueError("'latest_filename' must not contain path components")
        path = str(save_path)
        if global_step is not None:
            number = global_step if isinstance(global_step, int) else _step(sess, global_step)
            path = f"{path}-{number:08d}" if self._pad_step_number else f"{path}-{number}"
        elif os.path.basename(path) == (latest_filename or "checkpoint"):
            raise ValueError(
                f"{path!r} collides with the folder's own file of that name; save to another name."
            )
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            raise ValueError(
                f"Parent directory of {path} doesn't exist, can't save. Make the folder {folder} first."
            )
        if self._names is not None:
            filename, done, _ = self._names
            sess.run(done, {filename: path})
            if write_state:
                self._keep(path, folder, latest_filename, meta_graph_suffix)
        elif not self._empty:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        if write_meta_graph:
            with sess.graph.as_default():
                self.export_meta_graph(f"{path}.{meta_graph_suffix}")
        return path

    def _keep(self, path: str, folder: str, latest_filename: str | None, suffix: str) -> None:
        dropped = self._kept.add(path)
        update_checkpoint_state(
            folder, path, self._kept.paths, latest_filename, save_relative_paths=self._save_relative_paths
        )
        for old in dropped:
            remove_checkpoint(old, meta_graph_suffix=suffix)

    def restore(self, sess: Any, save_path: Any) -> None:
        """Give the variables the values of a checkpoint. They need no initialization before.

        Args:
            sess: the session.
            save_path: the path that ``save`` returned, or that of a checkpoint of TensorFlow's.

        Raises:
            NotFoundError: if there is no such checkpoint (also a ValueError, as in TensorFlow's last versions), or it has no
                tensor for a variable.
            InvalidArgumentError: if a shape or type differs.
            DataLossError: if the checkpoint is damaged.
            ValueError: if the path is None.
        """
        if self._empty:
            return
        if save_path is None:
            raise ValueError(
                "Can't load save_path when it is None: tf.train.latest_checkpoint found no checkpoint, for instance."
            )
        path = str(save_path)
        if not checkpoint_exists(path):
            raise MissingCheckpointError(
                None, None, f"The passed save_path is not a valid checkpoint: {path}. {_beside(path)}"
            )
        if self._names is None:
            raise RuntimeError("`build()` should be called before restore if defer_build==True")
        filename, _, restore_op = self._names
        sess.run(restore_op, {filename: path})

    # --- what there is ----------------------------------------------------------------------------------------------

    @property
    def last_checkpoints(self) -> list[str]:
        """The paths of the checkpoints that are kept, the latest last."""
        return self._kept.paths

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Set which checkpoints there are, so that saving deletes the oldest (their times are unknown)."""
        self._kept.times = [(path, float("inf")) for path in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Sequence[tuple[str, float]]) -> None:
        """Set which checkpoints there are, and when each was written."""
        self._kept.times = [(path, written) for path, written in last_checkpoints_with_time]

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[str]) -> None:
        """Note checkpoints of an earlier process, those that still exist, so that saving deletes the oldest."""
        there = [p for p in checkpoint_paths if checkpoint_exists(p)]
        self.set_last_checkpoints_with_time(list(zip(there, get_checkpoint_mtimes(there), strict=True)))

    def export_meta_graph(
        self, filename: str | None = None, collection_list: Iterable[str] | None = None, as_text: bool = False,
        export_scope: str | None = None, clear_devices: bool = False, clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False, save_debug_info: bool = False,
    ) -> Any:  # fmt: skip
        """The default graph with its collections and this Saver as a MetaGraphDef (see ``tf.train.export_meta_graph``)."""
        del clear_extraneous_savers, strip_default_attrs, save_debug_info
        return export_meta_graph(
            filename, saver_def=self.to_proto(export_scope) if self._names else None, collection_list=collection_list,
            as_text=as_text, export_scope=export_scope, clear_devices=clear_devices,
        )  # fmt: skip


def _step(sess: Any, step: Any) -> int:
    if isinstance(step, Tensor | Variable):
        return global_step_value(sess, step)
    return int(step)


def _beside(path: str) -> str:
    """What stands where a checkpoint was looked for."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        return f"The folder {folder} does not exist."
    suffixes = (".index", ".safetensors")
    found = sorted(
        {name.removesuffix(s) for name in os.listdir(folder) for s in suffixes if name.endswith(s)}
    )
    state = os.path.join(folder, "checkpoint")
    hint = " tf.train.latest_checkpoint gives the latest." if os.path.isfile(state) else ""
    if found:
        return (
            f"The folder {folder} has {', '.join(found[-5:])}{' and others' if len(found) > 5 else ''}.{hint}"
        )
    others = sorted(os.listdir(folder))[:5]
    return f"The folder {folder} has no checkpoint{': there are ' + ', '.join(others) if others else ' and is empty'}."


def _scoped(saver_def: Any, import_scope: str | None) -> Any:
    if not import_scope:
        return saver_def
    scoped = type(saver_def)()
    scoped.CopyFrom(saver_def)
    for field in _NAME_FIELDS:
        setattr(scoped, field, f"{import_scope}/{getattr(saver_def, field)}")
    return scoped


def import_meta_graph(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, **kwargs: Any
) -> Saver | None:
    """Add the graph of a ``.meta`` file to the default graph, its collections too.

    Args:
        meta_graph_or_file: the file, one that TensorFlow wrote or ``Saver.save`` did, or a MetaGraphDef.
        clear_devices: leave out the devices.
        import_scope: put before all names.
        **kwargs: ``input_map``, as for ``tf.import_graph_def``.

    Returns:
        A Saver for the graph's variables; None if there are none.

    Raises:
        OSError: if there is no such file (also a NotFoundError).
        DataLossError: if it is no MetaGraphDef.

    Source: TensorFlow 1's ``tf.train.import_meta_graph``.
    """
    meta, variables = import_graph(meta_graph_or_file, clear_devices, import_scope, kwargs.get("input_map"))
    if meta.HasField("saver_def") and meta.saver_def.restore_op_name:
        return Saver(saver_def=_scoped(meta.saver_def, import_scope))
    return Saver(variables) if variables else None
