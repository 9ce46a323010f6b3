"""Prediction with the experts' network and with EfficientNet-Lite0, from the same weights everywhere."""

from __future__ import annotations

import numpy as np
from training import TORCH
from turns import Contestant, Workers, report

_CONTESTANTS = [
    Contestant("gradiente", "run"), Contestant("gradiente", "run, kept"), *TORCH, Contestant("onnxruntime", "session"),
]  # fmt: skip
_MOST_APART = 1e-3
"""Logits are of the size of 10; Winograd's rounding errors are some 1e-5 of that."""


def prediction(network: str, name: str) -> None:
    """Logits of images at batch 1 and 64."""
    with Workers(_CONTESTANTS) as workers:
        print(f"\n{name}: outputs are up to {_apart(workers, network):.1e} apart")
        for batch in (1, 64):
            times = workers.alternate("predict", network, batch, 7, 0.25)
            report(f"{name}, prediction, batch {batch}", times, 1e3, "ms", {"run": 1.0, "run, kept": 1.0})


def _apart(workers: Workers, network: str) -> float:
    """How far outputs are apart, as a fraction of the largest."""
    logits = [np.asarray(workers.ask(c, "logits", network, c.variant, 8)) for c in _CONTESTANTS]
    apart = max(float(np.abs(found - logits[0]).max()) for found in logits) / float(np.abs(logits[0]).max())
    if not apart <= _MOST_APART:
        raise RuntimeError(
            f"The outputs of {network} are {apart:.1e} of the largest apart: not the same network."
        )
    return apart
