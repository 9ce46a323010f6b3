"""`gradiente train`: from a folder of images to a tested classifier."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradiente.cli.failures import INTERRUPTED, failures_as_status

if TYPE_CHECKING:
    from gradiente.classify import Run
    from gradiente.cli.display import Display

_DATA, _NETWORK, _LEARNING, _OUTPUT = "Data", "Network", "Learning", "Output"


def train(
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="A folder with one sub-folder of images per class, or with images and a file of `name -> category` lines "
            "(or CSV, TSV), an IDX or NPZ file; `mnist`, the digits that come with gradiente, without it.",
            show_default=False,
        ),
    ] = None,
    categories: Annotated[
        Path | None,
        typer.Option(
            help="The file of categories.", show_default="found in the folder", rich_help_panel=_DATA
        ),
    ] = None,
    image_size: Annotated[
        str | None,
        typer.Option(
            metavar="N|HxW",
            help="Resize images to this.",
            show_default="by the network and the images",
            rich_help_panel=_DATA,
        ),
    ] = None,
    channels: Annotated[
        int | None,
        typer.Option(help="1 for grey, 3 for colours.", show_default="by the images", rich_help_panel=_DATA),
    ] = None,
    validation: Annotated[
        float | None,
        typer.Option(
            help="Proportion of a folder for validation.", show_default="0.15", rich_help_panel=_DATA
        ),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(help="Proportion of a folder for test.", show_default="0.2", rich_help_panel=_DATA),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.py:FUNCTION",
            help="softmax, perceptron, cnn, deep-cnn, cs231n, resnet20, efficientnet-lite0, or a network of your own.",
            show_default="auto: by the images",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    layers: Annotated[
        int | None, typer.Option(help="Layers of the perceptron.", show_default="3", rich_help_panel=_NETWORK)
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(help="Neurons of its hidden layers.", show_default="256", rich_help_panel=_NETWORK),
    ] = None,
    fine_tune: Annotated[
        int | None,
        typer.Option(
            metavar="BLOCKS",
            help="Of efficientnet-lite0, how many of its last blocks are trained beside the last layer: 0 to 16.",
            show_default="by how sharp the images are",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="How often every image is seen.",
            show_default="by the number of images",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            help="Images in a step.", show_default="by the number of images", rich_help_panel=_LEARNING
        ),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(help="adam, momentum, sgd or rmsprop.", show_default="adam", rich_help_panel=_LEARNING),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(
            help="The learning rate at its highest.",
            show_default="by the optimizer; 0.001 for adam",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    find_lr: Annotated[
        bool, typer.Option("--find-lr", help="Look for a learning rate first.", rich_help_panel=_LEARNING)
    ] = False,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="How the rate falls: cosine or constant.", show_default="cosine", rich_help_panel=_LEARNING
        ),
    ] = None,
    warmup: Annotated[
        float | None,
        typer.Option(
            help="In how many epochs it rises at the start.",
            show_default="up to 0.5",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    weight_decay: Annotated[
        float | None,
        typer.Option(
            help="The share of the weights taken off in a step, times the rate.",
            show_default="0",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(
            help="The share of a label spread over all classes.", show_default="0", rich_help_panel=_LEARNING
        ),
    ] = None,
    average: Annotated[
        float | None,
        typer.Option(
            help="Decay of the weights' moving average; 0 for none.",
            show_default="by the number of steps",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            help="Vary training images: none, shift, digits, photos or strong.",
            show_default="digits if grey, else photos",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(
            help="balanced: every class weighs the same in the loss.",
            show_default="none",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    sampling: Annotated[
        str | None,
        typer.Option(
            help="balanced: images of every class are taken equally often.",
            show_default="shuffle",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many epochs without a better validation; 0: never.",
            show_default="a third of the epochs, at least 8",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="The layers' arithmetic: float32 or bfloat16.",
            show_default="bfloat16 on a GPU",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu or gpu.", show_default="auto", rich_help_panel=_LEARNING)
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Of the division, the weights, the batches, the variations.",
            show_default="0",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The run's folder.", show_default="runs/ and the data's name", rich_help_panel=_OUTPUT
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Go on with a run that was stopped or killed.",
            show_default=False,
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Settings from a run's config.toml; options go before them.",
            show_default=False,
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(help="The report's language: en or es.", show_default="en", rich_help_panel=_OUTPUT),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the metrics as one JSON object.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the result.", rich_help_panel=_OUTPUT)
    ] = False,
) -> None:
    """Train a classifier, test it, and write the model and a report into a run folder.

    Ctrl-C stops training and keeps the best model so far; --resume goes on.
    """
    given: dict[str, Any] = {
        "model": model, "epochs": epochs, "batch": batch, "lr": lr, "seed": seed, "channels": channels,
        "layers": layers, "width": width, "fine_tune": fine_tune, "average": average, "validation": validation, "test": test,
        "optimizer": optimizer, "schedule": schedule, "warmup": warmup, "weight_decay": weight_decay,
        "label_smoothing": label_smoothing, "augment": augment, "class_weight": class_weight, "sampling": sampling,
        "patience": patience, "precision": precision, "device": device, "lang": lang,
        "categories": None if categories is None else str(categories),
    }  # fmt: skip
    with failures_as_status():
        from gradiente import classify
        from gradiente.classify.problems import SettingsError
        from gradiente.cli.display import Display, console

        if image_size is not None:
            given["image_height"], given["image_width"] = parse_size(image_size)
        given = {name: value for name, value in given.items() if value is not None}
        display = Display(console(on_errors=as_json), quiet)
        if resume is not None:
            if given or data or out or config or find_lr:
                raise SettingsError(
                    f"--resume goes on with the settings of {resume}; leave out all else that says what to train."
                )
            run = classify.resume(resume, progress=display, stop=lambda: display.stopping)
        else:
            settings = classify.read_settings(config) if config is not None else classify.Settings()
            if data is None and config is None and categories is not None:
                raise SettingsError(
                    "--categories says the classes of the images in a folder; name the folder too."
                )
            run = classify.train(
                data, out=out, settings=replace(settings, **given), find_lr=find_lr, progress=display,
                stop=lambda: display.stopping,
            )  # fmt: skip
        _tell(run, display, as_json, quiet)


def _tell(run: Run, display: Display, as_json: bool, quiet: bool) -> None:
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
        display.say(
            f"Interrupted. The best model so far is in {run.folder / 'model'}. Go on with "
            f"`gradiente train --resume {run.folder}`."
        )
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
