"""Contestants in processes of their own that take turns, and the tables of what they took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
PEERS = ("tensorflow", "torch", "flax")

ALONE = "BENCHMARKS_ALONE"
"""The environment variable that gives every contestant one core, and counts its processor's time: for a loaded machine."""

ON_GPU = "BENCHMARKS_GPU"
"""The environment variable that lets the contestants have the GPU."""

_KEPT = "kept"
"""In the name of a variant of gradiente: with ``GRADIENTE_MEMORY=keep``, as in ``gradiente run``."""

_DISTURBED = 0.05
"""The share of the machine that other processes may have used during a block that counts."""

_TRIES = 2
"""How often a block is measured until it was undisturbed; after that the last one counts, and is reported."""

_WAIT = 1.0
"""Seconds that a block waits at most for other processes to be done."""

_ENOUGH = 60.0
"""Seconds after which no more blocks are begun, where each contestant had three."""


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

    @property
    def process(self) -> tuple[str, int, bool]:
        """What its process is started with; those that agree in it share one."""
        return self.framework, self.cores, _KEPT in self.variant


Times = dict[Contestant, list[float]]


class Worker:
    """A framework in a process of its own, which times one block of a task at a time.

    It is kept to the first ``cores`` cores of the machine; every framework makes as many threads as it may use cores.
    """

    def __init__(self, framework: str, cores: int = 0, kept: bool = False) -> None:
        self.framework = framework
        cores = 1 if ALONE in os.environ else cores
        command = [sys.executable, str(HERE / "worker.py"), framework]
        if cores:
            command = ["taskset", "--cpu-list", f"0-{cores - 1}", *command]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**environment(), **({"GRADIENTE_MEMORY": "keep"} if kept else {})},
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

    def processor_seconds(self) -> float:
        """What the process has used of the processor, all threads together; 0 where the system does not tell."""
        try:
            # The name in brackets may hold anything; user and system time are the 14th and 15th fields.
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)


class Workers:
    """The processes of some contestants, one for each way to start a framework.

    Attributes:
        disturbed: how many blocks count although other processes ran.
    """

    def __init__(self, contestants: Iterable[Contestant]) -> None:
        self.disturbed = 0
        self._contestants = list(contestants)
        self._workers = {c.process: Worker(*c.process) for c in self._contestants}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.close()
        if self.disturbed:
            print(f"  ({self.disturbed} blocks of these were measured while other processes ran)")

    def ask(self, contestant: Contestant, do: str, *arguments: Any, seconds: float = 0) -> Any:
        """What the contestant's process answers."""
        return self._workers[contestant.process].ask(do, *arguments, seconds=seconds)

    def alternate(self, do: str, network: str, batch: int, blocks: int, seconds: float) -> Times:
        """Seconds a step, block by block, of contestants that take turns, after a block each that does not count.

        There are so many blocks at most; on a machine on which other work runs, fewer. What the contestants had made for it
        is forgotten afterwards.
        """
        times: Times = {c: [] for c in self._contestants}
        started = time.perf_counter()
        for block in range(blocks + 1):
            if block == 1:
                started = time.perf_counter()
            elif block > 3 and time.perf_counter() - started > _ENOUGH:
                break
            for contestant, values in times.items():
                arguments = (network, contestant.variant, batch)
                if block:
                    values.append(self.undisturbed(contestant, do, *arguments, seconds=seconds))
                else:
                    self.ask(contestant, do, *arguments, seconds=seconds)
        for contestant in self._contestants:
            self.ask(contestant, "forget")
        return times

    def undisturbed(self, contestant: Contestant, do: str, *arguments: Any, seconds: float) -> float:
        """The time of a block during which hardly anything else ran on the machine; it is measured until there is one."""
        worker = self._workers[contestant.process]
        if ALONE in os.environ:
            return worker.ask(do, *arguments, seconds=seconds)
        value = 0.0
        for _ in range(_TRIES):
            _wait_for_others()
            started, busy, own = time.perf_counter(), _busy_seconds(), worker.processor_seconds()
            value = worker.ask(do, *arguments, seconds=seconds)
            others = _busy_seconds() - busy - (worker.processor_seconds() - own)
            if others <= _DISTURBED * (time.perf_counter() - started) * (os.cpu_count() or 1):
                return value
        self.disturbed += 1
        return value


def _wait_for_others() -> None:
    """Wait until hardly anything runs: the contestants themselves do nothing between their turns."""
    started, share = time.perf_counter(), 1.0
    while share > _DISTURBED and time.perf_counter() - started < _WAIT:
        before, busy = time.perf_counter(), _busy_seconds()
        time.sleep(0.1)
        share = (_busy_seconds() - busy) / (time.perf_counter() - before) / (os.cpu_count() or 1)


def _busy_seconds() -> float:
    """What all processes together, and the host of a virtual machine, have used of the processor since it started."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return 0.0
    idle = int(fields[3]) + int(fields[4])
    return (sum(map(int, fields)) - idle) / os.sysconf("SC_CLK_TCK")


def environment() -> dict[str, str]:
    """What the processes are started with: no GPU unless it is asked for, and little to say."""
    given = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    return given if ON_GPU in os.environ else {**given, "CUDA_VISIBLE_DEVICES": ""}


def report(title: str, times: Times, unit: float, name: str, aims: dict[str, float] | None = None) -> None:
    """Print medians with their spread, and ratios to the fastest peer beside what was aimed at, by variant.

    Flax, which runs on the same XLA as gradiente, is shown and is not what the others are compared with.
    """
    medians = {k: statistics.median(v) for k, v in times.items()}
    peers = [k for k in medians if k.framework not in ("gradiente", "flax")]
    best = min(peers, key=lambda k: medians[k], default=None)
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
