"""The collections of a graph: named lists in which a program keeps what belongs together."""

from __future__ import annotations

import re
from typing import Any


class Collections:
    """The part of a graph that keeps collections (``tf.GraphKeys`` has the standard names)."""

    def __init__(self) -> None:
        self._collections: dict[Any, list[Any]] = {}

    def _check_not_finalized(self, what: str) -> None:
        """Raise RuntimeError if the graph is read-only."""
        raise NotImplementedError

    def add_to_collection(self, name: Any, value: Any) -> None:
        """Append ``value`` to the collection ``name``."""
        self._check_not_finalized(f"an item of collection {name!r}")
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Append ``value`` to one or several collections."""
        for name in {names: None} if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection_ref(self, name: Any) -> list[Any]:
        """The collection itself, made if it does not exist; changing it changes the graph's."""
        return self._collections.setdefault(name, [])

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        """The items of a collection; with ``scope``, those whose name the regular expression matches at its start."""
        items = self._collections.get(name, [])
        if scope is None:
            return list(items)
        pattern = re.compile(scope)
        return [item for item in items if hasattr(item, "name") and pattern.match(item.name)]

    def get_all_collection_keys(self) -> list[Any]:
        """The names of the collections that have items."""
        return [key for key, items in self._collections.items() if isinstance(key, str) and items]

    def clear_collection(self, name: Any) -> None:
        """Empty a collection."""
        self._check_not_finalized(f"collection {name!r}")
        self._collections.pop(name, None)
