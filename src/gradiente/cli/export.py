"""`gradiente export`: the classifier for other programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gradiente.cli.failures import failures_as_status


def export(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    format: Annotated[str, typer.Option(help="onnx or graphdef.")] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="The file.", show_default="model.onnx or model.pb in the run's folder")
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(
            help="Images or folders to compare on; may be given several times.",
            show_default="those of the run",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the classifier as one file for other programs: ONNX, or a GraphDef that TensorFlow loads.

    It takes raw RGB images (uint8, [n, height, width, 3], any size) and gives calibrated probabilities; everything between
    is in the file. That it says what `predict` says is checked on real images first; if it does not, nothing is written and
    the exit status is 15.
    """
    with failures_as_status():
        from gradiente import classify

        done = classify.export(run, format, out, images or ())
        if as_json:
            print(json.dumps({"file": str(done.path), "parity": asdict(done.parity)}, ensure_ascii=False))
            return
        parity = done.parity
        print(f"{done.path}: {done.path.stat().st_size:,} bytes. Input `images`, output `probabilities`.")
        print(
            f"Compared with predict on {parity.count} images ({parity.images}) by {parity.runner}: the same class for "
            f"{parity.agreeing}; probabilities differ by up to {parity.whole:.2g}, and by up to {parity.network:.2g} on "
            "images that have the network's size already."
        )
