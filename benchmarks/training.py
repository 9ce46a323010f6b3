"""Training steps of the convolutional networks, and of the softmax regression."""

from __future__ import annotations

from turns import Contestant, Workers, report

TORCH = [
    Contestant("torch", variant)
    for variant in ("eager", "eager channels_last", "compile", "compile channels_last")
]
"""PyTorch in each way that can be the fastest one."""

_SESSIONS = [Contestant("gradiente", "run"), Contestant("tensorflow", "run")]


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


def _compare(
    name: str, network: str, batches: dict[int, float], more: list[Contestant] | None = None
) -> None:
    with Workers([*_SESSIONS, *TORCH, *(more or [])]) as workers:
        for batch, aim in batches.items():
            times = workers.alternate("train", network, batch, 9, 0.25)
            report(f"{name}, training step, batch {batch}", times, 1e3, "ms", {"run": aim})


def experts() -> None:
    """A training step of the experts' network."""
    _compare("experts' network", "experts", {50: 0.65, 256: 0.5}, [Contestant("flax", "jit")])


def cifar() -> None:
    """A training step of three 3x3 convolutions with 64, 128 and 256 channels."""
    _compare("CIFAR network (3x3 convolutions, 64-128-256)", "cifar", {128: 0.5})


def resnet20() -> None:
    """A training step of ResNet-20."""
    _compare("ResNet-20", "resnet20", {128: 0.6})
