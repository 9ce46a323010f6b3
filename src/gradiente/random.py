"""Random numbers (``tf.random``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.nn_candidates import log_uniform_candidate_sampler as log_uniform_candidate_sampler
from gradiente.ops.nn_candidates import uniform_candidate_sampler as uniform_candidate_sampler
from gradiente.ops.random_discrete import categorical as categorical
from gradiente.ops.random_discrete import multinomial as multinomial
from gradiente.ops.random_ops import random_normal as normal
from gradiente.ops.random_ops import random_uniform as uniform
from gradiente.ops.random_ops import truncated_normal as truncated_normal
from gradiente.ops.random_seed import get_seed as get_seed
from gradiente.ops.random_seed import set_random_seed as set_random_seed
from gradiente.ops.random_shuffling import random_crop as random_crop
from gradiente.ops.random_shuffling import random_shuffle as shuffle
from gradiente.ops.random_stateless import stateless_random_normal as stateless_normal
from gradiente.ops.random_stateless import stateless_random_uniform as stateless_uniform
from gradiente.ops.random_stateless import stateless_truncated_normal as stateless_truncated_normal

__all__ = [
    "categorical",
    "get_seed",
    "log_uniform_candidate_sampler",
    "multinomial",
    "normal",
    "random_crop",
    "set_random_seed",
    "shuffle",
    "stateless_normal",
    "stateless_truncated_normal",
    "stateless_uniform",
    "truncated_normal",
    "uniform",
    "uniform_candidate_sampler",
]

__getattr__ = _missing_in("random")
