"""gradiente against its peers: `make bench` runs this and prints ratios.

Every framework runs in a process of its own (`worker.py`), which stays alive; the processes take turns, one block of
steps each, after a warm-up, so that a machine whose speed drifts treats all alike. Medians over the blocks, and the
spread, are printed with the machine's description.

    python benchmarks/run.py                  # everything
    python benchmarks/run.py softmax build    # some of it
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEERS = ("tensorflow", "torch", "flax")


class Worker:
    """A framework in a process of its own, which times one block of a task at a time."""

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), framework],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_environment(),
        )  # fmt: skip

    def ask(self, **command: Any) -> Any:
        """Send a command and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The worker of {self.framework} ended; run worker.py by hand to see why.")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)


def _environment() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


def alternate(task: str, variants: list[tuple[str, str]], blocks: int, steps: int) -> dict[str, list[float]]:
    """Seconds a step, block by block, for each (framework, variant), taking turns."""
    workers = {framework: Worker(framework) for framework, _ in variants}
    try:
        for framework, variant in variants:
            workers[framework].ask(task=task, variant=variant, steps=max(3, steps // 5))
        times: dict[str, list[float]] = {f"{f} {v}": [] for f, v in variants}
        for _ in range(blocks):
            for framework, variant in variants:
                seconds = workers[framework].ask(task=task, variant=variant, steps=steps)
                times[f"{framework} {variant}"].append(seconds / steps)
        return times
    finally:
        for worker in workers.values():
            worker.close()


def report(title: str, times: dict[str, list[float]], unit: float, name: str) -> None:
    """Print medians with their spread, and ratios to the fastest peer."""
    medians = {k: statistics.median(v) for k, v in times.items()}
    peers = {k: m for k, m in medians.items() if not k.startswith("gradiente")}
    best = min(peers, key=lambda k: peers[k]) if peers else None
    print(f"\n{title}")
    print(f"  {'':34} {'median':>10} {'min':>10} {'max':>10}  {name}    ratio to {best}")
    for key, values in times.items():
        ratio = f"{medians[key] / peers[best]:.2f}" if best else ""
        print(
            f"  {key:34} {medians[key] * unit:10.3f} {min(values) * unit:10.3f} {max(values) * unit:10.3f}  {name}    {ratio}"
        )


def softmax() -> None:
    """(a) A training step of the softmax regression at batch 100."""
    variants = [
        ("gradiente", "run"), ("gradiente", "callable"), ("gradiente", "loop"), ("tensorflow", "run"),
        ("torch", "eager"), ("flax", "jit"),
    ]  # fmt: skip
    report(
        "(a) softmax regression, training step, batch 100", alternate("softmax", variants, 15, 500), 1e6, "µs"
    )


def experts() -> None:
    """A training step of the experts' network."""
    variants = [("gradiente", "run"), ("tensorflow", "run"), ("torch", "eager"), ("flax", "jit")]
    report("experts' network, training step, batch 50", alternate("experts", variants, 7, 10), 1e3, "ms")


def build() -> None:
    """(e) Building a graph of 10,000 operations and its gradients."""
    variants = [("gradiente", "build"), ("tensorflow", "build")]
    report("(e) building 10,000 operations and their gradients", alternate("build", variants, 5, 1), 1.0, "s")


def _processes(title: str, commands: dict[str, list[str]], runs: int) -> None:
    times: dict[str, list[float]] = {k: [] for k in commands}
    for turn in range(runs + 1):
        for key, command in commands.items():
            started = time.perf_counter()
            subprocess.run(
                command, check=True, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if turn:
                times[key].append(time.perf_counter() - started)
    report(title, times, 1.0, "s")


def first() -> None:
    """(b) From process start to the first finished training step of the experts' network."""
    commands = {
        f"{f} first step": [sys.executable, str(HERE / "first_step.py"), f] for f in ("gradiente", *PEERS)
    }
    _processes("(b) process start to the first finished training step, experts' network", commands, 5)


def imports() -> None:
    """(c) Import time."""
    statements = {
        "gradiente": "import gradiente",
        "tensorflow": "import tensorflow",
        "torch": "import torch",
        "flax": "import flax",
    }
    commands = {f"{k} import": [sys.executable, "-c", v] for k, v in statements.items()}
    commands["python start (not a peer)"] = [sys.executable, "-c", "pass"]
    baseline = commands.pop("python start (not a peer)")
    _processes("(c) import, process start included", commands, 7)
    started = time.perf_counter()
    subprocess.run(baseline, check=True)
    print(f"  (starting Python alone: {time.perf_counter() - started:.3f} s)")


def memory() -> None:
    """(d) Memory over 10,000 steps."""
    worker = Worker("gradiente")
    try:
        answer = worker.ask(task="memory", variant="run", steps=10_000)
    finally:
        worker.close()
    print("\n(d) resident memory over 10,000 steps of the softmax regression through sess.run, MB")
    print("  " + ", ".join(f"after {k}: {v:.1f}" for k, v in answer.items()))


TASKS = {
    "softmax": softmax,
    "first": first,
    "imports": imports,
    "memory": memory,
    "build": build,
    "experts": experts,
}


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("tasks", nargs="*", choices=[*TASKS, []], help="which; all without a name")
    chosen = parser.parse_args().tasks or list(TASKS)
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}"
    )
    print(
        subprocess.run(
            [sys.executable, str(HERE / "worker.py"), "versions"], capture_output=True, text=True
        ).stdout.strip()
    )
    for name in chosen:
        TASKS[name]()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
