"""gradiente against its peers: `make bench` runs this and prints ratios.

Every framework runs in a process of its own (`worker.py`), which stays alive; the processes take turns, one block of
steps each, after a warm-up, so that a machine whose speed drifts treats all alike. Medians over the blocks, and the
spread, are printed with the machine's description.

    python benchmarks/run.py                  # everything
    python benchmarks/run.py softmax build    # some of it
    python benchmarks/run.py --alone cifar    # each on one core, the processor's time: on a machine where other work runs
    python benchmarks/run.py --gpu cifar      # on the GPU: the parts that train

What the kernels take one by one is measured by kernels.py, and whether training comes to the same under each of them by
convergence.py.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from growth import growth
from peak import peak
from prediction import prediction
from training import softmax, training
from turns import ALONE, HERE, ON_GPU, PEERS, Contestant, Times, Worker, environment, report


def build() -> None:
    """(e) Building a graph of 10,000 operations and its gradients."""
    times: Times = {Contestant("gradiente", "build"): [], Contestant("tensorflow", "build"): []}
    workers = {contestant: Worker(contestant.framework) for contestant in times}
    for block in range(6):
        for contestant, values in times.items():
            value = workers[contestant].ask("build", 10_000)
            if block:
                values.append(value)
    for worker in workers.values():
        worker.close()
    report("(e) building 10,000 operations and their gradients", times, 1.0, "s")


def _processes(title: str, commands: dict[Contestant, list[str]], runs: int) -> None:
    times: Times = {k: [] for k in commands}
    for turn in range(runs + 1):
        for key, command in commands.items():
            started = time.perf_counter()
            subprocess.run(
                command, check=True, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if turn:
                times[key].append(time.perf_counter() - started)
    report(title, times, 1.0, "s")


def first() -> None:
    """(b) From process start to the first finished training step of the experts' network."""
    commands = {
        Contestant(f, "first step"): [sys.executable, str(HERE / "first_step.py"), f]
        for f in ("gradiente", *PEERS)
    }
    _processes("(b) process start to the first finished training step, experts' network", commands, 5)


def imports() -> None:
    """(c) Import time."""
    commands = {Contestant(f, "import"): [sys.executable, "-c", f"import {f}"] for f in ("gradiente", *PEERS)}
    _processes("(c) import, process start included", commands, 7)
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    print(f"  (starting Python alone: {time.perf_counter() - started:.3f} s)")


def memory() -> None:
    """(d) Memory over 10,000 steps."""
    worker = Worker("gradiente")
    answer = worker.ask("memory", 10_000)
    worker.close()
    print("\n(d) resident memory over 10,000 steps of the softmax regression through sess.run, MB")
    print("  " + ", ".join(f"after {k}: {v:.1f}" for k, v in answer.items()))


PARTS = {
    "softmax": softmax,
    "first": first,
    "imports": imports,
    "memory": memory,
    "build": build,
    "experts50": partial(training, "experts", 50, aim=0.65),
    "experts256": partial(training, "experts", 256, aim=0.5),
    "cifar": partial(training, "cifar", 128, aim=0.5),
    "resnet20": partial(training, "resnet20", 128, aim=0.6),
    "prediction-experts": partial(prediction, "experts", "experts' network"),
    "prediction-lite0": partial(prediction, "efficientnet-lite0", "EfficientNet-Lite0, 224x224"),
    "growth-experts": partial(growth, "experts"),
    "growth-cifar": partial(growth, "cifar"),
    "peak": peak,
}

_TRAINING = ("softmax", "experts50", "experts256", "cifar", "resnet20")


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which; all without a name")
    parser.add_argument("--alone", action="store_true", help="one core each; the processor's time")
    parser.add_argument("--gpu", action="store_true", help="training on the GPU: " + ", ".join(_TRAINING))
    options = parser.parse_args()
    chosen = options.parts or list(_TRAINING if options.gpu else PARTS)
    if options.gpu:
        if strange := set(chosen) - set(_TRAINING):
            parser.error(f"{', '.join(sorted(strange))}: measured on the CPU only")
        os.environ[ON_GPU] = "1"
    if options.alone:
        os.environ[ALONE] = "1"
        print("Each contestant on one core; times are those that it used of the processor.")
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}"
    )
    versions = [sys.executable, str(HERE / "worker.py"), "versions"]
    print(subprocess.run(versions, capture_output=True, text=True).stdout.strip(), flush=True)
    for name in chosen:
        PARTS[name]()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
