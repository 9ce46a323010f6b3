"""Does training come to the same accuracy, however convolutions are computed?

The experts' network learns MNIST's digits under each ``GRADIENTE_CONV``, from the same weights and in the same order for the
same seed, with Adam (0.001) and batches of 50; then it is tested on the 10,000 test images.

    python benchmarks/convergence.py                        # all ways, seeds 1, 2 and 3: a table
    python benchmarks/convergence.py --way xla --seed 2     # one of them: a line of JSON
    python benchmarks/convergence.py --read lines.json      # the table of such lines
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

WAYS = ("direct", "winograd", "fourier", "xla")
SEEDS = (1, 2, 3)
BATCH = 50


def train(way: str, seed: int, steps: int) -> dict[str, Any]:
    """Train once; what came of it."""
    os.environ["GRADIENTE_CONV"] = way
    from in_graphs import training_graph

    import gradiente as tf
    from gradiente.images import mnist

    learn, test = mnist.load()
    images = learn.images.astype(np.float32) / 255
    labels = np.eye(10, dtype=np.float32)[learn.labels]
    rng = np.random.default_rng(seed)
    with tf.Graph().as_default():
        tf.set_random_seed(seed)
        x, t, logits, step = training_graph(tf, "experts", rate=1e-3)
        found = tf.argmax(logits, 1)
        session = tf.Session()
        session.run(tf.global_variables_initializer())
        started = time.perf_counter()
        order = np.zeros(0, np.int64)
        for _ in range(steps):
            if len(order) < BATCH:
                order = rng.permutation(len(images))
            at, order = order[:BATCH], order[BATCH:]
            session.run(step, {x: images[at], t: labels[at]})
        seconds = time.perf_counter() - started
        parts = np.split(test.images.astype(np.float32) / 255, 20)
        classes = np.concatenate([session.run(found, {x: part}) for part in parts])
    right = int((classes == test.labels).sum())
    return {"way": way, "seed": seed, "steps": steps, "right": right, "seconds": round(seconds, 1)}


def table(results: list[dict[str, Any]]) -> None:
    """Print accuracies, and the means' differences beside the spread between seeds."""
    means: dict[str, float] = {}
    spreads: list[float] = []
    for way in WAYS:
        rows = sorted((r for r in results if r["way"] == way), key=lambda r: r["seed"])
        accuracies = [r["right"] / 100 for r in rows]
        if not accuracies:
            continue
        means[way] = statistics.mean(accuracies)
        if len(accuracies) > 1:
            spreads.append(max(accuracies) - min(accuracies))
        each = ", ".join(f"{a:.2f}" for a in accuracies)
        print(f"{way:10} {each} %   mean {means[way]:.2f} %   ({rows[0]['steps']} steps)")
    if len(means) > 1 and spreads:
        apart = max(means.values()) - min(means.values())
        print(
            f"The means are {apart:.2f} apart; between seeds, accuracies are up to {max(spreads):.2f} apart: "
            f"{'inside' if apart <= max(spreads) else 'OUTSIDE'} the spread."
        )


def main() -> None:
    """Train, or read what was trained."""
    parser = argparse.ArgumentParser(description="MNIST under each way to convolve.")
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--seed", type=int, default=SEEDS[0])
    parser.add_argument("--steps", type=int, default=3600, help="3,600 of 50 images are 3 epochs")
    parser.add_argument("--read", type=Path, help="a file of lines that --way printed")
    options = parser.parse_args()
    if options.read:
        table([json.loads(line) for line in options.read.read_text().splitlines()])
    elif options.way:
        print(json.dumps(train(options.way, options.seed, options.steps)), flush=True)
    else:
        command = [sys.executable, __file__, "--steps", str(options.steps)]
        results: list[dict[str, Any]] = []
        for seed in SEEDS:
            for way in WAYS:
                # A process each: the way is read while a program is compiled.
                done = subprocess.run(
                    [*command, "--way", way, "--seed", str(seed)],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                results.append(json.loads(done.stdout))
        table(results)


if __name__ == "__main__":
    main()
