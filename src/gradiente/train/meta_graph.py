"""MetaGraphDefs: a graph with its collections and its Saver, as TensorFlow's ``.meta`` files hold them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gradiente.formats.saved_weights import write_atomically
from gradiente.graph.errors import DataLossError, NotFoundError
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.graph_def import graph_def as as_graph_def
from gradiente.graph.import_graph_def import import_graph_def
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Operation, Tensor
from gradiente.ops.variables import Variable
from gradiente.platform import tf_logging
from gradiente.platform.file_io import as_op_errors
from gradiente.train import protos

_VARIABLE_COLLECTIONS = frozenset(
    {
        GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES, GraphKeys.LOCAL_VARIABLES, GraphKeys.MODEL_VARIABLES,
        GraphKeys.MOVING_AVERAGE_VARIABLES, GraphKeys.METRIC_VARIABLES, GraphKeys.GLOBAL_STEP, GraphKeys.EVAL_STEP,
        GraphKeys.CONCATENATED_VARIABLES,
    }
)  # fmt: skip
_CONTEXTS = (GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT)


def export_meta_graph(
    filename: str | Path | None = None, meta_info_def: Any = None, graph_def: Any = None, saver_def: Any = None,
    collection_list: Iterable[str] | None = None, as_text: bool = False, graph: Any = None, export_scope: str | None = None,
    clear_devices: bool = False, clear_extraneous_savers: bool = False, strip_default_attrs: bool = False,
    save_debug_info: bool = False, **accepted: Any,
) -> Any:  # fmt: skip
    """A graph with its collections as a MetaGraphDef.

    Args:
        filename: a file to write it to.
        meta_info_def: a MetaInfoDef to take over.
        graph_def: a GraphDef to use instead of the graph's own.
        saver_def: a SaverDef to take over.
        collection_list: the names of the collections; all by default.
        as_text: write text instead of bytes.
        graph: the graph; the default graph without it.
        export_scope: only what stands below this name scope, without the scope in the names.
        clear_devices: leave out the devices.
        clear_extraneous_savers: accepted.
        strip_default_attrs: accepted.
        save_debug_info: accepted.
        **accepted: nothing else has an effect.

    Returns:
        The MetaGraphDef.

    Source: TensorFlow 1's ``tf.train.export_meta_graph``.
    """
    del clear_extraneous_savers, strip_default_attrs, save_debug_info, accepted
    graph = graph or get_default_graph()
    meta: Any = protos.meta_graph_def()()
    if meta_info_def is not None:
        meta.meta_info_def.CopyFrom(meta_info_def)
    meta.graph_def.CopyFrom(_graph_def(graph, graph_def, export_scope, clear_devices))
    if saver_def is not None:
        meta.saver_def.CopyFrom(saver_def)
    keys = graph.get_all_collection_keys() if collection_list is None else list(collection_list)
    for key in keys:
        _add_collection(meta, graph, key, export_scope)
    if filename is not None:
        write_meta_graph(meta, filename, as_text)
    return meta


def _graph_def(graph: Graph, given: Any, scope: str | None, clear_devices: bool) -> Any:
    whole = as_graph_def(graph, add_shapes=True, private=True) if given is None else given
    if not scope and not clear_devices:
        return whole
    chosen: Any = type(whole)()
    chosen.CopyFrom(whole)
    if scope:
        prefix = scope.rstrip("/") + "/"
        del chosen.node[:]
        for node in whole.node:
            if not node.name.startswith(prefix):
                continue
            added = chosen.node.add()
            added.CopyFrom(node)
            added.name = node.name[len(prefix) :]
            del added.input[:]
            added.input.extend(_without_scope(name, prefix) for name in node.input)
    if clear_devices:
        for node in chosen.node:
            node.device = ""
    return chosen


def _without_scope(name: str, prefix: str) -> str:
    mark = "^" if name.startswith("^") else ""
    plain = name[len(mark) :]
    if not plain.startswith(prefix):
        raise ValueError(
            f"Graph contains unbound inputs: {plain!r} is used inside the scope {prefix!r} that is exported, but stands "
            "outside of it. Export the whole graph, or feed that tensor through a placeholder inside."
        )
    return mark + plain[len(prefix) :]


def write_meta_graph(meta: Any, filename: str | Path, as_text: bool = False) -> None:
    """Write a MetaGraphDef to a file, whole or not at all."""
    from google.protobuf import text_format

    data = text_format.MessageToString(meta).encode() if as_text else meta.SerializeToString()
    folder = os.path.dirname(str(filename))
    with as_op_errors():
        if folder:
            os.makedirs(folder, exist_ok=True)
        write_atomically(filename, lambda temporary: Path(temporary).write_bytes(data))


def read_meta_graph(filename: str | Path) -> Any:
    """The MetaGraphDef that a file holds, in binary form or as text.

    Raises:
        OSError: there is no such file.
        DataLossError: it is no MetaGraphDef.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    path = os.fspath(filename)
    if not os.path.isfile(path):
        raise MetaGraphNotFoundError(
            None, None, f"File {path} does not exist: it would hold the graph (Saver.save writes it)."
        )
    data = Path(path).read_bytes()
    meta: Any = protos.meta_graph_def()()
    try:
        meta.ParseFromString(data)
        return meta
    except DecodeError as error:
        try:
            return text_format.Parse(data.decode("utf-8"), protos.meta_graph_def()())
        except (UnicodeDecodeError, text_format.ParseError):
            raise DataLossError(
                None, None, f"{path} is no MetaGraphDef, or it is damaged: {error}."
            ) from error


class MetaGraphNotFoundError(NotFoundError, OSError):
    """There is no such ``.meta`` file. TensorFlow raises OSError here."""


def _add_collection(meta: Any, graph: Graph, key: str, scope: str | None) -> None:
    if key in _CONTEXTS:
        return
    items = graph.get_collection(key, scope.rstrip("/") + "/" if scope else None)
    collection: Any = protos.collection_def()()
    cut = len(scope.rstrip("/")) + 1 if scope else 0
    try:
        for item in items:
            _append(collection, item, scope, cut)
    except (TypeError, ValueError, AttributeError) as error:
        tf_logging.warning("The collection %s is not part of the MetaGraphDef: %s", key, error)
        return
    if collection.WhichOneof("kind"):
        meta.collection_def[key].CopyFrom(collection)


def _append(collection: Any, item: Any, scope: str | None, cut: int) -> None:
    if hasattr(item, "to_proto"):
        proto = item.to_proto(export_scope=scope)
        if proto is not None:
            collection.bytes_list.value.append(proto.SerializeToString())
    elif hasattr(item, "SerializeToString"):
        collection.bytes_list.value.append(item.SerializeToString())
    elif isinstance(item, Tensor | Operation):
        collection.node_list.value.append(item.name[cut:])
    elif isinstance(item, bool) or not isinstance(item, str | bytes | int | float):
        raise TypeError(f"it holds {item!r} of class {type(item).__name__}, which has no protocol buffer.")
    elif isinstance(item, str | bytes):
        collection.bytes_list.value.append(item.encode() if isinstance(item, str) else item)
    elif isinstance(item, int):
        collection.int64_list.value.append(item)
    else:
        collection.float_list.value.append(item)


def import_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    input_map: Any = None,
) -> tuple[Any, list[Any]]:
    """Add a MetaGraphDef's operations and collections to the default graph.

    Returns:
        The MetaGraphDef, and the variables that it brought.
    """
    meta = meta_graph_or_file
    if isinstance(meta, str | Path):
        meta = read_meta_graph(meta)
    elif not isinstance(meta, protos.meta_graph_def()):
        raise TypeError(f"import_meta_graph takes a file name or a MetaGraphDef, not {type(meta).__name__}.")
    graph_def = meta.graph_def
    if clear_devices:
        graph_def = type(graph_def)()
        graph_def.CopyFrom(meta.graph_def)
        for node in graph_def.node:
            node.device = ""
    import_graph_def(graph_def, name=import_scope or "", input_map=input_map)
    graph = get_default_graph()
    variables: dict[str, Any] = {}
    for key in sorted(meta.collection_def):
        for item in _items(graph, key, meta.collection_def[key], import_scope, variables):
            graph.add_to_collection(key, item)
    return meta, list(variables.values())


def _items(
    graph: Graph, key: str, collection: Any, scope: str | None, variables: dict[str, Any]
) -> Iterable[Any]:
    kind = collection.WhichOneof("kind")
    if kind is None or key in _CONTEXTS:
        return
    values = getattr(collection, kind).value
    prefix = f"{scope}/" if scope else ""
    for value in values:
        if kind == "node_list":
            try:
                yield graph.as_graph_element(prefix + value)
            except (KeyError, ValueError):
                tf_logging.warning(
                    "The collection %s names %s, which is not in the graph.", key, prefix + value
                )
        elif kind == "bytes_list" and key in _VARIABLE_COLLECTIONS:
            yield _variable(value, scope, variables)
        elif kind == "bytes_list" and key == GraphKeys.QUEUE_RUNNERS:
            yield _queue_runner(value, scope)
        elif kind == "bytes_list" and key == GraphKeys.SAVERS:
            yield protos.saver_def().FromString(value)
        else:
            yield value


def _variable(data: bytes, scope: str | None, known: dict[str, Any]) -> Any:
    """The variable of a VariableDef: one object, however many collections hold it."""
    proto = protos.variable_def().FromString(data)
    if proto.variable_name not in known:
        known[proto.variable_name] = Variable.from_proto(proto, import_scope=scope)
    return known[proto.variable_name]


def _queue_runner(data: bytes, scope: str | None) -> Any:
    from gradiente.train.queue_runner import QueueRunner, QueueRunnerDef

    return QueueRunner.from_proto(QueueRunnerDef.FromString(data), import_scope=scope)
