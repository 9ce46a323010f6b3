"""Logging (`tf.logging`): the standard library's logger named `tensorflow`, under TensorFlow 1's functions.

A program may configure it through `logging.getLogger("tensorflow")`; until it does, messages of level WARN and above
go to stderr as `LEVEL:tensorflow:message`.
"""

from __future__ import annotations

import functools
import itertools
import logging
import sys
from collections.abc import Iterator
from typing import Any

DEBUG = logging.DEBUG
INFO = logging.INFO
WARN = logging.WARNING
ERROR = logging.ERROR
FATAL = logging.CRITICAL

_CALLER = 2  # stacklevel: the line that called the function here


@functools.cache
def get_logger() -> logging.Logger:
    """Returns the logger, with a handler of its own unless the program has given it or the root logger one."""
    logger = logging.getLogger("tensorflow")
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        logger.addHandler(handler)
        logger.propagate = False
    return logger


def set_verbosity(v: int | str) -> None:
    """Sets the level from which on messages are shown, such as `tf.logging.INFO`.

    >>> set_verbosity(ERROR)
    >>> get_verbosity() == ERROR
    True
    """
    get_logger().setLevel(v)


def get_verbosity() -> int:
    """Returns the level from which on messages are shown."""
    return get_logger().getEffectiveLevel()


def log(level: int, msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at `level`."""
    get_logger().log(level, msg, *args, **_from_caller(kwargs))


def debug(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level DEBUG."""
    get_logger().debug(msg, *args, **_from_caller(kwargs))


def info(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level INFO."""
    get_logger().info(msg, *args, **_from_caller(kwargs))


def warn(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level WARN."""
    get_logger().warning(msg, *args, **_from_caller(kwargs))


warning = warn


def error(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level ERROR."""
    get_logger().error(msg, *args, **_from_caller(kwargs))


def fatal(msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at level FATAL; the program goes on, as in TensorFlow 1."""
    get_logger().critical(msg, *args, **_from_caller(kwargs))


def vlog(level: int, msg: object, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at a numeric `level`."""
    get_logger().log(level, msg, *args, **_from_caller(kwargs))


def log_if(level: int, msg: object, condition: object, *args: Any) -> None:
    """Logs `msg % args` at `level` if `condition` is true."""
    if condition:
        vlog(level, msg, *args, stacklevel=_CALLER + 1)


def log_every_n(level: int, msg: object, n: int, *args: Any) -> None:
    """Logs `msg % args` at `level` the first time this line of the program runs, and every `n`-th time after."""
    log_if(level, msg, _times_called() % n == 0, *args)


def log_first_n(level: int, msg: object, n: int, *args: Any) -> None:
    """Logs `msg % args` at `level` the first `n` times this line of the program runs."""
    log_if(level, msg, _times_called() < n, *args)


def TaskLevelStatusMessage(msg: object) -> None:
    """Logs `msg` at level ERROR."""
    error(msg, stacklevel=_CALLER + 1)


def flush() -> None:
    """Writes out what the handlers still hold."""
    for handler in get_logger().handlers:
        handler.flush()


def _from_caller(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {"stacklevel": _CALLER, **kwargs}


_counters: dict[tuple[str, int], Iterator[int]] = {}


def _times_called() -> int:
    """How often the program's present line has asked before."""
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage] -- the caller's line is the counter's key
    line = (frame.f_code.co_filename, frame.f_lineno)
    return next(_counters.setdefault(line, itertools.count()))
