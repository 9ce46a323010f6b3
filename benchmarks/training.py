"""Training steps of the convolutional networks, and of the softmax regression."""

from __future__ import annotations

from turns import Contestant, Workers, report

TORCH = [
    Contestant("torch", variant)
    for variant in ("eager", "eager channels_last", "compile", "compile channels_last")
]
"""PyTorch in each way that can be the fastest one."""

_SESSIONS = [
    Contestant("gradiente", "run"), Contestant("gradiente", "run, kept"), Contestant("tensorflow", "run"),
]  # fmt: skip
"""gradiente as it is, and with memory kept between steps (``GRADIENTE_MEMORY=keep``)."""

_NAMES = {
    "experts": "experts' network",
    "cifar": "CIFAR network (3x3 convolutions, 64-128-256)",
    "resnet20": "ResNet-20",
}


def softmax() -> None:
    """(a) A training step of the softmax regression at batch 100."""
    ours = [Contestant("gradiente", variant) for variant in ("run", "callable", "loop")]
    torch = [
        Contestant("torch", variant) for variant in ("eager", "eager single", "compile", "compile single")
    ]
    contestants = [*ours, Contestant("tensorflow", "run"), *torch, Contestant("flax", "jit")]
    with Workers(contestants) as workers:
        times = workers.alternate("train", "softmax", 100, 15, 0.1)
        title = "(a) softmax regression, training step, batch 100"
        report(title, times, 1e6, "µs", {"run": 0.35, "loop": 0.2})


def training(network: str, batch: int, aim: float) -> None:
    """A training step of a convolutional network."""
    more = [Contestant("flax", "jit")] if network == "experts" else []
    with Workers([*_SESSIONS, *TORCH, *more]) as workers:
        times = workers.alternate("train", network, batch, 7, 0.25)
        report(
            f"{_NAMES[network]}, training step, batch {batch}",
            times,
            1e3,
            "ms",
            {"run": aim, "run, kept": aim},
        )
