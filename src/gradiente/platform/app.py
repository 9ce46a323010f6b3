"""The start of a program (`tf.app`): its flags are parsed and its `main` is called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from absl import flags as _absl_flags

from gradiente.platform import flags as flags

__all__ = ["flags", "run"]


def run(main: Callable[[list[str]], Any] | None = None, argv: Sequence[str] | None = None) -> NoReturn:
    """Parses the flags, calls `main` with what is left of the command line, and leaves with its result.

    Flags that the program does not define are left for `main`, as TensorFlow 1 leaves them.

    Args:
        main: a function of one argument, the list of remaining words with the program's name first; by default
            the program's own `main`.
        argv: the command line; by default `sys.argv`.

    Raises:
        SystemExit: always: with what `main` returns, or 1 when a flag has a wrong value.
    """
    function: Callable[[list[str]], Any] | None = main or getattr(sys.modules["__main__"], "main", None)
    if function is None:
        raise AttributeError(
            "tf.app.run() calls the program's function `main`, and the program defines none.\n"
            "  Remedy: define `def main(_):`, or name the function: tf.app.run(my_main)."
        )
    sys.exit(function(parse(sys.argv if argv is None else argv)))


def parse(argv: Sequence[str]) -> list[str]:
    """Parses the program's flags, and those that it defined through absl itself; returns the remaining words.

    Raises:
        SystemExit: with status 1 and a message when a flag has a wrong value.
    """
    try:
        remaining = flags.FLAGS(list(argv), known_only=True)
        if not _absl_flags.FLAGS.is_parsed():
            remaining = _absl_flags.FLAGS(remaining, known_only=True)
    except flags.Error as error:
        sys.stderr.write(f"Error in the flags: {error}\nPass --help to see the flags.\n")
        sys.exit(1)
    return remaining
