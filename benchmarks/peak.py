"""What of the machine's peak gradiente uses: the convolutions by themselves, and whole training steps.

The peak is that of a plain loop of fused multiply-adds (``peak.cc``). Operations are those of the direct form, also where
Winograd's transforms need fewer: its fractions may be above 1.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from networks import NETWORKS
from turns import ALONE, HERE, Contestant, Workers

from kernels import CONVOLUTIONS, PASSES, operations

_GROUPS = ("conv", "stride", "resnet20", "pointwise", "depthwise")
_STEPS = (("experts", 50), ("experts", 256), ("cifar", 128), ("resnet20", 128))
_BLOCKS, _SECONDS = 5, 0.05


def measured(threads: int) -> float:
    """The peak with so many threads, in operations a second."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "peak")
        flags = ["-O3", "-march=native", "-ffp-contract=fast", "-pthread"]
        subprocess.run(
            [os.environ.get("CXX", "c++"), *flags, str(HERE / "peak.cc"), "-o", program], check=True
        )
        done = subprocess.run([program, str(threads)], capture_output=True, text=True, check=True)
    return float(done.stdout) * 1e9


def peak() -> None:
    """Fractions of the peak, on all cores."""
    threads = 1 if ALONE in os.environ else len(os.sched_getaffinity(0))
    one, most = measured(1), measured(threads)
    print(f"\nPeak: {one / 1e9:.0f} GFLOP/s in one thread, {most / 1e9:.0f} in {threads}.")
    ours = Contestant("gradiente", "run, kept")
    with Workers([ours]) as workers:
        print("Training steps, and the fraction of the peak:")
        for network, batch in _STEPS:
            times = workers.alternate("train", network, batch, _BLOCKS, 5 * _SECONDS)[ours]
            speed = NETWORKS[network].step_operations(batch) / statistics.median(times)
            print(
                f"  {f'{network}, batch {batch}':44}{speed / 1e9:8.0f} GFLOP/s{speed / most:8.2f}", flush=True
            )
        print(
            f"{'Convolutions: batch, length, channels, outputs, filter, stride':46}"
            + "".join(f"{p:>9}" for p in PASSES)
        )
        for group in _GROUPS:
            for case in CONVOLUTIONS[group]:
                fractions: list[float] = []
                for number in range(len(PASSES)):
                    piece = (group, case, number)
                    workers.ask(ours, "piece", *piece, seconds=_SECONDS)
                    values = [
                        workers.undisturbed(ours, "piece", *piece, seconds=_SECONDS) for _ in range(_BLOCKS)
                    ]
                    fractions.append(operations(group, case) / statistics.median(values) / most)
                workers.ask(ours, "forget")
                print(f"  {f'{group} {case}':44}" + "".join(f"{f:9.2f}" for f in fractions), flush=True)
