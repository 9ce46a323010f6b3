"""Command-line flags (`tf.flags`, `tf.app.flags`): absl's, in a set of their own.

absl's global set already holds flags of the libraries that are imported (`--log_dir`, `--verbosity`); a program's
flags live apart from it, so that the program may use any name. `FLAGS` reads the command line when a value is first
asked for.

>>> rate = DEFINE_float("docs_rate", 0.5, "Learning rate of the example.")
>>> _ = FLAGS(["program.py", "--docs_rate=0.1"])
>>> FLAGS.docs_rate
0.1
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

from absl import flags as _absl
from absl.flags import ArgumentParser as ArgumentParser
from absl.flags import ArgumentSerializer as ArgumentSerializer
from absl.flags import BooleanFlag as BooleanFlag
from absl.flags import BooleanParser as BooleanParser
from absl.flags import DuplicateFlagError as DuplicateFlagError
from absl.flags import EnumFlag as EnumFlag
from absl.flags import EnumParser as EnumParser
from absl.flags import Error as Error
from absl.flags import Flag as Flag
from absl.flags import FlagHolder as FlagHolder
from absl.flags import FlagValues as FlagValues
from absl.flags import FloatParser as FloatParser
from absl.flags import IllegalFlagValueError as IllegalFlagValueError
from absl.flags import IntegerParser as IntegerParser
from absl.flags import ListParser as ListParser
from absl.flags import UnparsedFlagAccessError as UnparsedFlagAccessError
from absl.flags import UnrecognizedFlagError as UnrecognizedFlagError
from absl.flags import ValidationError as ValidationError

# absl records the module that defines a flag; it looks past this one to the program.
_absl.disclaim_key_flags()

_OLD_ARGUMENTS = {"flag_name": "name", "default_value": "default", "docstring": "help"}


class ProgramFlags(_absl.FlagValues):
    """The flags of the program, parsed from `sys.argv` when one is first read."""

    def __getattr__(self, name: str) -> Any:
        if not self.is_parsed() and name in self:
            self(sys.argv)
        return super().__getattr__(name)

    def _parse_flags(self, args: Sequence[str] | None = None) -> list[str]:
        """Parses now, as programs of TensorFlow 1.4 and before ask for; returns what is no flag."""
        argv = sys.argv if args is None else [sys.argv[0], *args]
        return self(argv, known_only=True)[1:]


class _HelpFlag(_absl.BooleanFlag):
    """`--help`: prints the program's flags and leaves."""

    def __init__(self, name: str, values: ProgramFlags) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] -- absl leaves **args untyped
            name, False, "Show this help.", allow_override=True
        )
        self._values = values

    def parse(self, argument: Any) -> None:
        if self.parser.parse(argument):
            sys.stdout.write(help_text(self._values) + "\n")
            sys.exit(0)


def help_text(values: FlagValues) -> str:
    """The program's docstring and its flags, each with its meaning and default value."""
    document = sys.modules["__main__"].__doc__
    title = f"{document.strip()}\n" if document else f"Usage: {sys.argv[0]} [flags]\n"
    return f"{title}\nFlags:\n{values.get_help()}"


FLAGS = ProgramFlags()
for _name in ("help", "helpshort", "helpfull"):
    _absl.DEFINE_flag(_HelpFlag(_name, FLAGS), FLAGS, module_name="gradiente")


def _of_program(name: str) -> Callable[..., Any]:
    """The absl function `name`, working on `FLAGS` and taking the argument names of TensorFlow 1.0 too."""
    function: Callable[..., Any] = getattr(_absl, name)

    @functools.wraps(function)
    def define(*args: Any, **kwargs: Any) -> Any:
        for old, new in _OLD_ARGUMENTS.items():
            if old in kwargs:
                kwargs[new] = kwargs.pop(old)
        kwargs.setdefault("flag_values", FLAGS)
        return function(*args, **kwargs)

    return define


DEFINE = _of_program("DEFINE")
DEFINE_alias = _of_program("DEFINE_alias")
DEFINE_bool = _of_program("DEFINE_bool")
DEFINE_boolean = _of_program("DEFINE_boolean")
DEFINE_enum = _of_program("DEFINE_enum")
DEFINE_enum_class = _of_program("DEFINE_enum_class")
DEFINE_float = _of_program("DEFINE_float")
DEFINE_integer = _of_program("DEFINE_integer")
DEFINE_list = _of_program("DEFINE_list")
DEFINE_multi = _of_program("DEFINE_multi")
DEFINE_multi_enum = _of_program("DEFINE_multi_enum")
DEFINE_multi_float = _of_program("DEFINE_multi_float")
DEFINE_multi_integer = _of_program("DEFINE_multi_integer")
DEFINE_multi_string = _of_program("DEFINE_multi_string")
DEFINE_spaceseplist = _of_program("DEFINE_spaceseplist")
DEFINE_string = _of_program("DEFINE_string")
DEFINE_flag = _of_program("DEFINE_flag")
adopt_module_key_flags = _of_program("adopt_module_key_flags")
declare_key_flag = _of_program("declare_key_flag")
disclaim_key_flags = _absl.disclaim_key_flags
mark_bool_flags_as_mutual_exclusive = _of_program("mark_bool_flags_as_mutual_exclusive")
mark_flag_as_required = _of_program("mark_flag_as_required")
mark_flags_as_mutual_exclusive = _of_program("mark_flags_as_mutual_exclusive")
mark_flags_as_required = _of_program("mark_flags_as_required")
register_multi_flags_validator = _of_program("register_multi_flags_validator")
register_validator = _of_program("register_validator")
set_default: Callable[..., None] = _absl.__dict__["set_default"]
validator = _of_program("validator")
