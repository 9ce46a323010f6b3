"""One framework of the benchmarks, in a process of its own: reads commands, times blocks of steps, answers.

python worker.py gradiente|tensorflow|torch|flax|versions
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from models import build_graph, make_step, module


def _resident_megabytes() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _memory(framework: str, steps: int) -> dict[int, float]:
    step = make_step(framework, "softmax", "run")
    seen: dict[int, float] = {}
    done = 0
    for mark in (100, 1000, steps // 2, steps):
        step(mark - done)
        done = mark
        seen[mark] = _resident_megabytes()
    return seen


def main() -> None:
    """Answer commands until the input ends."""
    framework = sys.argv[1]
    if framework == "versions":
        found: list[str] = []
        for name in ("gradiente", "jax", "tensorflow", "torch", "flax", "numpy"):
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                found.append(f"{name} missing")
        print(", ".join(found))
        return
    steps: dict[tuple[str, str], Any] = {}
    for line in sys.stdin:
        command = json.loads(line)
        task, variant, count = command["task"], command["variant"], command["steps"]
        if task == "memory":
            answer: Any = _memory(framework, count)
        elif task == "build":
            tf = module(framework)
            started = time.perf_counter()
            build_graph(tf, 10_000)
            answer = (time.perf_counter() - started) * count
        else:
            if (task, variant) not in steps:
                steps[task, variant] = make_step(framework, task, variant)
                if variant == "loop":
                    steps[task, variant](500)
            started = time.perf_counter()
            steps[task, variant](count)
            answer = time.perf_counter() - started
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
