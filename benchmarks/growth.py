"""How the time of a training step grows: with the batch, and from one core to two."""

from __future__ import annotations

import statistics

from turns import Contestant, Times, Workers

BATCHES = (1, 8, 64, 512)
_ONE_TO_TWO = 1.7
"""What two cores are to make of the CIFAR network."""


def growth() -> None:
    """Time an image at several batch sizes on one core and on two."""
    contestants = [
        Contestant(framework, variant, cores)
        for framework, variant in (("gradiente", "run"), ("torch", "eager"), ("torch", "eager channels_last"))
        for cores in (1, 2)
    ]
    for network, name in (("experts", "experts' network"), ("cifar", "CIFAR network")):
        print(f"\n{name}, training step, µs an image (median of blocks), and how much faster two cores are")
        print(f"  {'':34}" + "".join(f"{f'batch {batch}':>14}" for batch in BATCHES))
        with Workers(contestants) as workers:
            columns = {b: workers.alternate("train", network, b, 5, 0.2) for b in BATCHES}
        for contestant in contestants:
            row = "".join(
                f"{statistics.median(times[contestant]) / batch * 1e6:14.1f}"
                for batch, times in columns.items()
            )
            print(f"  {contestant!s:34}{row}")
        for framework, variant in dict.fromkeys((c.framework, c.variant) for c in contestants):
            ratios = [_speedup(times, framework, variant) for times in columns.values()]
            print(f"  {f'{framework} {variant}: 1 to 2 cores':34}" + "".join(f"{r:14.2f}" for r in ratios))
    print(f"  (aimed at {_ONE_TO_TWO} for the CIFAR network)")


def _speedup(times: Times, framework: str, variant: str) -> float:
    one, two = (statistics.median(times[Contestant(framework, variant, cores)]) for cores in (1, 2))
    return one / two
