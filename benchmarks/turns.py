"""Contestants in processes of their own that take turns, and the tables of what they took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
PEERS = ("tensorflow", "torch", "flax")


class Contestant(NamedTuple):
    """A framework, in one of the ways to use it, on so many cores (0: all)."""

    framework: str
    variant: str
    cores: int = 0

    def __str__(self) -> str:
        on = f", {self.cores} core{'s' * (self.cores > 1)}" if self.cores else ""
        return f"{self.framework} {self.variant}{on}"

    @property
    def ours(self) -> bool:
        return self.framework == "gradiente"


Times = dict[Contestant, list[float]]


class Worker:
    """A framework in a process of its own, which times one block of a task at a time.

    It is kept to the first ``cores`` cores of the machine; every framework makes as many threads as it may use cores.
    """

    def __init__(self, framework: str, cores: int = 0) -> None:
        self.framework = framework
        command = [sys.executable, str(HERE / "worker.py"), framework]
        if cores:
            command = ["taskset", "--cpu-list", f"0-{cores - 1}", *command]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=environment(),
        )  # fmt: skip

    def ask(self, do: str, *arguments: Any, seconds: float = 0) -> Any:
        """Send a command and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([do, arguments, seconds]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"The worker of {self.framework} ended at {do} {arguments}; run worker.py by hand and give it "
                f"the line {json.dumps([do, arguments, seconds])} to see why."
            )
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)


class Workers:
    """The processes of some contestants, one for each framework and number of cores."""

    def __init__(self, contestants: Iterable[Contestant]) -> None:
        self._contestants = list(contestants)
        self._workers = {(c.framework, c.cores): Worker(c.framework, c.cores) for c in self._contestants}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def ask(self, contestant: Contestant, do: str, *arguments: Any, seconds: float = 0) -> Any:
        """What the contestant's process answers."""
        worker = self._workers[contestant.framework, contestant.cores]
        return worker.ask(do, *arguments, seconds=seconds)

    def alternate(self, do: str, network: str, batch: int, blocks: int, seconds: float) -> Times:
        """Seconds a step, block by block, of contestants that take turns, after a block each that does not count.

        What they had made for it is forgotten afterwards.
        """
        times: Times = {c: [] for c in self._contestants}
        for block in range(blocks + 1):
            for contestant, values in times.items():
                value = self.ask(contestant, do, network, contestant.variant, batch, seconds=seconds)
                if block:
                    values.append(value)
        for contestant in self._contestants:
            self.ask(contestant, "forget")
        return times


def environment() -> dict[str, str]:
    """What the processes are started with: no GPU, and little to say."""
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


def report(title: str, times: Times, unit: float, name: str, aims: dict[str, float] | None = None) -> None:
    """Print medians with their spread, and ratios to the fastest peer beside what was aimed at, by variant."""
    medians = {k: statistics.median(v) for k, v in times.items()}
    best = min((k for k in medians if not k.ours), key=lambda k: medians[k], default=None)
    print(f"\n{title}")
    head = f"ratio to {best}" if best else ""
    print(f"  {'':34} {'median':>10} {'min':>10} {'max':>10}  {name}    {head}")
    for key, values in times.items():
        ratio = f"{medians[key] / medians[best]:.2f}" if best else ""
        aim = (aims or {}).get(key.variant) if key.ours else None
        if best and aim is not None:
            ratio += f" (aim {aim:.2f}: {'reached' if medians[key] <= aim * medians[best] else 'missed'})"
        row = "".join(f" {value * unit:10.3f}" for value in (medians[key], min(values), max(values)))
        print(f"  {key!s:34}{row}  {name}    {ratio}", flush=True)
