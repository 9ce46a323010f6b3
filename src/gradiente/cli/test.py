"""`gradiente test`: the test phase."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradiente.cli.failures import failures_as_status

if TYPE_CHECKING:
    from gradiente.classify import Scores, Tested

_SHOWN_ON_A_TERMINAL = 50


def run_test(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    data: Annotated[
        str,
        typer.Argument(
            help="Images with their classes, laid out as for `train` (of a divided folder, its test part); or `mnist`.",
            show_default=False,
        ),
    ],
    categories: Annotated[
        Path | None, typer.Option(help="The file of categories.", show_default="found in the folder")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only P and the confusion matrix.")
    ] = False,
) -> None:
    """Classify images that the network has not seen, compare with their classes, and print P, the accuracy.

    The list `im-7.png -> doge` comes first; on a terminal, its first lines.
    """
    with failures_as_status():
        from gradiente import classify

        tested = classify.test(run, data, categories)
        if as_json:
            print(json.dumps(tested.as_json(), ensure_ascii=False))
            return
        for note in tested.notes:
            print(note, file=sys.stderr)
        for problem in tested.unreadable:
            print(f"{problem.path}: left out, {problem.reason}", file=sys.stderr)
        if not quiet:
            _print_list(tested)
        scores = tested.scores
        if tested.seen:
            print(
                f"{tested.seen:,} of the {scores.count:,} images were used in training: P is not that of new images."
            )
        low, high = scores.interval
        print(
            f"P = {100 * scores.accuracy:.2f} % ({scores.correct:,} of {scores.count:,} right; 95 % interval "
            f"{100 * low:.1f} to {100 * high:.1f}; macro F1 {100 * scores.macro_f1:.1f} %)"
        )
        print()
        print(confusion_table(scores))


def _print_list(tested: Tested) -> None:
    classes = tested.scores.classes
    most = _SHOWN_ON_A_TERMINAL if sys.stdout.isatty() else len(tested.names)
    guesses: list[int] = tested.probabilities.argmax(1).tolist()
    lines = [f"{name} -> {classes[guess]}" for name, guess in zip(tested.names, guesses, strict=True)]
    wrong = [
        f"{line}, and is {classes[label]}"
        for line, guess, label in zip(lines, guesses, tested.labels.tolist(), strict=True)
        if guess != label
    ]
    for title, shown in (
        ("Network's list:", lines),
        ("Wrong in it:" if wrong else "Nothing in it is wrong.", wrong),
    ):
        print(title)
        for line in shown[:most]:
            print(f"  {line}")
        if len(shown) > most:
            print(f"  ... and {len(shown) - most:,} more; `| cat` or --json gives all of them")
        print()


def confusion_table(scores: Scores) -> str:
    """The confusion matrix as text: a row for each right class, a column for each predicted one."""
    head = ["", *scores.classes]
    rows = [
        [name, *map(str, row)] for name, row in zip(scores.classes, scores.confusion.tolist(), strict=True)
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = ["  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True)))
             for row in (head, *rows)]  # fmt: skip
    return "\n".join(["Rows: the right class; columns: the network's.", *lines])
