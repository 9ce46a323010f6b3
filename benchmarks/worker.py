"""One framework of the benchmarks, in a process of its own: reads commands, times blocks of steps, answers.

python worker.py gradiente|tensorflow|torch|flax|onnxruntime|versions
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from turns import ALONE

LOOP = 500
"""Steps of a loop in one executable, which is compiled for a number of steps."""

Step = Callable[[int], Any]

_clock = time.process_time if ALONE in os.environ else time.perf_counter


class Timed:
    """Steps of one kind, timed in blocks that are as long as asked for."""

    def __init__(self, step: Step, in_loop: bool) -> None:
        self._step = step
        self._in_loop = in_loop
        for _ in range(2):
            self._seconds = self._time(LOOP if in_loop else 2)

    def block(self, seconds: float) -> float:
        """Seconds that a step takes, over a block; its first one is not timed."""
        count = LOOP
        if not self._in_loop:
            self._step(1)
            count = max(1, round(seconds / self._seconds))
        self._seconds = self._time(count)
        return self._seconds

    def _time(self, count: int) -> float:
        started = _clock()
        self._step(count)
        return (_clock() - started) / count


def training_step(framework: str, network: str, variant: str, batch: int) -> Step:
    """The training step of a framework."""
    if framework == "torch":
        import in_torch

        return in_torch.training_step(network, variant, batch)
    if framework == "flax":
        import in_flax

        return in_flax.training_step(network, batch)
    import in_graphs

    return in_graphs.training_step(framework, network, variant, batch)


def predictor(framework: str, network: str, variant: str) -> Callable[[Any], Any]:
    """What gives images their logits."""
    if framework == "torch":
        import in_torch

        return in_torch.predictor(network, variant)
    if framework == "onnxruntime":
        import in_onnxruntime

        return in_onnxruntime.predictor(network)
    import in_graphs

    return in_graphs.predictor(network, variant)


def _prediction(framework: str, network: str, variant: str, batch: int) -> Step:
    from networks import NETWORKS

    images, _ = NETWORKS[network].data(batch)
    predict = predictor(framework, network, variant)

    def run(steps: int) -> Any:
        logits = None
        for _ in range(steps):
            logits = predict(images)
        return logits

    return run


def _piece(group: str, case: list[int], number: int) -> Step:
    """A pass of a convolution by itself."""
    from kernels import jax_calls

    call = jax_calls(group, case)[number]

    def run(steps: int) -> None:
        for _ in range(steps):
            call()

    return run


def _resident_megabytes() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _memory(framework: str, steps: int) -> dict[int, float]:
    step = training_step(framework, "softmax", "run", 100)
    seen: dict[int, float] = {}
    done = 0
    for mark in (100, 1000, steps // 2, steps):
        step(mark - done)
        done = mark
        seen[mark] = _resident_megabytes()
    return seen


def _build(framework: str, operations: int) -> float:
    from in_graphs import build_graph, module

    tf = module(framework)
    started = time.perf_counter()
    build_graph(tf, operations)
    return time.perf_counter() - started


def _make(framework: str, do: str, arguments: list[Any]) -> Step:
    if do == "train":
        return training_step(framework, *arguments)
    if do == "predict":
        return _prediction(framework, *arguments)
    return _piece(*arguments)


def _versions() -> str:
    found: list[str] = []
    for name in ("gradiente", "jax", "tensorflow", "torch", "onnxruntime", "flax", "numpy"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)


def main() -> None:
    """Answer commands until the input ends: [what to do, its arguments, seconds of a block]."""
    framework = sys.argv[1]
    if framework == "versions":
        print(_versions())
        return
    timed: dict[str, Timed] = {}
    for line in sys.stdin:
        do, arguments, seconds = json.loads(line)
        key = f"{do} {arguments}"
        answer: Any
        if do == "memory":
            answer = _memory(framework, *arguments)
        elif do == "build":
            answer = _build(framework, *arguments)
        elif do == "logits":
            answer = _prediction(framework, *arguments)(1).tolist()
        elif do == "forget":
            timed.clear()
            answer = None
        else:
            if key not in timed:
                timed[key] = Timed(_make(framework, do, arguments), "loop" in arguments)
            answer = timed[key].block(seconds)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
