from __future__ import annotations

import csv
import json
import os
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradiente import classify
from gradiente.classify.problems import (
    ClassesDifferError,
    DivergedError,
    NoImagesError,
    OneClassError,
    RunInUseError,
    RunNotFoundError,
    SettingsError,
    TooFewImagesError,
    UnreadableImageError,
)
from gradiente.classify.run_folder import RunFolder
from gradiente.cli import main

QUICK = {"model": "softmax", "epochs": 12, "lr": 0.02, "batch": 8}


def files_in(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_from_a_folder_to_a_tested_model(photos, tmp_path):
    (photos / "left" / "broken.png").write_bytes(b"x")
    before = files_in(tmp_path)
    run = classify.train(photos, out=tmp_path / "runs" / "photos", lang="es", **QUICK)
    assert run.test is not None
    assert (run.test.accuracy, run.test.count) == (1.0, 8)

    wrote = [name for name in files_in(tmp_path) if name not in before and "/events/" not in name]
    assert wrote == [f"runs/photos/{name}" for name in (
        "checkpoints/best.safetensors", "checkpoints/last.safetensors", "config.toml", "curves.svg", "history.csv", "metrics.json", "model/graph.pb", "model/model.json",
        "model/weights.safetensors", "quarantine.csv", "report.html", "split.csv",
    )]  # fmt: skip
    metrics = json.loads((run.folder / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] == 1.0
    assert metrics["train"]["count"] + metrics["validation"]["count"] + metrics["test"]["count"] == 40
    assert 0 < metrics["seconds"]["tested"] <= metrics["seconds"]["total"]
    assert [u["reason"] for u in metrics["data"]["unreadable"]] == ["it is no image of a known format"]
    with open(run.folder / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == [str(i) for i in range(1, 13)]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    report = (run.folder / "report.html").read_text()
    assert '<html lang="es">' in report
    assert "Matriz de confusión" in report
    assert "http://www.w3.org/2000/svg" in report
    assert report.count("http") == report.count("http://www.w3.org/2000/svg") + report.count("http-equiv")

    model = classify.load(run.folder)
    assert model.classes == ("left", "right")
    left, right = photos / "left" / "im-0.png", photos / "right" / "im-0.png"
    assert [p.label for p in model.predict([left, str(right)])] == ["left", "right"]
    pixels = np.asarray(Image.open(left))
    same = model.predict([left.read_bytes(), pixels, pixels[..., None], Image.open(left)])
    assert [p.probability for p in same] == [same[0].probability] * 4
    assert sum(same[0].probabilities.tolist()) == pytest.approx(1)
    assert same[0].top(2) == [
        ("left", same[0].probability),
        ("right", pytest.approx(1 - same[0].probability, abs=1e-6)),
    ]
    assert model.description.temperature != 1
    with pytest.raises(UnreadableImageError, match=r"broken\.png: it is no image of a known format\.$"):
        model.predict([left, photos / "left" / "broken.png"])
    with pytest.raises(TypeError, match="takes a list of images"):
        model.predict(str(left))
    with pytest.raises(UnreadableImageError, match="not float64"):
        model.predict([np.zeros((4, 4))])

    tested = classify.test(run.folder, photos)
    assert (tested.scores.accuracy, tested.seen, len(tested.unreadable)) == (1.0, 32, 1)


def test_the_settings_file_runs_it_again(photos, tmp_path):
    first = classify.train(photos, out=tmp_path / "first", seed=3, **QUICK)
    settings = classify.read_settings(first.folder / "config.toml")
    second = classify.train(out=tmp_path / "second", settings=settings)
    third = classify.train(out=tmp_path / "third", settings=settings, seed=4)
    weights = [run.classifier.weights["weights"] for run in (first, second, third)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])
    assert (first.folder / "split.csv").read_text() == (second.folder / "split.csv").read_text()
    config = tomllib.loads((first.folder / "config.toml").read_text())
    assert (config["image_height"], config["channels"], config["seed"]) == (8, 1, 3)


def test_a_run_overwrites_none(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quick = QUICK | {"epochs": 1}
    assert [classify.train("photos", **quick).folder for _ in range(2)] == [
        Path("runs/photos"),
        Path("runs/photos-2"),
    ]


def test_parts_are_disjoint_also_where_files_are_equal(photos, tmp_path):
    content = (photos / "left" / "im-3.png").read_bytes()
    for number in range(5):
        (photos / "left" / f"copy-{number}.png").write_bytes(content)
    notes: list[str] = []
    progress = classify.Progress()
    progress.note = notes.append
    run = classify.train(photos, out=tmp_path / "run", progress=progress, **QUICK | {"epochs": 1})
    with open(run.folder / "split.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 45
    parts = {row["sha256"]: set() for row in rows}
    for row in rows:
        parts[row["sha256"]].add(row["part"])
    assert all(len(p) == 1 for p in parts.values())
    assert any("5 images are byte for byte copies" in note for note in notes)


def test_a_full_disk_for_decoded_images_is_said_once_and_the_run_goes_on(photos, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("GRADIENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("gradiente.images.collection.fits_in_memory", lambda *_: False)
    monkeypatch.setattr("gradiente.images.decoded_cache.os.pwrite", full)
    notes: list[str] = []
    progress = classify.Progress()
    progress.note = notes.append
    run = classify.train(photos, out=tmp_path / "run", progress=progress, lang="es", **QUICK | {"epochs": 3})
    told = [note for note in notes if "can't grow (No space left on device)" in note]
    assert len(told) == 1
    assert run.test is not None
    assert told[0] in run.metrics["data"]["notes"]
    assert "no puede crecer (No space left on device)" in (run.folder / "report.html").read_text()


def test_a_stopped_run_keeps_its_best_model(photos, tmp_path):
    asked = iter([False, False, True])
    run = classify.train(photos, out=tmp_path / "run", stop=lambda: next(asked), **QUICK)
    assert (run.interrupted, run.test, run.metrics["training"]["epochs"]) == (True, None, 2)
    assert run.metrics["seconds"]["tested"] is None
    assert classify.load(run.folder).predict([photos / "left" / "im-1.png"])
    at_once = classify.train(photos, out=tmp_path / "at once", stop=lambda: True, **QUICK)
    assert at_once.metrics["training"]["epochs"] == 0
    assert classify.load(at_once.folder).classes == ("left", "right")


def test_a_validation_that_is_no_number_ends_the_run(photos, tmp_path):
    (tmp_path / "net.py").write_text(
        "import gradiente as tf\nfrom gradiente.classify.networks.softmax import softmax\n"
        "def build(images, n, training):\n"
        "    logits = softmax(images, n, training)\n"
        "    return logits if training else tf.log(-tf.abs(logits) - 1.0)\n"
    )
    settings = QUICK | {"model": f"{tmp_path / 'net.py'}:build"}
    with pytest.raises(DivergedError, match=r"The validation loss became nan in epoch 1\."):
        classify.train(photos, out=tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


def test_why_the_network_was_chosen_stays_with_the_run(photos, tmp_path):
    asked = iter(range(100))
    settings = {name: value for name, value in QUICK.items() if name != "model"} | {"lang": "es"}
    run = classify.train(photos, out=tmp_path / "run", stop=lambda: next(asked) > 4, **settings)
    assert run.interrupted
    classify.resume(run.folder)
    page = (run.folder / "report.html").read_text()
    assert "<dt>Por qué</dt><dd>cnn: las imágenes " in page
    assert json.loads((run.folder / "choice.json").read_text())[0]["text"].startswith("cnn: the images are ")


def test_a_loss_that_is_no_number_leaves_nothing_behind(photos, tmp_path):
    with pytest.raises(DivergedError, match=r"epoch 1\. Try a lower learning rate"):
        classify.train(
            photos, out=tmp_path / "run", **QUICK | {"lr": 1e38, "model": "perceptron", "average": 0.0}
        )
    assert not (tmp_path / "run").exists()


def test_what_is_wrong_with_the_data(photos, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoImagesError, match="has no images"):
        classify.train(tmp_path / "empty", out=out)
    for path in (photos / "right").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(OneClassError, match="one class only, 'left'"):
        classify.train(photos, out=out)
    one = Image.fromarray(np.zeros((8, 8), np.uint8))
    one.save(photos / "right" / "im-0.png")
    with pytest.raises(TooFewImagesError, match="'right' has 1"):
        classify.train(photos, out=out)
    for path in photos.rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(NoImagesError, match=r"None of the 40 images .* the file is empty"):
        classify.train(photos, out=out)
    for path in (photos / "right").iterdir():
        path.unlink()
    one.save(photos / "left" / "im-0.png")
    with pytest.raises(OneClassError, match="one class only, 'left'"):
        classify.train(photos, out=out)
    assert not out.exists()


def test_what_is_wrong_with_a_test(photos, tmp_path):
    run = classify.train(photos, out=tmp_path / "run", **QUICK | {"epochs": 1})
    os.rename(photos / "left", photos / "links")
    with pytest.raises(ClassesDifferError, match=r"There: links, right\. The model's: left, right"):
        classify.test(run.folder, photos)
    with pytest.raises(ClassesDifferError, match="classes of MNIST"):
        classify.test(run.folder, "mnist")
    with pytest.raises(RunNotFoundError, match="There is no run folder"):
        classify.load(tmp_path / "none")
    with pytest.raises(RunNotFoundError, match="has no model"):
        classify.load(photos)


def test_a_divided_folder_is_tested_with_its_test_part(photos, tmp_path):
    divided = tmp_path / "divided"
    for part, numbers in (("train", range(14)), ("test", range(14, 20))):
        for name in ("left", "right"):
            (divided / part / name).mkdir(parents=True)
            for number in numbers:
                os.rename(photos / name / f"im-{number}.png", divided / part / name / f"im-{number}.png")
    run = classify.train(divided, out=tmp_path / "run", **QUICK)
    assert run.metrics["test"]["count"] == 12
    tested = classify.test(run.folder, divided)
    assert (tested.scores.count, tested.seen) == (12, 0)
    assert all(name.startswith("test/") for name in tested.names)


def test_settings_that_can_not_be(photos, tmp_path):
    with pytest.raises(SettingsError, match="no setting 'epoch'"):
        classify.train(photos, epoch=3)
    with pytest.raises(SettingsError, match="epochs must be at least 1"):
        classify.train(photos, epochs=0)
    with pytest.raises(SettingsError, match="no network 'vgg'"):
        classify.train(photos, out=tmp_path / "run", model="vgg")
    with pytest.raises(SettingsError, match="for the perceptron only"):
        classify.train(photos, out=tmp_path / "run", model="cnn", layers=3)
    with pytest.raises(SettingsError, match="lang is one of en, es"):
        classify.train(photos, lang="fr")
    with pytest.raises(SettingsError, match="MNIST has grey images"):
        classify.train("mnist", image_height=32)
    config = tmp_path / "config.toml"
    config.write_text('epochs = "3"\n')
    with pytest.raises(SettingsError, match="epochs must be of the kind int"):
        classify.read_settings(config)
    assert not (tmp_path / "run").exists()


def test_a_run_that_may_not_be_read(photos, tmp_path, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", denied)
    for read in (classify.load, classify.resume):
        with pytest.raises(RunNotFoundError, match=r"can't be read: Permission denied\."):
            read(tmp_path)


OWN = """
from gradiente.classify.networks.layers import dense, flatten


def build(images, num_classes, training):
    return dense(flatten(images), num_classes, "logits")
"""


def test_a_run_with_a_network_of_ones_own_is_repeated_from_any_folder(photos, tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    run = classify.train(photos, out=tmp_path / "run", **QUICK | {"model": "net.py:build", "epochs": 1})
    monkeypatch.chdir("/")
    settings = classify.read_settings(run.folder / "config.toml")
    again = classify.train(settings=settings, out=tmp_path / "again")
    for name, value in run.classifier.weights.items():
        np.testing.assert_array_equal(value, again.classifier.weights[name])


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems have UTF-8 names only")
def test_files_with_names_that_are_no_utf_8(photos, tmp_path, capfdbinary):
    child = os.fsdecode(b"ni\xf1o.png")
    first = next((photos / "left").iterdir())
    first.rename(photos / "left" / child)
    (photos / "right" / child).write_bytes(b"no image")
    run = tmp_path / "run"
    main(
        ["train", str(photos), "--model", "softmax", "--epochs", "1", "--out", str(run)],
        standalone_mode=False,
    )
    assert "left/niño.png" in (run / "split.csv").read_text("utf-8")
    assert "ni\\udcf1o.png" in (run / "quarantine.csv").read_text("utf-8")
    main(["test", str(run), str(photos)], standalone_mode=False)
    main(["inspect", str(photos), "--html", str(tmp_path / "page.html")], standalone_mode=False)
    assert "left/niño.png" in (tmp_path / "page.html").read_text("utf-8")
    assert b"right/ni\xf1o.png: it is no image of a known format" in capfdbinary.readouterr().out


def test_two_runs_that_begin_at_once_have_a_folder_each(photos, tmp_path):
    taken = RunFolder.create(tmp_path / "run")  # and nothing is in it yet
    run = classify.train(photos, out=tmp_path / "run", **QUICK | {"epochs": 1})
    assert run.folder == tmp_path / "run-2"
    assert taken.path.is_dir()
    with pytest.raises(RunInUseError, match="Another process is training"):
        RunFolder(taken.path).lock()
    taken.unlock()
    again = RunFolder.create(tmp_path / "run")
    assert again.path == taken.path
    again.unlock()


@pytest.mark.parametrize(("name", "other"), [(".", "here-2"), ("..", "above-2")])
def test_a_run_in_a_folder_that_is_not_empty_and_not_called_by_its_name(tmp_path, monkeypatch, name, other):
    here = tmp_path / "above" / "here"
    here.mkdir(parents=True)
    (here / "file").touch()
    monkeypatch.chdir(here)
    folder = RunFolder.create(Path(name))
    assert (folder.path.name, folder.path.is_dir()) == (other, True)
    assert folder.path.parent.samefile((tmp_path / "above" / "here" / name).resolve().parent)
    folder.unlock()
