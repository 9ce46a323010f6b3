"""The names of a graph's operations, and the scopes that stand before them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_VALID_OP_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")
_VALID_SCOPE_NAME = re.compile(r"^[A-Za-z0-9_.\\/>-]*$")


class Names:
    """The part of a graph that gives names: unique ones, inside the open scopes."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._names_in_use: dict[str, int] = {}
        self._name_stack = ""

    def _is_taken(self, name: str) -> bool:
        """Whether an operation has that full name."""
        raise NotImplementedError

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """The full name that an operation called ``name`` gets here: the scope, the name, and ``_1``, ``_2``, ... when
        it is taken. Names that differ in case only count as the same, as in TensorFlow.
        """
        full = f"{self._name_stack}/{name}" if self._name_stack else name
        with self._lock:
            key = full.lower()
            count = self._names_in_use.get(key, 0)
            if mark_as_used:
                self._names_in_use[key] = count + 1
            if count == 0:
                return full
            candidate_key = key
            while candidate_key in self._names_in_use:
                candidate_key = f"{key}_{count}"
                count += 1
            if mark_as_used:
                self._names_in_use[candidate_key] = 1
                self._names_in_use[key] = count
            return f"{full}_{count - 1}"

    def operation_name(self, name: str) -> str:
        """The unique full name for an operation. A name that ends in "/" is a scope's name: used as it is."""
        if name.endswith("/"):
            name = name[:-1]
            if self._is_taken(name):
                return (
                    self.unique_name(name.rsplit("/", 1)[-1]) if self._name_stack else self.unique_name(name)
                )
            return name
        if not _VALID_OP_NAME.match(name):
            raise ValueError(
                f"{name!r} is not a valid operation name: it starts with a letter, a digit or '.', followed by letters, "
                "digits and any of _ . \\ - / >."
            )
        return self.unique_name(name)

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Put ``name/`` before the names of the operations made in the block.

        Args:
            name: the scope's name; made unique. One that ends in "/" re-enters that very scope. None or "" goes back to
                the root.

        Yields:
            The scope's full name with a trailing "/".

        Raises:
            ValueError: if the name is not valid.
        """
        if name:
            if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
                raise TypeError(f"A scope's name is a string, not {name!r}.")
            pattern = _VALID_SCOPE_NAME if self._name_stack else _VALID_OP_NAME
            if not pattern.match(name):
                raise ValueError(f"{name!r} is not a valid scope name.")
        old = self._name_stack
        new = "" if not name else name[:-1] if name.endswith("/") else self.unique_name(name)
        self._name_stack = new
        try:
            yield f"{new}/" if new else ""
        finally:
            self._name_stack = old

    def get_name_scope(self) -> str:
        """The current scope's name, without a trailing "/"."""
        return self._name_stack
