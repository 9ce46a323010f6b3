"""`gradiente predict`: what is in these images?"""

from __future__ import annotations

import csv
import json
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain, tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradiente.cli.failures import SETTINGS, UNREADABLE_IMAGES, fail, failures_as_status

if TYPE_CHECKING:
    from gradiente.classify import Classifier, Prediction

_STANDARD_INPUT = Path("-")


def predict(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Image files, folders of them, or `-` for a list of files on standard input, one on a line.",
            show_default=False,
        ),
    ],
    top: Annotated[int, typer.Option(metavar="K", min=1, help="Print the K most probable classes.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table, a line for each image.")] = False,
    unknown_below: Annotated[
        float,
        typer.Option(
            metavar="P",
            min=0,
            max=1,
            help="Call an image unknown if its class is less probable.",
            show_default=False,
        ),
    ] = 0.0,
) -> None:
    """Say which class each image belongs to, and how probable that is.

    Probabilities are calibrated: of the images for which it says 90 %, about nine in ten are of that class. Files that
    can't be read are reported, the others are classified; the exit status is 14 then.
    """
    with failures_as_status(), warnings.catch_warnings():
        # Pillow's remarks on odd files: what can be decoded is taken, what can't is reported.
        warnings.simplefilter("ignore")
        from gradiente import classify

        if not images:
            fail("Name at least one image or folder.", SETTINGS)
        if as_json and as_csv:
            fail("--json and --csv exclude each other.", SETTINGS)
        paths = _files(images)
        model = classify.load(run)
        rows = _classified(model, paths, top, unknown_below)
        bad = (_print_json if as_json else _print_csv if as_csv else _print_lines)(
            rows, min(top, len(model.classes))
        )
        if bad:
            raise SystemExit(UNREADABLE_IMAGES)


def _files(given: Iterable[Path]) -> Iterator[Path]:
    """The files that were named; folders are opened now, the standard input is read as the images are used."""
    from gradiente.images.layouts import find_images
    from gradiente.images.problems import NoImagesError, reading

    files: list[Iterable[Path]] = []
    for path in given:
        if path == _STANDARD_INPUT:
            files.append(_listed())
            continue
        with reading(path):
            inside = find_images(path) if path.is_dir() else [path]
        if not inside:
            raise NoImagesError(f"The folder {path} has no images.")
        files.append(inside)
    return chain.from_iterable(files)


def _listed() -> Iterator[Path]:
    """The names on standard input: one a line, or with NUL between them as `find -print0` writes."""
    source = getattr(sys.stdin, "buffer", sys.stdin)
    for line in source:
        for name in (line if isinstance(line, bytes) else os.fsencode(line)).rstrip(b"\r\n").split(b"\0"):
            if name:
                yield Path(os.fsdecode(name))


def _classified(
    model: Classifier, paths: Iterator[Path], top: int, unknown_below: float
) -> Iterator[dict[str, Any]]:
    """What is printed about each image: its prediction, or why it can't be read."""
    from gradiente.classify.problems import UnreadableImageError

    names, sources = tee(paths)
    for path, found in zip(names, model.stream_readable(sources), strict=True):
        if isinstance(found, UnreadableImageError):
            print(f"gradiente: {path}: {found.reason}", file=sys.stderr)
            yield {"file": str(path), "reason": found.reason}
        else:
            yield _row(path, found, top, unknown_below)


def _row(path: Path, found: Prediction, top: int, unknown_below: float) -> dict[str, Any]:
    best = [{"class": name, "probability": probability} for name, probability in found.top(top)]
    known = found.known(unknown_below)
    return {
        "file": str(path),
        "class": found.label if known else None,
        "probability": found.probability,
        "unknown": not known,
        "top": best,
    }


def _print_lines(rows: Iterator[dict[str, Any]], top: int) -> int:
    del top
    bad = 0
    for row in rows:
        if "reason" in row:
            bad += 1
            continue
        best = ", ".join(f"{t['class']} ({100 * t['probability']:.1f} %)" for t in row["top"])
        print(f"{row['file']} -> {f'unknown; perhaps {best}' if row['unknown'] else best}")
    return bad


def _print_csv(rows: Iterator[dict[str, Any]], top: int) -> int:
    """A line for each image; one that can't be read has the reason instead of a class."""
    bad = 0
    writer = csv.writer(sys.stdout, lineterminator="\n")
    more = [name for k in range(1, top + 1) for name in (f"class_{k}", f"probability_{k}")] if top > 1 else []
    writer.writerow(["file", "class", "probability", *more, "unknown", "unreadable"])
    for row in rows:
        if "reason" in row:
            bad += 1
            writer.writerow([row["file"], "", "", *[""] * len(more), "", row["reason"]])
            continue
        best = [cell for t in row["top"] for cell in (t["class"], f"{t['probability']:.6f}")] if more else []
        unknown = "yes" if row["unknown"] else "no"
        writer.writerow([row["file"], row["class"] or "", f"{row['probability']:.6f}", *best, unknown, ""])
    return bad


def _print_json(rows: Iterator[dict[str, Any]], top: int) -> int:
    """One object, written as the images are classified."""
    del top
    unreadable: list[dict[str, Any]] = []
    separator = ""
    sys.stdout.write('{"predictions": [')
    for row in rows:
        if "reason" in row:
            unreadable.append(row)
        else:
            sys.stdout.write(separator + json.dumps(row, ensure_ascii=False))
            separator = ",\n "
    print(f'], "unreadable": {json.dumps(unreadable, ensure_ascii=False)}}}')
    return len(unreadable)
