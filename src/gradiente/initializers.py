"""Initializers (``tf.initializers``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.initializers import constant_initializer as constant
from gradiente.ops.initializers import glorot_normal_initializer as glorot_normal
from gradiente.ops.initializers import glorot_uniform_initializer as glorot_uniform
from gradiente.ops.initializers import he_normal as he_normal
from gradiente.ops.initializers import he_uniform as he_uniform
from gradiente.ops.initializers import identity_initializer as identity
from gradiente.ops.initializers import lecun_normal as lecun_normal
from gradiente.ops.initializers import lecun_uniform as lecun_uniform
from gradiente.ops.initializers import ones_initializer as ones
from gradiente.ops.initializers import orthogonal_initializer as orthogonal
from gradiente.ops.initializers import random_normal_initializer as random_normal
from gradiente.ops.initializers import random_uniform_initializer as random_uniform
from gradiente.ops.initializers import truncated_normal_initializer as truncated_normal
from gradiente.ops.initializers import uniform_unit_scaling_initializer as uniform_unit_scaling
from gradiente.ops.initializers import variance_scaling_initializer as variance_scaling
from gradiente.ops.initializers import zeros_initializer as zeros
from gradiente.ops.variable_lists import global_variables as global_variables
from gradiente.ops.variable_lists import local_variables as local_variables

__all__ = [
    "constant",
    "global_variables",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "local_variables",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "uniform_unit_scaling",
    "variance_scaling",
    "zeros",
]

__getattr__ = _missing_in("initializers")
