"""How the time of a training step grows: with the batch, and from one core to two."""

from __future__ import annotations

import statistics

from turns import Contestant, Times, Workers

BATCHES = (1, 8, 64, 512)


def growth(network: str) -> None:
    """Time an image at several batch sizes on one core and on two."""
    contestants = [
        Contestant(framework, variant, cores)
        for framework, variant in (
            ("gradiente", "run, kept"),
            ("torch", "eager"),
            ("torch", "eager channels_last"),
        )
        for cores in (1, 2)
    ]
    print(f"\n{network}, training step, µs an image (median of blocks), and how much faster two cores are")
    print(f"  {'':38}" + "".join(f"{f'batch {batch}':>12}" for batch in BATCHES))
    with Workers(contestants) as workers:
        columns = {b: workers.alternate("train", network, b, 4, 0.2) for b in BATCHES}
        for contestant in contestants:
            row = "".join(
                f"{statistics.median(times[contestant]) / batch * 1e6:12.1f}"
                for batch, times in columns.items()
            )
            print(f"  {contestant!s:38}{row}")
        for framework, variant in dict.fromkeys((c.framework, c.variant) for c in contestants):
            ratios = [_speedup(times, framework, variant) for times in columns.values()]
            print(f"  {f'{framework} {variant}: 1 to 2 cores':38}" + "".join(f"{r:12.2f}" for r in ratios))


def _speedup(times: Times, framework: str, variant: str) -> float:
    one, two = (statistics.median(times[Contestant(framework, variant, cores)]) for cores in (1, 2))
    return one / two
