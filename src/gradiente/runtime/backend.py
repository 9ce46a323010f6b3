"""JAX, without its partly unknown types: the runtime's values are arrays of any kind."""

from __future__ import annotations

from typing import Any

import jax as _jax
import jax.numpy as _jax_numpy

from gradiente.runtime.memory import settle_memory

# XLA starts its threads when it is first asked for a device, which is later.
settle_memory(keep=False)

jax: Any = _jax
jnp: Any = _jax_numpy
