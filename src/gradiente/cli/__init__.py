"""The command line: `gradiente COMMAND`, each command in a file of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from gradiente.cli import export as _export
from gradiente.cli import failures as _failures
from gradiente.cli import inspect as _inspect
from gradiente.cli import predict as _predict
from gradiente.cli import run as _run
from gradiente.cli import test as _test
from gradiente.cli import train as _train
from gradiente.cli.programs import ProgramGroup, RunCommand

main = typer.Typer(
    name="gradiente",
    cls=ProgramGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Neural networks: a graph, its gradients, and a session that runs them.",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"gradiente {version('gradiente')}")
        raise typer.Exit


@main.callback()
def _group(  # pyright: ignore[reportUnusedFunction] -- Typer keeps it
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Neural networks: a graph, its gradients, and a session that runs them."""


main.command("run", cls=RunCommand, context_settings=_run.SETTINGS)(_run.run)
main.command("inspect", epilog=_failures.EPILOG)(_inspect.inspect)
main.command("train", epilog=_failures.EPILOG)(_train.train)
main.command("test", epilog=_failures.EPILOG)(_test.run_test)
main.command("predict", epilog=_failures.EPILOG)(_predict.predict)
main.command("export", epilog=_failures.EPILOG)(_export.export)
