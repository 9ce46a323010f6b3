"""`gradiente train`: from a folder of images to a tested classifier."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gradiente.cli.failures import INTERRUPTED, failures_as_status


def train(
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="A folder with one sub-folder of images per class, or with images and a file of `name -> category` lines "
            "(or CSV, TSV); `mnist`, the digits that come with gradiente, without it.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder.", show_default="runs/ and the data's name")
    ] = None,
    model: Annotated[str | None, typer.Option(help="cnn, softmax or perceptron.", show_default="cnn")] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="How often every image is seen.", show_default="by the number of images"),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Images in a step.", show_default="by the number of images")
    ] = None,
    lr: Annotated[
        float | None, typer.Option(help="Adam's learning rate at the start.", show_default="0.001")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Of the division, the weights, the batches, the dropout.", show_default="0"),
    ] = None,
    image_size: Annotated[
        str | None,
        typer.Option(metavar="N|HxW", help="Resize images to this.", show_default="by the images, up to 64"),
    ] = None,
    channels: Annotated[
        int | None, typer.Option(help="1 for grey, 3 for colours.", show_default="by the images")
    ] = None,
    layers: Annotated[int | None, typer.Option(help="Layers of the perceptron.", show_default="3")] = None,
    width: Annotated[
        int | None, typer.Option(help="Neurons of its hidden layers.", show_default="256")
    ] = None,
    average: Annotated[
        float | None,
        typer.Option(help="Decay of the weights' moving average; 0 for none.", show_default="0.99"),
    ] = None,
    shift: Annotated[
        int | None,
        typer.Option(
            help="Move training images by up to so many pixels.", show_default="a 14th of their side"
        ),
    ] = None,
    validation: Annotated[
        float | None, typer.Option(help="Proportion of a folder for validation.", show_default="0.15")
    ] = None,
    test: Annotated[
        float | None, typer.Option(help="Proportion of a folder for test.", show_default="0.2")
    ] = None,
    categories: Annotated[
        Path | None, typer.Option(help="The file of categories.", show_default="found in the folder")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Settings from a run's config.toml; options go before them.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option(help="The report's language: en or es.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print the metrics as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")] = False,
) -> None:
    """Train a classifier, test it, and write the model and a report into a run folder.

    Ctrl-C stops training and keeps the best model so far.
    """
    with failures_as_status():
        from gradiente import classify
        from gradiente.classify.problems import SettingsError
        from gradiente.cli.display import Display, console

        settings = classify.read_settings(config) if config is not None else classify.Settings()
        if data is None and config is None and categories is not None:
            raise SettingsError(
                "--categories says the classes of the images in a folder; name the folder too."
            )
        given: dict[str, Any] = {
            "model": model, "epochs": epochs, "batch": batch, "lr": lr, "seed": seed, "channels": channels,
            "layers": layers, "width": width, "average": average, "shift": shift, "validation": validation, "test": test,
            "categories": None if categories is None else str(categories),
        }  # fmt: skip
        if image_size is not None:
            given["image_height"], given["image_width"] = parse_size(image_size)
        settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
        display = Display(console(on_errors=as_json), quiet)
        run = classify.train(
            data, out=out, settings=settings, lang=lang, progress=display, stop=lambda: display.stopping
        )
        if as_json:
            print(json.dumps({"run": str(run.folder), **run.metrics}, ensure_ascii=False))
        elif run.test is not None:
            low, high = run.test.interval
            display.say(
                f"Test accuracy: {100 * run.test.accuracy:.2f} % ({run.test.correct:,} of {run.test.count:,}; 95 % interval "
                f"{100 * low:.1f} to {100 * high:.1f}; macro F1 {100 * run.test.macro_f1:.1f} %)"
            )
            report = "" if quiet else f"; look at {run.folder / 'report.html'}"
            display.say(f"The run is in {run.folder}{report}")
        if run.interrupted:
            display.say(f"Interrupted. The best model so far is in {run.folder / 'model'}.")
            raise SystemExit(INTERRUPTED)


def parse_size(text: str) -> tuple[int, int]:
    """``"32"`` as 32x32, ``"48x64"`` as 48 rows and 64 columns.

    Raises:
        SettingsError: it is neither.

    >>> parse_size("48x64")
    (48, 64)
    """
    from gradiente.classify.problems import SettingsError

    height, by, width = text.lower().replace("×", "x").partition("x")
    if (
        not height.isdecimal()
        or (by and not width.isdecimal())
        or not 0 < int(height) * int(width or 1) <= 4096 * 4096
    ):
        raise SettingsError(
            f"--image-size takes one number, as 32, or height and width, as 48x64; not {text!r}."
        )
    return int(height), int(width if by else height)
