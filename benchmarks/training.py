"""Training steps of the convolutional networks, and of the softmax regression."""

from __future__ import annotations

import os

from turns import ON_GPU, Contestant, Workers, report

TORCH = [
    Contestant("torch", variant)
    for variant in ("eager", "eager channels_last", "compile", "compile channels_last")
]
"""PyTorch in each way that can be the fastest one."""

_SESSIONS = [
    Contestant("gradiente", "run"), Contestant("gradiente", "run, kept"), Contestant("tensorflow", "run"),
]  # fmt: skip
"""gradiente as it is, and with memory kept between steps (``GRADIENTE_MEMORY=keep``)."""

_ON_GPU = [
    Contestant("gradiente", "run"), Contestant("torch", "eager channels_last"),
    Contestant("torch", "compile channels_last"),
]  # fmt: skip
"""On a GPU, each step's batch brought to it."""

_RESIDENT = [
    Contestant("gradiente", "loop"), Contestant("torch", "eager resident channels_last"),
    Contestant("torch", "compile resident channels_last"),
]  # fmt: skip
"""With the batches on the GPU; gradiente takes its steps in one executable."""

_NAMES = {
    "softmax": "softmax regression",
    "experts": "experts' network",
    "cifar": "CIFAR network (3x3 convolutions, 64-128-256)",
    "resnet20": "ResNet-20",
}


def softmax() -> None:
    """(a) A training step of the softmax regression at batch 100."""
    if ON_GPU in os.environ:
        _training_on_gpu("softmax", 100)
        return
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
    if ON_GPU in os.environ:
        _training_on_gpu(network, batch)
        return
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


def _training_on_gpu(network: str, batch: int) -> None:
    for contestants, where in ((_ON_GPU, "fed from the CPU"), (_RESIDENT, "batches on the GPU")):
        with Workers(contestants) as workers:
            times = workers.alternate("train", network, batch, 7, 0.1)
            report(f"{_NAMES[network]}, training step, batch {batch}, {where}", times, 1e3, "ms")
