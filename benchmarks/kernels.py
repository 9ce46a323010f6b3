"""The CPU kernels piece by piece, against PyTorch and XLA: forward pass, input gradient, filter gradient.

Each contestant runs in a process of its own, which stays alive; they take turns, one block of calls each, after a warm-up.
Printed are the medians over the blocks, and the ratio to the faster of PyTorch's two memory formats. On a machine that others use
too, the least time that a call took says more (``--least``): PyTorch's threads wait for each other at each step, and a neighbour
that takes one of them for a while makes a call take ten times as long. Its threads are such a neighbour themselves: they spin
for some milliseconds after their last work, so each block begins with a pause. ``--alone`` gives every contestant one and the same
core and counts the time that the processor worked for it, which neighbours change little. Ours keep the memory of results from call
to call (``GRADIENTE_MEMORY=keep``), as PyTorch's allocator does by itself; without it each large result is zeroed by the system first.

    python benchmarks/kernels.py                # all groups
    python benchmarks/kernels.py conv pool      # some of them
    python benchmarks/kernels.py conv --only gradiente,xla
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

CONTESTANTS = ("gradiente", "xla", "torch", "torch channels_last")
PAUSE = 0.04
"""Seconds before a block: until the threads of the contestant before have gone to sleep."""
PASSES = ("forward", "input", "filter")

# batch, length, channels, outputs (0: depthwise), filter, stride; pointwise and depthwise are EfficientNet-Lite0's
CONVOLUTIONS: dict[str, list[tuple[int, int, int, int, int, int]]] = {
    "conv": [
        (256, 28, 1, 32, 5, 1), (256, 14, 32, 64, 5, 1), (256, 32, 3, 64, 3, 1), (256, 16, 64, 128, 3, 1),
        (256, 8, 128, 256, 3, 1),
    ],
    "stride": [(64, 56, 64, 128, 3, 2), (16, 224, 3, 32, 3, 2), (256, 32, 16, 32, 3, 2)],
    "resnet20": [
        (128, 32, 3, 16, 3, 1), (128, 32, 16, 16, 3, 1), (128, 32, 16, 32, 3, 2), (128, 16, 32, 32, 3, 1),
        (128, 16, 32, 64, 3, 2), (128, 8, 64, 64, 3, 1),
    ],
    "pointwise": [
        (16, 112, 32, 16, 1, 1), (16, 112, 16, 96, 1, 1), (16, 56, 96, 24, 1, 1), (16, 56, 24, 144, 1, 1),
        (16, 56, 144, 24, 1, 1), (16, 28, 144, 40, 1, 1), (16, 28, 40, 240, 1, 1), (16, 28, 240, 40, 1, 1),
        (16, 14, 240, 80, 1, 1), (16, 14, 80, 480, 1, 1), (16, 14, 480, 112, 1, 1), (16, 14, 112, 672, 1, 1),
        (16, 7, 672, 192, 1, 1), (16, 7, 192, 1152, 1, 1), (16, 7, 1152, 320, 1, 1), (16, 7, 320, 1280, 1, 1),
    ],
    "depthwise": [
        (16, 112, 32, 0, 3, 1), (16, 112, 96, 0, 3, 2), (16, 56, 144, 0, 3, 1), (16, 56, 144, 0, 5, 2),
        (16, 28, 240, 0, 5, 1), (16, 28, 240, 0, 3, 2), (16, 14, 480, 0, 3, 1), (16, 14, 480, 0, 5, 1),
        (16, 14, 672, 0, 5, 1), (16, 14, 672, 0, 5, 2), (16, 7, 1152, 0, 5, 1), (16, 7, 1152, 0, 3, 1),
    ],
}  # fmt: skip
# batch, length, channels, window, stride
POOLS = [(256, 28, 32, 2, 2), (256, 14, 64, 2, 2), (64, 56, 64, 3, 2)]
GROUPS = (*CONVOLUTIONS, "pool")

Call = Callable[[], Any]


def _values(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def jax_calls(group: str, case: list[int]) -> list[Call]:
    """The passes as jitted functions of arrays on the device, with gradiente's kernels or without."""
    from gradiente.runtime.memory import settle_memory

    settle_memory(keep=True)
    import jax
    import jax.numpy as jnp

    from gradiente.ops import nn_conv_device as conv
    from gradiente.ops import nn_pool_device as pool
    from gradiente.ops.nn_window import Window, padding_of

    if group == "pool":
        batch, length, channels, size, stride = case
        still = Window(1, 1)
        windows = (still, Window(size, stride), Window(size, stride), still)
        x = jnp.asarray(_values(batch, length, length, channels))
        pads = padding_of(x.shape, windows, "SAME", ())
        forward = jax.jit(lambda x: pool.maximum(jnp, x, windows, pads, -1))
        grad = jnp.asarray(_values(*forward(x).shape))
        back = jax.jit(lambda x, g: pool.to_maximum(jnp, x, g, windows, pads, -1))
        return [_waiting(forward, x), _waiting(back, x, grad)]
    batch, length, channels, outputs, size, stride = case
    windows = (Window(size, stride),) * 2
    pads = padding_of((length, length), windows, "SAME", ())
    x, w = (
        jnp.asarray(_values(batch, length, length, channels)),
        jnp.asarray(_values(size, size, channels, outputs or 1)),
    )
    sizes = (length, length)
    functions: tuple[Any, Any, Any] = (
        lambda x, w: conv.conv(x, w, windows, pads),
        lambda g, w: conv.conv_input_gradient(g, w, sizes, windows, pads),
        lambda x, g: conv.conv_filter_gradient(x, g, windows, pads),
    )
    if not outputs:
        functions = (
            lambda x, w: conv.depthwise(x, w, windows, pads),
            lambda g, w: conv.depthwise_input_gradient(g, w, sizes, windows, pads),
            lambda x, g: conv.depthwise_filter_gradient(x, g, windows, pads, 1),
        )
    forward, to_input, to_filter = map(jax.jit, functions)
    grad = jnp.asarray(_values(*forward(x, w).shape))
    return [_waiting(forward, x, w), _waiting(to_input, grad, w), _waiting(to_filter, x, grad)]


def _waiting(function: Any, *arguments: Any) -> Call:
    return lambda: function(*arguments).block_until_ready()


def torch_calls(group: str, case: list[int], channels_last: bool) -> list[Call]:
    """The passes as PyTorch's own operations, without its autograd."""
    import torch

    form = torch.channels_last if channels_last else torch.contiguous_format

    def tensor(*shape: int) -> Any:
        return torch.from_numpy(_values(*shape)).contiguous(memory_format=form)

    aten: Any = torch.ops.aten
    if group == "pool":
        batch, length, channels, size, stride = case
        pad = (size - 1) // 2
        x = tensor(batch, channels, length, length)
        arguments = ([size] * 2, [stride] * 2, [pad] * 2, [1, 1], False)
        y, index = aten.max_pool2d_with_indices(x, *arguments)
        grad = torch.ones_like(y)
        return [
            lambda: aten.max_pool2d_with_indices(x, *arguments),
            lambda: aten.max_pool2d_with_indices_backward(grad, x, *arguments, index),
        ]
    batch, length, channels, outputs, size, stride = case
    groups = 1 if outputs else channels
    x, w = (
        tensor(batch, channels, length, length),
        tensor(outputs or channels, channels // groups, size, size),
    )
    pads = [(size - 1) // 2] * 2
    grad = torch.ones_like(torch.nn.functional.conv2d(x, w, None, stride, pads, 1, groups))

    def back(*mask: bool) -> Any:
        return aten.convolution_backward(
            grad, x, w, None, [stride] * 2, pads, [1, 1], False, [0, 0], groups, [*mask, False]
        )

    return [
        lambda: torch.nn.functional.conv2d(x, w, None, stride, pads, 1, groups),
        lambda: back(True, False),
        lambda: back(False, True),
    ]


def work(contestant: str, alone: bool) -> None:
    """Answer commands until the input ends."""
    clock = time.process_time if alone else time.perf_counter
    if alone:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    calls: dict[str, list[Call]] = {}
    for line in sys.stdin:
        group, case, number, seconds = json.loads(line)
        key = f"{group} {case}"
        if key not in calls:
            calls.clear()  # the arrays of one case at a time
            torch_form = contestant.endswith("last")
            calls[key] = (
                torch_calls(group, case, torch_form)
                if contestant.startswith("torch")
                else jax_calls(group, case)
            )
            for call in calls[key]:
                call()
                call()
        call = calls[key][number]
        times: list[float] = []
        if seconds and not alone:
            time.sleep(PAUSE)
            call()
        started = now = clock()
        while len(times) < 2 or now - started < seconds:
            call()
            before, now = now, clock()
            times.append(now - before)
        print(json.dumps((statistics.mean(times), min(times))), flush=True)


def _start(contestant: str, alone: bool) -> subprocess.Popen[str]:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    if contestant == "xla":
        environment["GRADIENTE_CPU"] = "none"
    command = [sys.executable, __file__, "--work", contestant, *["--alone"] * alone]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def _ask(process: subprocess.Popen[str], *command: Any) -> tuple[float, float]:
    """The mean and the least time of a block's calls."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(command) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"A worker ended: {process.args}")
    return json.loads(line)


def measure(
    groups: list[str], contestants: list[str], blocks: int, seconds: float, least: bool, alone: bool
) -> None:
    """Print a row for each case and pass."""
    processes = {name: _start(name, alone) for name in contestants}
    print(f"{'ms':44}" + "".join(f"{name:>20}" for name in contestants) + f"{'ratio':>8}{'GFLOP/s':>9}")
    for group in groups:
        cases = POOLS if group == "pool" else CONVOLUTIONS[group]
        for case in cases:
            for number, name in enumerate((*PASSES[:1], "gradient") if group == "pool" else PASSES):
                times: dict[str, list[float]] = {c: [] for c in contestants}
                for block in range(blocks + 1):
                    for contestant, process in processes.items():
                        value = _ask(process, group, case, number, seconds if block else 0)
                        if block:
                            times[contestant].append(value[least])
                figures = {c: min(v) if least else statistics.median(v) for c, v in times.items()}
                peers = [m for c, m in figures.items() if c.startswith("torch")]
                ours = figures.get("gradiente")
                ratio = f"{ours / min(peers):8.2f}" if ours and peers else f"{'':8}"
                speed = f"{operations(group, case) / ours / 1e9:9.0f}" if ours and group != "pool" else ""
                row = "".join(f"{figures[c] * 1e3:20.3f}" for c in contestants)
                print(f"{group + ' ' + str(case) + ' ' + name:44}{row}{ratio}{speed}", flush=True)
    for process in processes.values():
        if process.stdin is not None:
            process.stdin.close()
        process.wait(timeout=60)


def operations(group: str, case: tuple[int, ...]) -> float:
    """Multiplications and additions of the direct form."""
    batch, length, channels, outputs, size, stride = case
    results = batch * (-(-length // stride)) ** 2 * (outputs or 1)
    return 2.0 * results * size * size * channels


def main() -> None:
    """Measure the groups that are named, or all."""
    parser = argparse.ArgumentParser(description="The CPU kernels piece by piece, against PyTorch and XLA.")
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="which; all without a name")
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="contestants, separated by commas")
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.05, help="of a block, at least")
    parser.add_argument("--least", action="store_true", help="the least times, not the medians")
    parser.add_argument("--alone", action="store_true", help="one core; the processor's time")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.alone)
    else:
        groups = options.groups or list(GROUPS)
        measure(
            groups, options.only.split(","), options.blocks, options.seconds, options.least, options.alone
        )


if __name__ == "__main__":
    main()
