"""Kills a training run at random moments, resumes it each time, and compares its end with an undisturbed run's.

    python -m tests.classify.kills --kills 50

It takes some minutes, so the test suite only does it twice over. Every moment is taken: importing, compiling, steps, validating,
writing a checkpoint or the model.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gradiente.classify.learning.checkpoints import Checkpoints

SETTINGS = (
    "--model",
    "perceptron",
    "--epochs",
    "60",
    "--batch",
    "10",
    "--average",
    "0.99",
    "--patience",
    "0",
)
"""With dropout, variations of the images and averaged weights, so that all of a run's state takes part."""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gradiente", *arguments, "--quiet"]


def digits(folder: Path, count: int) -> Path:
    """The first digits of MNIST as a folder of images."""
    from PIL import Image

    from gradiente.images import mnist

    examples = mnist.load()[0]
    for at in range(count):
        place = folder / str(examples.labels[at])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(examples.images[at][..., 0]).save(place / f"{at}.png")
    return folder


def weights_of(run: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(run / "model" / "weights.safetensors")


def kill_and_resume(train: tuple[str, ...], folder: Path, kills: int, seed: int, longest: float) -> int:
    """Train, killed and resumed so often or until it is done; returns how often it was killed.

    Raises:
        AssertionError: a checkpoint can't be read, or a resumed process fails.
    """
    rng = random.Random(seed)
    run = folder / "killed"
    done = 0
    arguments = command(*train, "--out", str(run))
    while True:
        with subprocess.Popen(
            arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                wait = rng.uniform(0.0, longest) if done < kills else None
                said = process.communicate(timeout=wait)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                done += 1
            else:
                # It may have been killed when all was done but the process's end.
                assert process.returncode == 0 or "came to its end" in said, said
                return done
        if Checkpoints(run).exist:
            Checkpoints(run).read_last()
        if (run / "config.toml").exists():
            arguments = command("train", "--resume", str(run))
        elif run.exists():
            # Killed before its first file was whole: another run would take another name.
            shutil.rmtree(run)


def differing(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> list[str]:
    """The names of the weights that are not the same bits."""
    assert one.keys() == other.keys()
    return [name for name in one if one[name].tobytes() != other[name].tobytes()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=20.0, help="seconds until a kill, at most")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train = ("train", str(digits(folder / "digits", 600)), *SETTINGS)
        started = time.monotonic()
        subprocess.run(command(*train, "--out", str(folder / "whole")), check=True, stdout=subprocess.DEVNULL)
        print(f"undisturbed: {time.monotonic() - started:.0f} s", flush=True)
        killed = 0
        round_ = 0
        while killed < chosen.kills:
            place = folder / f"round{round_}"
            place.mkdir()
            killed += kill_and_resume(
                train, place, chosen.kills - killed, chosen.seed + round_, chosen.longest
            )
            wrong = differing(weights_of(folder / "whole"), weights_of(place / "killed"))
            assert not wrong, f"round {round_}: these weights differ: {wrong}"
            print(f"round {round_}: {killed} kills so far, the same weights", flush=True)
            round_ += 1


if __name__ == "__main__":
    main()
