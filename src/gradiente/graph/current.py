"""The default graph's methods as functions, as programs call them (``tf.control_dependencies``, ``tf.get_collection``)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from gradiente.graph.build import name_scope
from gradiente.graph.graph import get_default_graph


def control_dependencies(control_inputs: Any) -> AbstractContextManager[None]:
    """Make the operations of the ``with`` block wait for ``control_inputs`` (see ``Graph.control_dependencies``)."""
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function: Any) -> AbstractContextManager[None]:
    """Note a device for the operations of the ``with`` block: a hint, as XLA places the whole program."""
    return get_default_graph().device(device_name_or_function)


def colocate_with(op: Any, ignore_existing: bool = False) -> AbstractContextManager[None]:
    """Accepted and without effect: XLA places the whole program."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> AbstractContextManager[str]:
    """Accepted and without effect: a session's variables are its own."""
    return get_default_graph().container(container_name)


def op_scope(values: Any, name: str | None, default_name: str | None = None) -> AbstractContextManager[str]:
    """The older form of ``name_scope``, with the values first."""
    return name_scope(name, default_name, values)


def add_to_collection(name: Any, value: Any) -> None:
    """Append ``value`` to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Append ``value`` to one or several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list[Any]:
    """The items of a collection of the default graph; with ``scope``, those whose name begins with it."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list[Any]:
    """A collection of the default graph itself: changing the list changes the collection."""
    return get_default_graph().get_collection_ref(key)
