"""The course's two networks in Flax and Optax, jitted."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from in_graphs import Step
from networks import NETWORKS


class _Net(nn.Module):
    experts: bool

    @nn.compact
    def __call__(self, x: Any) -> Any:
        if self.experts:
            for filters in (32, 64):
                x = nn.max_pool(nn.relu(nn.Conv(filters, (5, 5))(x)), (2, 2), (2, 2))
            x = nn.relu(nn.Dense(1024)(x.reshape(x.shape[0], -1)))
        return nn.Dense(10)(x)


def training_step(network: str, batch: int) -> Step:
    """Jitted training steps on a batch that is fed each time."""
    images, labels = NETWORKS[network].data(batch)
    net = _Net(network == "experts")
    params = net.init(jax.random.key(0), jnp.asarray(images))
    optimizer = optax.sgd(0.5) if network == "softmax" else optax.adam(1e-4)
    state = [params, optimizer.init(params)]

    def loss(params: Any, x: Any, t: Any) -> Any:
        return optax.softmax_cross_entropy(net.apply(params, x), t).mean()

    @jax.jit
    def step(params: Any, opt: Any, x: Any, t: Any) -> Any:
        updates, opt = optimizer.update(jax.grad(loss)(params, x, t), opt)
        return optax.apply_updates(params, updates), opt

    def run(steps: int) -> None:
        for _ in range(steps):
            state[:] = step(*state, images, labels)
            jax.block_until_ready(state)

    return run
