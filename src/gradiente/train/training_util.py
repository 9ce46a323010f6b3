"""The global step: the variable that counts a graph's training steps."""

from __future__ import annotations

from typing import Any

from gradiente.graph.dtypes import int64
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.ops.initializers import zeros_initializer
from gradiente.ops.variable_scope import get_variable
from gradiente.platform import tf_logging


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The value of the global step in a session, as an int."""
    return int(sess.run(global_step_tensor))


def get_global_step(graph: Graph | None = None) -> Any:
    """The graph's global step: what the collection ``GraphKeys.GLOBAL_STEP`` holds, or a tensor called ``global_step``.

    Args:
        graph: the graph; the default graph without it.

    Returns:
        A variable or tensor, or None if there is none.

    Raises:
        TypeError: if it is no integer scalar.
    """
    graph = graph or get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        tf_logging.error("Multiple tensors in global_step collection.")
        return None
    if not found:
        try:
            found = [graph.get_tensor_by_name("global_step:0")]
        except KeyError:
            return None
    assert_global_step(found[0])
    return found[0]


def create_global_step(graph: Graph | None = None) -> Any:
    """Make the graph's global step, an int64 variable that starts at 0.

    Raises:
        ValueError: if the graph has one.
    """
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists. Use tf.train.get_or_create_global_step().')
    with graph.as_default(), graph.name_scope(None):
        return get_variable(
            GraphKeys.GLOBAL_STEP, shape=[], dtype=int64, initializer=zeros_initializer(), trainable=False,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )  # fmt: skip


def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """The graph's global step, made if there is none."""
    graph = graph or get_default_graph()
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor: Any) -> None:
    """Check that the global step is an integer scalar.

    Raises:
        TypeError: if it is not.
    """
    if not global_step_tensor.dtype.base_dtype.is_integer:
        raise TypeError(
            f'Existing "global_step" does not have integer type: {global_step_tensor.dtype.base_dtype.name}. It was made at '
            f"{global_step_tensor.op.source}"
        )
    shape = global_step_tensor.get_shape()
    if shape.ndims not in (None, 0):
        raise TypeError(
            f'Existing "global_step" is not scalar: it has shape {shape}, and was made at {global_step_tensor.op.source}'
        )
