"""`gradiente predict`: what is in these images?"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradiente.cli.failures import SETTINGS, UNREADABLE_IMAGES, fail, failures_as_status

if TYPE_CHECKING:
    from gradiente.classify import Classifier

_AT_A_TIME = 1000


def predict(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.", show_default=False),
    ],
    top: Annotated[int, typer.Option(metavar="K", min=1, help="Print the K most probable classes.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say which class each image belongs to, and how probable that is.

    Files that can't be read are reported; the exit status is 14 then.
    """
    with failures_as_status():
        from gradiente import classify

        if not images:
            fail("Name at least one image or folder.", SETTINGS)
        model = classify.load(run)
        found: list[dict[str, Any]] = []
        bad: list[dict[str, str]] = []
        paths = _files(images)
        for start in range(0, len(paths), _AT_A_TIME):
            good, unreadable = _classify(model, paths[start : start + _AT_A_TIME], top)
            if not as_json:
                for row in good:
                    print(_line(row))
            found += good
            bad += unreadable
        for row in bad:
            print(f"gradiente: {row['file']}: {row['reason']}", file=sys.stderr)
        if as_json:
            print(json.dumps({"predictions": found, "unreadable": bad}, ensure_ascii=False))
        if bad:
            raise SystemExit(UNREADABLE_IMAGES)


def _files(given: Sequence[Path]) -> list[Path]:
    from gradiente.classify.problems import NoImagesError
    from gradiente.images.layouts import find_images

    files: list[Path] = []
    for path in given:
        inside = find_images(path) if path.is_dir() else [path]
        if not inside:
            raise NoImagesError(f"The folder {path} has no images.")
        files += inside
    return files


def _classify(
    model: Classifier, paths: list[Path], top: int
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    from gradiente.images.loading import load_images

    images, kept, unreadable = load_images(paths, *model.description.shape)
    probabilities = model.probabilities(images)
    rows: list[dict[str, Any]] = []
    for at, row in zip(kept, probabilities, strict=True):
        order: list[int] = row.argsort()[::-1][:top].tolist()
        best = [{"class": model.classes[i], "probability": float(row[i])} for i in order]
        rows.append({"file": str(paths[at]), **best[0], "top": best})
    return rows, [{"file": str(u.path), "reason": u.reason} for u in unreadable]


def _line(row: dict[str, Any]) -> str:
    return f"{row['file']} -> " + ", ".join(
        f"{t['class']} ({100 * t['probability']:.1f} %)" for t in row["top"]
    )
