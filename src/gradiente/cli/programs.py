"""Command lines in which a program's own arguments follow ours."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

_PROGRAMS = (".py", ".ipynb")


class ProgramGroup(TyperGroup):
    """The commands of `gradiente`, where a file name stands for `run` and that file."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Finds the command for `args`, taking a program's file name for `run`."""
        if args and args[0] not in self.commands and args[0].endswith(_PROGRAMS):
            return "run", self.commands["run"], args
        return super().resolve_command(ctx, args)


class RunCommand(TyperCommand):
    """`run`, where what follows `-m MODULE` belongs to the module, as with `python -m`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses our own options and leaves the program's alone."""
        if len(args) > 1 and args[0] == "-m":
            args = [*args[:2], "--", *args[2:]]
        return super().parse_args(ctx, args)
