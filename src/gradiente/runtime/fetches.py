"""What a run was asked for: any nesting of lists, tuples and dicts of tensors, operations, variables and names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from gradiente.graph.graph import Graph
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.types import is_list, is_mapping

Rebuild = Callable[[Sequence[Any]], Any]
"""From the values of the plain fetches to the value of a nested one."""


class IndexedSlicesValue(NamedTuple):
    """What fetching IndexedSlices gives (``tf.IndexedSlicesValue``)."""

    values: Any
    indices: Any
    dense_shape: Any


class Fetches:
    """A nesting of fetches, flattened.

    Attributes:
        tensors: the distinct tensors to compute.
        operations: the operations to run.
        rebuild: gives the caller's nesting back, filled with values.
    """

    def __init__(self, graph: Graph, fetches: Any) -> None:
        self._graph = graph
        self._positions: dict[Tensor, int] = {}
        self.operations: list[Operation] = []
        self.rebuild = self._visit(fetches)
        self.tensors = list(self._positions)

    def _position(self, tensor: Tensor) -> int:
        return self._positions.setdefault(tensor, len(self._positions))

    def _visit(self, fetch: Any) -> Rebuild:
        if fetch is None:
            raise TypeError(
                "Fetch argument None has invalid type NoneType: fetch tensors, operations or their names."
            )
        if is_list(fetch):
            parts = [self._visit(f) for f in fetch]
            if hasattr(fetch, "_fields"):
                kind: Any = type(fetch)
                return lambda values: kind(*(p(values) for p in parts))
            if isinstance(fetch, tuple):
                return lambda values: tuple(p(values) for p in parts)
            return lambda values: [p(values) for p in parts]
        if is_mapping(fetch):
            named: dict[Any, Rebuild] = {k: self._visit(f) for k, f in fetch.items()}
            if isinstance(fetch, OrderedDict):
                return lambda values: OrderedDict((k, p(values)) for k, p in named.items())
            return lambda values: {k: p(values) for k, p in named.items()}
        if isinstance(fetch, IndexedSlices):
            return self._slices(fetch)
        expand = getattr(fetch, "_fetch_parts", None)
        if expand is not None:
            tensors, build = expand()
            positions = [self._position(self._element(t)) for t in tensors]
            return lambda values: build([values[p] for p in positions])
        element = self._element(fetch)
        if isinstance(element, Operation):
            self.operations.append(element)
            return lambda values: None
        position = self._position(element)
        return lambda values: values[position]

    def _slices(self, fetch: IndexedSlices) -> Rebuild:
        parts = [self._position(self._element(t)) for t in (fetch.values, fetch.indices)]
        shape = None if fetch.dense_shape is None else self._position(self._element(fetch.dense_shape))
        return lambda values: IndexedSlicesValue(
            values[parts[0]], values[parts[1]], None if shape is None else values[shape]
        )

    def _element(self, fetch: Any) -> Any:
        try:
            return self._graph.as_graph_element(fetch)
        except TypeError as error:
            raise TypeError(
                f"Fetch argument {fetch!r} has invalid type {type(fetch).__name__}, must be a string or Tensor. ({error})"
            ) from None
        except ValueError as error:
            raise ValueError(
                f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error})"
            ) from None
        except KeyError as error:
            raise ValueError(
                f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error.args[0]})"
            ) from None


def fetch_key(fetch: Any) -> Any:
    """A hashable key that is the same for the same nesting of the same fetches. It holds them, so that none of them can be
    replaced by another at the same address.
    """
    if isinstance(fetch, (Tensor, Operation)):
        return fetch
    if is_list(fetch):
        return (type(fetch), *[fetch_key(f) for f in fetch])
    if is_mapping(fetch):
        return (type(fetch), *[(k, fetch_key(f)) for k, f in fetch.items()])
    return fetch if isinstance(fetch, Hashable) else id(fetch)
