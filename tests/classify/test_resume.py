"""A run that was stopped anywhere goes on as if it had not been."""

from __future__ import annotations

import csv
import errno
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gradiente import classify
from gradiente.classify.learning import checkpoints, training
from gradiente.classify.problems import (
    CheckpointError,
    DataChangedError,
    RunInUseError,
    RunNotFoundError,
    SettingsError,
)

# A perceptron has dropout, and "photos" draws random numbers for each image: all of that must go on where it was.
SETTINGS = {
    "model": "perceptron",
    "epochs": 4,
    "lr": 0.01,
    "batch": 8,
    "augment": "photos",
    "average": 0.9,
    "layers": 2,
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_PIXELS_IN_A_PIECE", 1)


def state_of(run: Path) -> dict[str, np.ndarray]:
    return checkpoints.Checkpoints(run).read_last()[1]


def history_of(run: Path) -> list[list[str]]:
    with open(run / "history.csv", newline="") as file:
        return [row[:6] for row in csv.reader(file)]


def test_stopped_anywhere_it_goes_on_bit_for_bit(photos, tmp_path):
    whole = classify.train(photos, out=tmp_path / "whole", **SETTINGS)
    # After the first steps, within an epoch, at the end of one: each time it goes on from there.
    pauses = iter([1, 3, 2, 1000])

    def stop_at_the_next_pause():
        asked, pause = iter(range(1000)), next(pauses)
        return lambda: next(asked) >= pause

    run = classify.train(photos, out=tmp_path / "run", stop=stop_at_the_next_pause(), **SETTINGS)
    while run.interrupted:
        run = classify.resume(tmp_path / "run", stop=stop_at_the_next_pause())
    assert list(pauses) == []
    for name, value in whole.classifier.weights.items():
        np.testing.assert_array_equal(run.classifier.weights[name], value)
    mine, others = state_of(run.folder), state_of(whole.folder)
    assert mine.keys() == others.keys()
    assert any(key.startswith("count:") for key in mine)
    for key, value in mine.items():
        np.testing.assert_array_equal(value, others[key])
    assert history_of(run.folder) == history_of(whole.folder)
    assert run.metrics["test"] == whole.metrics["test"]
    with pytest.raises(SettingsError, match="came to its end"):
        classify.resume(run.folder)


def test_a_full_disk_is_an_error_that_leaves_the_file_before(tmp_path, monkeypatch):
    kept = checkpoints.Checkpoints(tmp_path)
    first, second = checkpoints.Position(steps=1), checkpoints.Position(steps=2)
    kept.save_last(first, {"v": np.ones(3), "scalar": np.asarray(2)})

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*last\.safetensors'"):
        kept.save_last(second, {"v": np.zeros(3)})
    position, state = kept.read_last()
    assert (position, state["scalar"].shape, state["v"].tolist()) == (first, (), [1, 1, 1])
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["last.safetensors"]


def test_what_can_not_be_gone_on_with(photos, tmp_path):
    with pytest.raises(RunNotFoundError, match="does not exist"):
        classify.resume(tmp_path / "none")
    with pytest.raises(RunNotFoundError, match=r"no config\.toml"):
        classify.resume(photos)
    asked = iter(range(100))
    run = classify.train(photos, out=tmp_path / "run", stop=lambda: next(asked) > 4, **SETTINGS).folder

    last = run / "checkpoints" / "last.safetensors"
    good = last.read_bytes()
    for bad in (b"", good[:100], good[: len(good) // 2], b"\xff" * len(good)):
        last.write_bytes(bad)
        with pytest.raises(CheckpointError, match=r"last\.safetensors"):
            classify.resume(run)
    last.write_bytes(good)

    moved = photos / "left" / "im-0.png"
    moved.rename(tmp_path / "away.png")
    with pytest.raises(DataChangedError, match=r"1 of its 40 are gone, new or changed \(left/im-0\.png\)"):
        classify.resume(run)
    (tmp_path / "away.png").rename(moved)

    folder = classify.run.RunFolder.open(run)
    folder.lock()
    with pytest.raises(RunInUseError, match="Another process is training"):
        classify.resume(run)
    folder.unlock()
    assert not classify.resume(run).interrupted


def test_a_checkpoint_of_another_network_is_refused(photos, tmp_path):
    def stopped(name: str, **changes: object) -> Path:
        asked = iter(range(100))
        settings = SETTINGS | changes
        return classify.train(photos, out=tmp_path / name, stop=lambda: next(asked) > 4, **settings).folder

    one, other = stopped("one"), stopped("other", width=10)
    (one / "checkpoints" / "last.safetensors").write_bytes(
        (other / "checkpoints" / "last.safetensors").read_bytes()
    )
    with pytest.raises(CheckpointError, match="not that of this run"):
        classify.resume(one)


def test_killed_twice_it_comes_to_the_same_weights(tmp_path):
    from tests.classify import kills

    train = (
        "train", str(kills.digits(tmp_path / "digits", 120)), "--model", "softmax", "--epochs", "12", "--batch", "10",
        "--augment", "digits", "--average", "0.9",
    )  # fmt: skip
    subprocess.run(
        kills.command(*train, "--out", str(tmp_path / "whole")), check=True, stdout=subprocess.DEVNULL
    )
    kills.kill_and_resume(train, tmp_path, kills=2, seed=1, longest=8.0)
    whole, killed = (kills.weights_of(tmp_path / name) for name in ("whole", "killed"))
    assert kills.differing(whole, killed) == []
