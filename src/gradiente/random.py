"""Random numbers (``tf.random``)."""

from __future__ import annotations

from gradiente.ops.philox import Generator as Generator
from gradiente.ops.philox import normal as normal
from gradiente.ops.philox import truncated_normal as truncated_normal
from gradiente.ops.philox import uniform as uniform
from gradiente.ops.random_seed import get_seed as get_seed
from gradiente.ops.random_seed import set_random_seed as set_random_seed
from gradiente.ops.splitting import split as split
