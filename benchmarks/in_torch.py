"""The networks in PyTorch.

A variant is a set of words: ``compile`` is ``torch.compile`` instead of eager steps, ``channels_last`` the memory format, and
``single`` one thread, which is the better choice for small steps. Optimizers are PyTorch's fused ones, its fastest. On a
GPU a step's batch comes from pinned memory; with ``resident`` it is on the GPU already.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from in_graphs import Step
from networks import CIFAR_CHANNELS, NETWORKS, Array, experts_weights
from torch import nn
from turns import ON_GPU

_THREADS = torch.get_num_threads()
_DEVICE = "cuda" if ON_GPU in os.environ else "cpu"


def _pooled(all_channels: tuple[int, ...], inputs: int, field: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for channels in all_channels:
        layers += [nn.Conv2d(inputs, channels, field, padding=field // 2), nn.ReLU(), nn.MaxPool2d(2)]
        inputs = channels
    return [*layers, nn.Flatten()]


class _Block(nn.Module):
    """Two convolutions whose result is added to what came in, with the shortcut that has no parameters."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.stride = 1 if inputs == channels else 2
        self.conv1 = nn.Conv2d(inputs, channels, 3, self.stride, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = (nn.BatchNorm2d(channels, eps=1e-3) for _ in range(2))

    def forward(self, x: Any) -> Any:
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, x.shape[1]))
        return F.relu(x + y)


class _Mean(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.mean((2, 3))


def _resnet20() -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16, eps=1e-3), nn.ReLU()]
    for inputs, channels in ((16, 16), (16, 32), (32, 64)):
        layers += [_Block(inputs if number == 0 else channels, channels) for number in range(3)]
    return nn.Sequential(*layers, _Mean(), nn.Linear(64, 10))


def _network(name: str) -> nn.Module:
    if name == "softmax":
        return nn.Linear(784, 10)
    if name == "experts":
        return nn.Sequential(*_pooled((32, 64), 1, 5), nn.Linear(3136, 1024), nn.ReLU(), nn.Linear(1024, 10))
    if name == "cifar":
        return nn.Sequential(*_pooled(CIFAR_CHANNELS, 3, 3), nn.Linear(4096, 10))
    return _resnet20()


def _optimizer(name: str, model: nn.Module) -> Any:
    if name == "softmax":
        return torch.optim.SGD(model.parameters(), 0.5, fused=True)
    if name == "experts":
        return torch.optim.Adam(model.parameters(), 1e-4, fused=True)
    return torch.optim.SGD(model.parameters(), 0.01, 0.9, fused=True)


def _as_images(images: Array, variant: str) -> Any:
    if images.ndim == 2:
        return torch.from_numpy(images)
    x = torch.from_numpy(images).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=_format(variant))


def _format(variant: str) -> torch.memory_format:
    return torch.channels_last if "channels_last" in variant else torch.contiguous_format


def _use_threads(variant: str) -> None:
    torch.set_num_threads(1 if "single" in variant else _THREADS)


def training_step(network: str, variant: str, batch: int) -> Step:
    """Training steps on a batch that is a tensor already."""
    images, labels = NETWORKS[network].data(batch)
    torch.manual_seed(0)
    model: Any = _network(network).to(_DEVICE, memory_format=_format(variant))
    optimizer = _optimizer(network, model)
    given = [_as_images(images, variant), torch.from_numpy(labels)]
    if _DEVICE == "cuda":
        given = [x.cuda() if "resident" in variant else x.pin_memory() for x in given]

    def loss_of(x: Any, t: Any) -> Any:
        return F.cross_entropy(model(x), t)

    loss: Callable[[Any, Any], Any] = (
        torch.compile(loss_of, dynamic=False) if "compile" in variant else loss_of
    )

    def run(steps: int) -> None:
        _use_threads(variant)
        for _ in range(steps):
            x, t = (a.to(_DEVICE, non_blocking=True) for a in given)
            optimizer.zero_grad()
            loss(x, t).backward()
            optimizer.step()
        if _DEVICE == "cuda":
            torch.cuda.synchronize()

    return run


def prediction_network(network: str) -> nn.Module:
    """The network with the benchmarks' weights, batch normalization folded into the convolutions."""
    if network == "efficientnet-lite0":
        from torch_efficientnet_lite0 import folded, pretrained

        return folded(pretrained())
    model: Any = _network(network).eval()
    layers = [layer for layer in model if isinstance(layer, nn.Conv2d | nn.Linear)]
    given = [torch.from_numpy(a) for a in experts_weights()]
    with torch.no_grad():
        for number, layer in enumerate(layers):
            weights, biases = given[2 * number : 2 * number + 2]
            if weights.ndim == 4:
                weights = weights.permute(3, 2, 0, 1)
            elif number == 2:
                # What PyTorch flattens has its channels first.
                weights = weights.reshape(7, 7, 64, -1).permute(3, 2, 0, 1).flatten(1)
            else:
                weights = weights.T
            layer.weight.copy_(weights)
            layer.bias.copy_(biases)
    return model


def predictor(network: str, variant: str) -> Callable[[Array], Array]:
    """The logits of images (NHWC), which become a tensor the first time that they are seen."""
    model: Any = prediction_network(network).to(memory_format=_format(variant))
    if "compile" in variant:
        from torch._inductor import config

        config.freezing = True
        model = torch.compile(model, dynamic=False)
    seen: dict[int, Any] = {}

    def predict(images: Array) -> Array:
        _use_threads(variant)
        if id(images) not in seen:
            seen[id(images)] = _as_images(images, variant)
        with torch.inference_mode():
            return model(seen[id(images)]).numpy()

    return predict
