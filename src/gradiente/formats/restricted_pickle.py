"""An interpreter of the few pickle instructions that files of weights are made of. It can't run code.

A pickle is a program for a small stack machine, and Python's own module lets that program call whatever it names. This
one knows no way to call anything: it makes numbers, texts, lists, tuples and dictionaries, and what a program names or
wants called goes to a table of the caller's, which has a handful of entries. Everything else is an error.

Source: the instructions as documented in CPython's ``Lib/pickletools.py``, protocol 2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_LONGEST_NUMBER = 16
"""Bytes of a whole number; the sizes and the magic number in files of weights have up to 10."""


class NotWeightsError(ValueError):
    """A file is not one of weights, is damaged, or has in it what no file of weights needs."""


class Global:
    """A name that a pickle asks for, such as ``collections OrderedDict``, found in the caller's table.

    Attributes:
        name: module and name.
        call: what it does when the pickle calls it, given the arguments; None if it can't be called.
    """

    def __init__(self, name: str, call: Callable[..., Any] | None = None) -> None:
        self.name = name
        self.call = call


class _Mark:
    """Where on the stack a group of values begins."""


_MARK = _Mark()


def interpret(
    data: bytes | memoryview,
    start: int,
    known: Mapping[str, Global],
    stored: Callable[[Any], Any],
) -> tuple[Any, int]:
    """Run one pickle.

    Memory and time are in proportion to the pickle's length: nothing is copied, and dictionaries have texts and
    numbers as keys only.

    Args:
        data: the bytes that hold it.
        start: where it begins.
        known: what it may name, by ``"module name"``.
        stored: is given each persistent id, which stands for data outside the pickle; returns what to put there.

    Returns:
        The value, and where the pickle ended.

    Raises:
        NotWeightsError: it is cut off, makes no sense, or names or does what is not known here.
    """
    machine = _Machine(data, start, known, stored)
    try:
        return machine.run(), machine.at
    except (IndexError, struct.error, UnicodeDecodeError, KeyError, TypeError) as error:
        raise NotWeightsError(
            f"it is damaged near byte {machine.at:,} ({type(error).__name__}: {error})"
        ) from error


class _Machine:
    def __init__(
        self,
        data: bytes | memoryview,
        start: int,
        known: Mapping[str, Global],
        stored: Callable[[Any], Any],
    ) -> None:
        self._data, self.at, self._known, self._stored = memoryview(data), start, known, stored
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        if self._take(1) != b"\x80" or self._take(1)[0] not in (2, 3):
            raise NotWeightsError(f"there is no pickle of protocol 2 at byte {self.at - 2:,}")
        while True:
            code = self._take(1)[0]
            if code == 0x2E:  # STOP
                return self._stack.pop()
            action = _ACTIONS.get(code)
            if action is None:
                raise NotWeightsError(
                    f"it has the pickle instruction {code:#04x} at byte {self.at - 1:,}, which no file of weights needs"
                )
            action(self)

    def _take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self._data):
            raise NotWeightsError(f"it is cut off: {count:,} bytes are wanted at byte {self.at:,}")
        self.at += count
        return bytes(self._data[self.at - count : self.at])

    def _number(self, form: str) -> int:
        return struct.unpack("<" + form, self._take(struct.calcsize("<" + form)))[0]

    def _line(self) -> str:
        for length in range(200):
            if self._data[self.at + length] == 0x0A:
                text = self._take(length).decode("ascii")
                self.at += 1
                return text
        raise NotWeightsError(f"it has a name without an end at byte {self.at:,}")

    def _since_mark(self) -> list[Any]:
        for at in range(len(self._stack) - 1, -1, -1):
            if self._stack[at] is _MARK:
                group = self._stack[at + 1 :]
                del self._stack[at:]
                return group
        raise NotWeightsError(f"it ends a group that was not begun, at byte {self.at - 1:,}")

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def number(self, form: str) -> None:
        self.push(self._number(form))

    def long(self) -> None:
        length = self._number("B")
        if length > _LONGEST_NUMBER:
            raise NotWeightsError(f"it has a number of {length} bytes at byte {self.at:,}")
        self.push(int.from_bytes(self._take(length), "little", signed=True))

    def text(self) -> None:
        self.push(self._take(self._number("I")).decode("utf-8"))

    def tuple_of(self, count: int) -> None:
        if len(self._stack) < count:
            raise NotWeightsError(f"it takes more from the stack than there is, at byte {self.at - 1:,}")
        values = tuple(self._stack[len(self._stack) - count :])
        del self._stack[len(self._stack) - count :]
        self.push(values)

    def tuple_since_mark(self) -> None:
        self.push(tuple(self._since_mark()))

    def put(self, form: str) -> None:
        self._memo[self._number(form)] = self._stack[-1]

    def get(self, form: str) -> None:
        self.push(self._memo[self._number(form)])

    def append(self) -> None:
        value = self._stack.pop()
        _a(list, self._stack[-1], "is added to").append(value)

    def appends(self) -> None:
        values = self._since_mark()
        _a(list, self._stack[-1], "is added to").extend(values)

    def set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def set_items(self) -> None:
        self._set(self._since_mark())

    def _set(self, pairs: Sequence[Any]) -> None:
        target = _a(dict, self._stack[-1], "is filled")
        if len(pairs) % 2:
            raise NotWeightsError(f"it has a key without a value at byte {self.at - 1:,}")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, (str, int)):
                raise NotWeightsError(f"it has a {type(key).__name__} as a key, at byte {self.at - 1:,}")
            target[key] = value

    def name(self) -> None:
        wanted = f"{self._line()} {self._line()}"
        if wanted not in self._known:
            raise NotWeightsError(f"it asks for {wanted!r}, which no file of weights needs")
        self.push(self._known[wanted])

    def call(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        if not isinstance(function, Global) or function.call is None or not isinstance(arguments, tuple):
            raise NotWeightsError(f"it calls what can't be called, at byte {self.at - 1:,}")
        self.push(function.call(*arguments))

    def state(self) -> None:
        """Attributes of an object: of a dictionary of weights it is only a note of the layers' versions."""
        self._stack.pop()
        _a(dict, self._stack[-1], "has attributes set")

    def persistent(self) -> None:
        self.push(self._stored(self._stack.pop()))


def _a(kind: type[Any], value: Any, what: str) -> Any:
    if not isinstance(value, kind):
        raise NotWeightsError(f"a {type(value).__name__} {what} as if it were a {kind.__name__}")
    return value


_ACTIONS: dict[int, Callable[[_Machine], None]] = {
    0x28: lambda m: m.push(_MARK),  # MARK
    0x4E: lambda m: m.push(None),  # NONE
    0x88: lambda m: m.push(True),  # NEWTRUE
    0x89: lambda m: m.push(False),  # NEWFALSE
    0x4A: lambda m: m.number("i"),  # BININT
    0x4B: lambda m: m.number("B"),  # BININT1
    0x4D: lambda m: m.number("H"),  # BININT2
    0x8A: _Machine.long,  # LONG1
    0x47: lambda m: m.push(struct.unpack(">d", m._take(8))[0]),  # BINFLOAT  # pyright: ignore[reportPrivateUsage]
    0x58: _Machine.text,  # BINUNICODE
    0x5D: lambda m: m.push([]),  # EMPTY_LIST
    0x61: _Machine.append,  # APPEND
    0x65: _Machine.appends,  # APPENDS
    0x7D: lambda m: m.push({}),  # EMPTY_DICT
    0x73: _Machine.set_item,  # SETITEM
    0x75: _Machine.set_items,  # SETITEMS
    0x29: lambda m: m.push(()),  # EMPTY_TUPLE
    0x74: _Machine.tuple_since_mark,  # TUPLE
    0x85: lambda m: m.tuple_of(1),  # TUPLE1
    0x86: lambda m: m.tuple_of(2),  # TUPLE2
    0x87: lambda m: m.tuple_of(3),  # TUPLE3
    0x71: lambda m: m.put("B"),  # BINPUT
    0x72: lambda m: m.put("I"),  # LONG_BINPUT
    0x68: lambda m: m.get("B"),  # BINGET
    0x6A: lambda m: m.get("I"),  # LONG_BINGET
    0x63: _Machine.name,  # GLOBAL
    0x52: _Machine.call,  # REDUCE
    0x62: _Machine.state,  # BUILD
    0x51: _Machine.persistent,  # BINPERSID
}
"""What the instructions of a file of weights do. There is none for making objects or calling by name of attribute."""
