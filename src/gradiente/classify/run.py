"""The main job: from data to a run folder with a tested model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gradiente.classify.calibration import calibrate
from gradiente.classify.charts import curves
from gradiente.classify.classifier import Classifier
from gradiente.classify.datasets import Dataset, open_dataset
from gradiente.classify.events import Events
from gradiente.classify.networks import find_network
from gradiente.classify.progress import Progress
from gradiente.classify.report import report
from gradiente.classify.run_folder import RunFolder, default_folder
from gradiente.classify.scores import Scores, score
from gradiente.classify.settings import Settings, from_mapping
from gradiente.classify.training import Epoch, Trained, fit, history_table
from gradiente.classify.wording import words


@dataclass(frozen=True)
class Run:
    """A training run that came to a model.

    Attributes:
        folder: where everything about it is.
        classifier: the model.
        metrics: what ``metrics.json`` has.
        test: the scores on the test part; None if the run was stopped.
        interrupted: whether it was stopped before its end.
    """

    folder: Path
    classifier: Classifier
    metrics: dict[str, Any]
    test: Scores | None
    interrupted: bool


def train(
    data: str | Path | None = None,
    *,
    out: str | Path | None = None,
    settings: Settings | None = None,
    lang: str = "en",
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    **changes: Any,
) -> Run:
    """Train a classifier, test it, and write all about it into a run folder.

    Args:
        data: ``"mnist"`` or a folder of images; the settings' own, which is MNIST, without it.
        out: the run's folder; ``runs/`` and the data's name without it. Where there is one already, a number is added.
        settings: what to do; its defaults without it.
        lang: the report's language, ``"en"`` or ``"es"``.
        progress: is told how it goes.
        stop: is asked now and then whether to stop; the best model so far is kept then.
        **changes: settings by name, such as ``epochs=3``; they go before those of ``settings``.

    Returns:
        The run.

    Raises:
        DataError: a subclass says what is wrong with the data; nothing was written then.
        SettingsError: a setting can't be used.
        DivergedError, OutOfMemoryError: training failed. The run's folder stays if it has a model already.
        OSError: the run's folder can't be written.
    """
    progress = progress or Progress()
    in_words = words(lang)
    if data is not None:
        changes["data"] = str(data)
    from_mapping(changes)  # checks the names and kinds
    chosen = replace(settings or Settings(), **changes)
    find_network(chosen.model, chosen.layers, chosen.width)
    examples, chosen = open_dataset(chosen)
    _tell_data(examples, progress)
    filled = chosen.with_defaults(len(examples.parts["train"]))
    progress.note(_plan(filled, examples))
    wanted = Path(out) if out is not None else default_folder(filled.data)
    folder = RunFolder.create(wanted)
    if folder.path != wanted:
        progress.note(f"There is something in {wanted} already; this run goes to {folder.path}.")
    try:
        folder.write("config.toml", filled.as_toml())
        if examples.digests is not None:
            folder.write("split.csv", examples.split_table())
        recorder = _Recorder(progress, folder, lang)
        trained = fit(examples, filled, recorder, lambda model: model.save(folder.model), stop)
    except BaseException:
        if not (folder.model / "model.json").exists():
            folder.remove()
        raise
    calibrate(trained.classifier, examples.parts["validation"])
    trained.classifier.save(folder.model)
    test: Scores | None = None
    if not trained.interrupted:
        part = examples.parts["test"]
        probabilities = trained.classifier.probabilities(part.images)
        test = score(examples.classes, part.labels, probabilities)
        folder.write("report.html", report(examples, filled, trained, test, probabilities, in_words["lang"]))
    metrics = _metrics(examples, trained, test)
    folder.write("metrics.json", json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    return Run(folder.path, trained.classifier, metrics, test, trained.interrupted)


class _Recorder(Progress):
    """Passes the news on, and keeps the history and its curves in the run folder from epoch to epoch."""

    def __init__(self, listener: Progress, folder: RunFolder, lang: str) -> None:
        self._listener, self._folder, self._words = listener, folder, words(lang)
        self._history: list[Epoch] = []
        self._events: Events | None = None

    def note(self, text: str) -> None:
        self._listener.note(text)

    def start(self, epochs: int, steps: int, batch: int) -> None:
        self._events = Events(self._folder.path)
        self._listener.start(epochs, steps, batch)

    def steps(self, epoch: int, step: int, loss: float, accuracy: float, images_per_second: float) -> None:
        self._listener.steps(epoch, step, loss, accuracy, images_per_second)

    def epoch(self, row: Epoch) -> None:
        self._history.append(row)
        self._folder.write("history.csv", history_table(tuple(self._history)))
        self._folder.write("curves.svg", curves(self._history, self._words))
        if self._events is not None:
            self._events.epoch(row)
        self._listener.epoch(row)

    def end(self) -> None:
        if self._events is not None:
            self._events.close()
        self._listener.end()


def _tell_data(data: Dataset, progress: Progress) -> None:
    sizes = {name: len(part) for name, part in data.parts.items()}
    progress.note(f"{data.source}: {len(data.classes)} classes, {sum(sizes.values()):,} images.")
    for note in data.notes:
        progress.note(note)
    if data.unreadable:
        progress.note(f"Left out {len(data.unreadable):,} files that can't be read:")
        for problem in data.unreadable[:10]:
            progress.note(f"  {problem.path}: {problem.reason}")
        if len(data.unreadable) > 10:
            progress.note(f"  and {len(data.unreadable) - 10:,} more; the report names all.")
    progress.note(", ".join(f"{count:,} for {name}" for name, count in sizes.items()) + ".")
    if not sizes["test"]:
        progress.note("There is no image for test: the accuracy at the end will be of none.")


def _plan(settings: Settings, data: Dataset) -> str:
    height, width, channels = data.shape
    return (
        f"{settings.model} on images of {height}x{width}x{channels}, {settings.epochs} epochs in batches of "
        f"{settings.batch}, moved by up to {settings.shift} pixels, Adam from {settings.lr:g}, seed {settings.seed}."
    )


def _metrics(data: Dataset, trained: Trained, test: Scores | None) -> dict[str, Any]:
    row = trained.best
    return {
        "train": {
            "loss": row and row.loss,
            "accuracy": row and row.accuracy,
            "count": len(data.parts["train"]),
        },
        "validation": trained.validation and trained.validation.as_json(),
        "test": test and test.as_json(),
        "training": {
            "epochs": len(trained.history),
            "best_epoch": row and row.epoch,
            "steps": trained.history[-1].step if trained.history else 0,
            "seconds": trained.seconds,
            "images_per_second": trained.images_per_second,
            "weights": sum(value.size for value in trained.classifier.weights.values()),
            "interrupted": trained.interrupted,
        },
        "data": {
            "classes": list(data.classes),
            "unreadable": [{"file": str(u.path), "reason": u.reason} for u in data.unreadable],
            "notes": list(data.notes),
        },
    }
