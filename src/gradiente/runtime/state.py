"""A session's state: the values of its variables and counters."""

from __future__ import annotations

import threading
from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np

from gradiente.runtime.effects import Key


class HostView(MutableMapping[Key, Any]):
    """A session's state as host operations see it: NumPy arrays in, NumPy arrays out."""

    def __init__(self, values: dict[Key, Any], lock: threading.RLock, place: Any) -> None:
        self._values = values
        self._lock = lock
        self._place = place

    def __getitem__(self, key: Key) -> Any:
        with self._lock:
            return np.array(self._values[key])

    def __setitem__(self, key: Key, value: Any) -> None:
        array = np.array(value)
        with self._lock:
            self._values[key] = array if array.dtype == np.object_ else self._place(array)

    def __delitem__(self, key: Key) -> None:
        with self._lock:
            del self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[Key]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
