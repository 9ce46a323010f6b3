"""Initializers (``tf.initializers``)."""

from __future__ import annotations

from gradiente.ops.basic import constant as constant
from gradiente.ops.basic import identity as identity
from gradiente.ops.creation import ones as ones
from gradiente.ops.creation import zeros as zeros
from gradiente.ops.initializers import he_normal as he_normal
from gradiente.ops.initializers import he_uniform as he_uniform
from gradiente.ops.initializers import lecun_normal as lecun_normal
from gradiente.ops.initializers import lecun_uniform as lecun_uniform
from gradiente.ops.random_ops import random_normal as random_normal
from gradiente.ops.random_ops import random_uniform as random_uniform
from gradiente.ops.random_ops import truncated_normal as truncated_normal
from gradiente.ops.variables import global_variables as global_variables
from gradiente.ops.variables import local_variables as local_variables
