"""A session's state: the values of its variables and counters."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.graph.graph import Graph
from gradiente.runtime.effects import Key, is_variable


class State(dict[Key, Any]):
    """The values of a session's variables and counters.

    Attributes:
        bound: what programs have prepared from the values as they are. Any change of a value empties it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bound: dict[Any, Any] = {}

    def __setitem__(self, key: Key, value: Any) -> None:
        self.bound.clear()
        super().__setitem__(key, value)

    def __delitem__(self, key: Key) -> None:
        self.bound.clear()
        super().__delitem__(key)

    def update(self, *values: Any, **named: Any) -> None:
        self.bound.clear()
        super().update(*values, **named)

    def pop(self, key: Key, *default: Any) -> Any:
        self.bound.clear()
        return super().pop(key, *default)

    def clear(self) -> None:
        self.bound.clear()
        super().clear()


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
        # Other threads may add counts and variables meanwhile.
        with self._lock:
            return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)


def exported(values: Mapping[Key, Any]) -> dict[str, npt.NDArray[Any]]:
    """A session's state as arrays of the caller's own, see ``Session.export_state``."""
    arrays = {key: np.array(value) for key, value in values.items()}
    strings = [key for key, value in arrays.items() if value.dtype == np.object_]
    if strings:
        raise ValueError(
            f"The variable {strings[0]!r} holds strings, which make no array of numbers. Use tf.train.Saver."
        )
    return arrays


def checked(graph: Graph, state: Mapping[str, Any]) -> dict[Key, npt.NDArray[Any]]:
    """Copies of the arrays of an exported state that fit the graph, see ``Session.import_state``."""
    arrays = {key: np.array(value) for key, value in state.items()}
    for key, array in arrays.items():
        if not is_variable(key):
            kind = key.partition(":")[0]
            if kind not in ("count", "fresh") or array.dtype != np.int64 or array.ndim:
                raise ValueError(f"{key!r} is neither a variable nor the count of a random operation's runs.")
            continue
        op = graph.get_operation_by_name(key)
        variable = op.outputs[0] if op.outputs else None
        if variable is None or variable.op.type not in ("VariableV2", "Variable", "VarHandleOp"):
            raise ValueError(f"{key!r} is no variable of this graph but a {op.type}.")
        if array.dtype != variable.dtype.base_dtype.np or not variable.shape.is_compatible_with(array.shape):
            raise ValueError(
                f"The variable {key!r} is {variable.dtype.base_dtype.name} of the shape {variable.shape}, and the state "
                f"has {array.dtype} of the shape {array.shape}. It is that of another graph."
            )
    return arrays
