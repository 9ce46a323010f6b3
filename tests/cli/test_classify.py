from __future__ import annotations

import csv
import json
import signal
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from gradiente.cli import main
from gradiente.cli.display import Display
from gradiente.cli.train import parse_size

QUICK = ["--model", "softmax", "--epochs", "8", "--lr", "0.02", "--batch", "8"]


@pytest.fixture
def folder(photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(photos.parent)
    return photos.parent


def call(*args: str, status: int = 0):
    done = CliRunner().invoke(main, list(args))
    assert done.exit_code == status, (done.stdout, done.stderr, done.exception)
    assert "Traceback" not in done.stderr
    return done


def test_train_test_and_predict(folder):
    lines = call("train", "photos", *QUICK).stdout.splitlines()
    assert lines[0] == "photos: one sub-folder per class: 2 classes, 40 images."
    assert lines[3].startswith("epoch 1/8  loss ")
    assert lines[-2].startswith("Test accuracy: 100.00 % (8 of 8; ")
    assert lines[-1] == "The run is in runs/photos; look at runs/photos/report.html"

    lines = call("test", "runs/photos", "photos").stdout.splitlines()
    assert lines[1] == "  left/im-0.png -> left"
    assert lines[-6].startswith("P = 100.00 % (40 of 40 right")
    assert lines[-7] == "32 of the 40 images were used in training: P is not that of new images."
    assert [line.split() for line in lines[-3:]] == [
        ["left", "right"],
        ["left", "20", "0"],
        ["right", "0", "20"],
    ]
    tested = json.loads(call("test", "runs/photos", "photos", "--json").stdout)
    assert (tested["accuracy"], tested["images"][0]["predicted"]) == (1.0, "left")

    said = call(
        "predict", "runs/photos", "photos/right/im-2.png", "photos/left", "--top", "2"
    ).stdout.splitlines()
    assert len(said) == 21
    assert said[0].startswith("photos/right/im-2.png -> right (")
    assert said[1].startswith("photos/left/im-0.png -> left (")


def test_json_and_quiet(folder):
    done = call("train", "photos", *QUICK, "--json", "--out", "new")
    metrics = json.loads(done.stdout)
    assert (metrics["run"], metrics["test"]["accuracy"]) == ("new", 1.0)
    done = call("train", "photos", *QUICK, "--quiet", "--out", "new")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "Test accuracy",
        "The run is in new-2",
    ]

    (folder / "bad.png").write_bytes(b"x")
    done = call("predict", "new", "bad.png", "photos/left/im-1.png", "none.png", "--json", status=14)
    found = json.loads(done.stdout)
    assert [row["class"] for row in found["predictions"]] == ["left"]
    assert [row["file"] for row in found["unreadable"]] == ["bad.png", "none.png"]
    assert "gradiente: none.png: there is no such file" in done.stderr


def test_predict_in_each_form(folder):
    call("train", "photos", *QUICK, "--out", "run")
    (folder / "año nuevo.png").write_bytes((folder / "photos/right/im-3.png").read_bytes())
    (folder / "bad.png").write_bytes(b"x")
    given = ["año nuevo.png", "bad.png", "photos/left/im-1.png"]
    done = call("predict", "run", *given, "--csv", status=14)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["file"] for row in rows] == given
    assert [row["class"] for row in rows] == ["right", "", "left"]
    assert [row["unreadable"] for row in rows] == ["", "it is no image of a known format", ""]

    done = CliRunner().invoke(
        main, ["predict", "run", "-", "--csv", "--top", "2"], input="\n".join(given[::2])
    )
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["class_1"], row["class_2"]) for row in rows] == [("right", "left"), ("left", "right")]
    assert float(rows[0]["probability_1"]) + float(rows[0]["probability_2"]) == pytest.approx(1, abs=1e-5)

    done = CliRunner().invoke(main, ["predict", "run", "-", "--json"], input="\0".join(given[::2]))
    found = json.loads(done.stdout)["predictions"]
    assert [(row["class"], row["unknown"]) for row in found] == [("right", False), ("left", False)]

    unknown = call("predict", "run", given[0], "--unknown-below", "1").stdout
    assert unknown.startswith("año nuevo.png -> unknown; perhaps right (")
    done = call("predict", "run", given[0], "--unknown-below", "1", "--json")
    (row,) = json.loads(done.stdout)["predictions"]
    assert (row["class"], row["unknown"], row["top"][0]["class"]) == (None, True, "right")

    (folder / "empty").mkdir()
    assert "has no images" in call("predict", "run", "empty", status=4).stderr
    assert "exclude each other" in call("predict", "run", given[0], "--csv", "--json", status=2).stderr


def test_options_go_before_the_settings_file(folder):
    (folder / "c.toml").write_text('data = "photos"\nmodel = "softmax"\nepochs = 9\nimage_height = 6\n')
    call("train", "--config", "c.toml", "--epochs", "1", "--out", "run", "--image-size", "4x5")
    lines = (folder / "run" / "config.toml").read_text().splitlines()
    assert {"epochs = 1", "image_height = 4", "image_width = 5", 'model = "softmax"'} <= set(lines)


def test_each_failure_has_its_status_and_leaves_nothing(folder):
    (folder / "empty").mkdir()
    (folder / "file").write_text("")
    (folder / "model").mkdir()
    (folder / "model" / "model.json").write_text("{}")
    for status, *args in (
        (2, "train", "photos", "--epochs", "0"),
        (2, "train", "photos", "--image-size", "big"),
        (2, "train", "photos", "--model", "vgg"),
        (3, "train", "none"),
        (4, "train", "empty"),
        (7, "train", "photos/left"),
        (8, "test", "none", "photos"),
        (9, "predict", "model", "photos"),
        (13, "train", "photos", "--epochs", "1", "--out", "file/run"),
    ):
        done = call(*args, status=status)
        assert done.stderr.startswith("gradiente: ")
        assert len(done.stderr.splitlines()) == 1
    assert not (folder / "runs").exists()


def test_ctrl_c_asks_first_and_stops_at_once_the_second_time(capsys):
    before = signal.getsignal(signal.SIGINT)
    display = Display(Console(file=None), quiet=True)
    display.start(1, 1, 1)
    assert not display.stopping
    signal.raise_signal(signal.SIGINT)
    assert display.stopping
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    display.end()
    assert signal.getsignal(signal.SIGINT) is before
    assert "Ctrl-C again stops at once" in capsys.readouterr().err


def test_an_interrupted_run_ends_with_130_and_a_model(folder, monkeypatch):
    original = Display.epoch

    def interrupted(self: Display, row, again: bool = False) -> None:
        original(self, row, again)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Display, "epoch", interrupted)
    done = call("train", "photos", *QUICK, status=130)
    assert done.stdout.splitlines()[-1] == (
        "Interrupted. The best model so far is in runs/photos/model. Go on with `gradiente train --resume runs/photos`."
    )
    call("predict", "runs/photos", "photos/left/im-0.png")
    metrics = json.loads((folder / "runs/photos/metrics.json").read_text())
    assert (metrics["training"]["interrupted"], metrics["training"]["epochs"]) == (True, 1)

    monkeypatch.undo()
    monkeypatch.chdir(folder)
    call("train", "--resume", "runs/photos", "--epochs", "3", status=2)
    lines = call("train", "--resume", "runs/photos").stdout.splitlines()
    assert [line.partition("  ")[0] for line in lines if line.startswith("epoch")] == [
        f"epoch {number}/8" for number in range(2, 9)
    ]
    assert lines[-2].startswith("Test accuracy: ")
    assert "came to its end" in call("train", "--resume", "runs/photos", status=2).stderr


def test_a_terminal_gets_a_bar(folder):
    from gradiente import classify

    console = Console(force_terminal=True, width=120, record=True)
    display = Display(console)
    with console.capture() as shown:
        classify.train("photos", model="softmax", epochs=2, progress=display)
    assert "epoch 1/2" in shown.get()
    assert "images/s" in shown.get()


def test_sizes():
    assert parse_size("32") == (32, 32)
    assert parse_size("48×64") == (48, 64)


def test_version():
    from importlib.metadata import version

    assert call("--version").stdout == f"gradiente {version('gradiente')}\n"
