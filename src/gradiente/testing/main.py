"""`tf.test.main`: the start of a file of tests."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Sequence

from gradiente.platform.app import parse


def main(argv: Sequence[str] | None = None) -> None:
    """Parses the program's flags and runs the tests that it defines; what is no flag goes to unittest.

    Args:
        argv: the command line; by default `sys.argv`.

    Raises:
        SystemExit: always, with 0 if all tests pass.
    """
    unittest.main(module="__main__", argv=parse(sys.argv if argv is None else argv))
