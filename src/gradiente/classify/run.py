"""The main job: from data to a run folder with a tested model."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gradiente.classify.evaluation.calibration import calibrate, softmax
from gradiente.classify.evaluation.scores import Scores, score
from gradiente.classify.learning.augment import AUGMENTATIONS
from gradiente.classify.learning.checkpoints import Checkpoints
from gradiente.classify.learning.devices import check_device, has_gpu
from gradiente.classify.learning.events import Events
from gradiente.classify.learning.find_lr import find_lr as range_test
from gradiente.classify.learning.history import Epoch, history_table
from gradiente.classify.learning.progress import Progress
from gradiente.classify.learning.training import Job, Trained, fit
from gradiente.classify.learning.transfer import fit_pretrained
from gradiente.classify.model.classifier import Classifier
from gradiente.classify.networks import find_network
from gradiente.classify.networks.imagenet import PRETRAINED
from gradiente.classify.networks.own import is_own
from gradiente.classify.preparation.choice import AUTO
from gradiente.classify.preparation.datasets import Dataset, open_dataset
from gradiente.classify.preparation.defaults import with_defaults
from gradiente.classify.problems import DataChangedError, SettingsError
from gradiente.classify.report.charts import curves
from gradiente.classify.report.page import report
from gradiente.classify.report.wording import words
from gradiente.classify.run_folder import CONFIG, RunFolder, default_folder
from gradiente.classify.settings import MNIST, Settings, from_mapping, read_settings
from gradiente.images.labelled import some
from gradiente.images.wording import Phrase

SPLIT, METRICS, HISTORY, CHOICE = "split.csv", "metrics.json", "history.csv", "choice.json"


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
    find_lr: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    **changes: Any,
) -> Run:
    """Train a classifier, test it, and write all about it into a run folder.

    Args:
        data: ``"mnist"`` or a folder of images; the settings' own, which is MNIST, without it.
        out: the run's folder; ``runs/`` and the data's name without it. Where there is one already, a number is added.
        settings: what to do; its defaults without it.
        find_lr: look for a learning rate first, and train with it.
        progress: is told how it goes.
        stop: is asked now and then whether to stop; the best model so far is kept then, and ``resume`` goes on.
        **changes: settings by name, such as ``epochs=3``; they go before those of ``settings``.

    Returns:
        The run.

    Raises:
        DataError: a subclass says what is wrong with the data; nothing was written then.
        SettingsError: a setting can't be used.
        DivergedError, OutOfMemoryError: training failed. The run's folder stays if it has a model already.
        OSError: the run's folder can't be written.
    """
    started = time.monotonic()
    progress = progress or Progress()
    if data is not None:
        changes["data"] = str(data)
    from_mapping(changes)  # checks the names and kinds
    chosen = replace(settings or Settings(), **changes)
    examples, filled, reasons = _prepare(chosen, progress)
    job = _job(examples, filled, reasons)
    _tell_data(examples, progress)
    if find_lr:
        tested = range_test(job)
        progress.note(f"Learning rate: {tested.suggestion:g}, a third of that at which the loss was lowest.")
        filled = replace(filled, lr=tested.suggestion)
        job = replace(job, settings=filled)
    progress.note(_plan(filled, examples))
    wanted = Path(out) if out is not None else default_folder(filled.data)
    folder = RunFolder.create(wanted)
    if folder.path != wanted:
        progress.note(f"There is something in {wanted} already; this run goes to {folder.path}.")
    try:
        folder.write(CONFIG, _with_whole_paths(filled).as_toml())
        folder.write(SPLIT, examples.split_table())
        if reasons:
            told = [why.as_json() for why in reasons]
            folder.write(CHOICE, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        if examples.unreadable or examples.odd:
            folder.write("quarantine.csv", examples.quarantine_table())
        if find_lr:
            folder.write("learning_rates.csv", tested.as_table())  # pyright: ignore[reportPossiblyUnboundVariable]
        return _train(folder, job, progress, stop, started)
    except BaseException:
        if not (folder.model / "model.json").exists():
            folder.remove()
        raise
    finally:
        folder.unlock()


def resume(
    run: str | Path, *, progress: Progress | None = None, stop: Callable[[], bool] | None = None
) -> Run:
    """Go on with a run that was stopped, killed, or ran out of disk, from its last checkpoint.

    The result is the same, bit for bit on one machine, as if it had never been stopped.

    Args:
        run: the run's folder.
        progress: is told how it goes.
        stop: as for ``train``.

    Raises:
        RunNotFoundError: there is no such run.
        SettingsError: it came to its end already.
        RunInUseError: another process is training in the folder.
        DataChangedError: the images are not those it began with.
        CheckpointError: its checkpoint can't be used.
    """
    started = time.monotonic()
    progress = progress or Progress()
    folder = RunFolder.open(Path(run))
    folder.lock()
    try:
        if _finished(folder):
            raise SettingsError(
                f"The run in {folder.path} came to its end; there is nothing to go on with. To train for longer, run "
                f"`gradiente train --config {folder.path / CONFIG} --epochs N`."
            )
        settings = read_settings(folder.path / CONFIG)
        examples, filled, _ = _prepare(settings, progress)
        _check_split(folder, examples)
        progress.note(_plan(filled, examples))
        return _train(folder, _job(examples, filled, _reasons(folder)), progress, stop, started)
    finally:
        folder.unlock()


def _prepare(chosen: Settings, progress: Progress) -> tuple[Dataset, Settings, tuple[Phrase, ...]]:
    """The examples, the settings without gaps, and why the network was chosen."""
    check_device(chosen.device)
    if chosen.model != AUTO:
        find_network(chosen.model, chosen.layers, chosen.width)
    examples, chosen, reasons = open_dataset(chosen, progress.looking)
    for reason in reasons:
        progress.note(reason)
    on_gpu = chosen.device != "cpu" and has_gpu()
    filled = with_defaults(chosen, len(examples.parts["train"]), examples.shape[2] == 3, on_gpu)
    return examples, filled, reasons


def _with_whole_paths(settings: Settings) -> Settings:
    """The settings for the file: they hold in whatever folder one stands."""

    def whole(path: str | None) -> str | None:
        return None if path is None else str(Path(path).absolute())

    data = settings.data if settings.data == MNIST else whole(settings.data)
    model = settings.model
    if is_own(model):
        file, _, function = model.rpartition(":")
        model = f"{whole(file)}:{function}"
    return replace(settings, data=data, categories=whole(settings.categories), model=model)


def _job(examples: Dataset, settings: Settings, reasons: Sequence[Phrase]) -> Job:
    return Job(
        examples, find_network(settings.model, settings.layers, settings.width), settings, tuple(reasons)
    )


def _reasons(folder: RunFolder) -> list[Phrase]:
    """Why a run's network was chosen; nothing, where that was not kept."""
    try:
        return [
            Phrase.from_json(why) for why in json.loads((folder.path / CHOICE).read_text(encoding="utf-8"))
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _train(
    folder: RunFolder, job: Job, progress: Progress, stop: Callable[[], bool] | None, started: float
) -> Run:
    """Train in the run's folder from where it stands, test, and write what came out."""
    lang = job.settings.lang
    recorder = _Recorder(progress, folder, lang, job.data)
    if job.settings.model == PRETRAINED:
        trained = fit_pretrained(job, recorder, lambda model: model.save(folder.model), stop, folder.path)
    else:
        trained = fit(job, recorder, lambda model: model.save(folder.model), stop, Checkpoints(folder.path))
    seen = trained.seen
    held = seen.get("validation")
    temperature = calibrate(trained.classifier, job.data.parts["validation"], held and held.logits)
    trained.classifier.save(folder.model)
    test: Scores | None = None
    tested: float | None = None
    if not trained.interrupted:
        part = job.data.parts["test"]
        probabilities = (
            softmax(seen["test"].logits, temperature)
            if "test" in seen
            else trained.classifier.probabilities(part.images)
        )
        recorder.tell_trouble()
        test = score(job.data.classes, part.labels, probabilities)
        tested = time.monotonic() - started
        folder.write("report.html", report(job, trained, test, probabilities, lang))
    seconds = {"tested": tested, "total": time.monotonic() - started}
    metrics = {**_metrics(job.data, trained, test), "seconds": seconds}
    folder.write(METRICS, json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    return Run(folder.path, trained.classifier, metrics, test, trained.interrupted)


def _finished(folder: RunFolder) -> bool:
    try:
        metrics = json.loads((folder.path / METRICS).read_text(encoding="utf-8"))
        return not metrics["training"]["interrupted"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _check_split(folder: RunFolder, examples: Dataset) -> None:
    path = folder.path / SPLIT
    if examples.digests is None or not path.is_file():
        return
    before, now = (
        {row["image"]: (row["sha256"], row["class"]) for row in csv.DictReader(io.StringIO(text))}
        for text in (path.read_text(encoding="utf-8"), examples.split_table())
    )
    if before != now:
        changed = sorted(image for image in before.keys() | now.keys() if before.get(image) != now.get(image))
        raise DataChangedError(
            f"The images are not those that the run began with: {len(changed):,} of its {len(before):,} are gone, new or "
            f"changed ({some(changed)}). Put them back, or start a new run."
        )


class _Recorder(Progress):
    """Passes the news on, and keeps the history and its curves in the run folder from epoch to epoch."""

    def __init__(self, listener: Progress, folder: RunFolder, lang: str, data: Dataset) -> None:
        self._listener, self._folder, self._words, self._data = listener, folder, words(lang), data
        self._told = False
        self._history: list[Epoch] = []
        self._events: Events | None = None

    def note(self, text: str) -> None:
        self._listener.note(text)

    def tell_trouble(self) -> None:
        """Say once what went wrong with the images and does not stop the run."""
        if not self._told and self._data.trouble is not None:
            self._told = True
            self._listener.note(self._data.trouble)

    def start(self, epochs: int, steps: int, batch: int, done: int = 0) -> None:
        self._events = Events(self._folder.path)
        self._listener.start(epochs, steps, batch, done)

    def steps(self, epoch: int, step: int, loss: float, accuracy: float, images_per_second: float) -> None:
        self._listener.steps(epoch, step, loss, accuracy, images_per_second)
        self.tell_trouble()

    def epoch(self, row: Epoch, again: bool = False) -> None:
        self._history.append(row)
        self._listener.epoch(row, again)
        self.tell_trouble()
        if again:
            return
        self._folder.write(HISTORY, history_table(self._history))
        self._folder.write("curves.svg", curves(self._history, self._words))
        if self._events is not None:
            self._events.epoch(row)

    def end(self) -> None:
        if self._events is not None:
            self._events.close()
            self._events = None
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
    _tell_imbalance(data, progress)
    progress.note(", ".join(f"{count:,} for {name}" for name, count in sizes.items()) + ".")
    if not sizes["test"]:
        progress.note("There is no image for test: the accuracy at the end will be of none.")


def _tell_imbalance(data: Dataset, progress: Progress) -> None:
    counts: list[int] = [int((data.parts["train"].labels == at).sum()) for at in range(len(data.classes))]
    if max(counts) >= 4 * max(1, min(counts)):
        least, most = data.classes[counts.index(min(counts))], data.classes[counts.index(max(counts))]
        progress.note(
            f"The classes are of very different sizes: {most!r} has {max(counts):,} images for training and {least!r} "
            f"{min(counts):,}. Look at the macro F1 beside the accuracy; --class-weight balanced lets each class count the "
            "same, --sampling balanced takes the images of each equally often."
        )


def _plan(settings: Settings, data: Dataset) -> str:
    height, width, channels = data.shape
    if settings.model == PRETRAINED and not settings.fine_tune:
        return (
            f"{settings.model} on images of {height}x{width}x{channels} with the weights from ImageNet; its last layer is "
            f"trained on what the others make of each image, seed {settings.seed}."
        )
    falling = "falling to 0" if settings.schedule == "cosine" else "constant"
    parts: Sequence[str] = (
        f"{settings.model} on images of {height}x{width}x{channels}",
        f"{settings.epochs} epochs in batches of {settings.batch}",
        AUGMENTATIONS[settings.augment or "none"].as_text(),
        f"{settings.optimizer} with learning rate {settings.lr:g}, {falling}",
        f"weights averaged with {settings.average:g}" if settings.average else "",
        f"classes weighed {settings.class_weight}" if settings.class_weight != "none" else "",
        f"classes sampled {settings.sampling}" if settings.sampling != "shuffle" else "",
        f"stopping after {settings.patience} epochs without a better validation" if settings.patience else "",
        f"{settings.precision}" if settings.precision != "float32" else "",
        f"seed {settings.seed}",
    )
    return ", ".join(part for part in parts if part) + "."


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
            "notes": data.all_notes(),
        },
    }
