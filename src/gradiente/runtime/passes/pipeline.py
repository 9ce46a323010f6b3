"""The passes, in their order."""

from __future__ import annotations

from collections.abc import Callable

from gradiente.runtime.passes.batch_norm_activation import fuse_batch_norm_and_activation
from gradiente.runtime.passes.bias_activation import fuse_bias_and_activation
from gradiente.runtime.passes.common_subexpressions import merge_common_subexpressions
from gradiente.runtime.passes.constant_folding import fold_constants
from gradiente.runtime.passes.dead_code import remove_dead_code
from gradiente.runtime.passes.entropy_gradient import fuse_entropy_gradients
from gradiente.runtime.passes.pool_gradient import fuse_pool_and_relu_gradients
from gradiente.runtime.passes.pooled_convolution import fuse_pooled_convolutions
from gradiente.runtime.passes.program import Program

PASSES: tuple[Callable[[Program], None], ...] = (
    fold_constants,
    merge_common_subexpressions,
    remove_dead_code,
    fuse_pooled_convolutions,
    fuse_bias_and_activation,
    fuse_batch_norm_and_activation,
    fuse_pool_and_relu_gradients,
    fuse_entropy_gradients,
)
"""Folding and merging leave dead code, which would be in a fusion's way; what joins more comes before what joins less."""


def optimize(program: Program) -> Program:
    """Apply all passes to ``program``, which is changed, and return it."""
    for change in PASSES:
        change(program)
    return program
