"""`gradiente run`: a TensorFlow 1 program, unmodified."""

from __future__ import annotations

from typing import Annotated

import typer

SETTINGS = {"allow_interspersed_args": False}
"""What follows the program's name is the program's own, options included."""


def run(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROGRAM [ARGS]...", help="The program and its own arguments.", show_default=False
        ),
    ] = None,
    module: Annotated[
        str | None,
        typer.Option("-m", metavar="MODULE", help="Run a module by its name, as python -m does."),
    ] = None,
) -> None:
    """Run a TensorFlow 1 program, unmodified: its `import tensorflow` finds gradiente.

    The program gets its own sys.argv and its own exit status:
    gradiente run mnist_softmax.py --steps 1000
    """
    from gradiente.compat import launch
    from gradiente.runtime.memory import settle_memory

    settle_memory(keep=True)
    given = list(arguments or ())
    if module is not None:
        status = launch.run_module(module, given)
    elif given:
        status = launch.run_program(given[0], given[1:])
    else:
        raise typer.BadParameter("name the program: gradiente run program.py [args]")
    raise SystemExit(status)
