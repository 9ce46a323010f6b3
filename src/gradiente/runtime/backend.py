"""JAX, without its partly unknown types: the runtime's values are arrays of any kind."""

from __future__ import annotations

from typing import Any

from gradiente.runtime.memory import settle_memory

settle_memory(keep=False)  # before XLA's threads are there

import jax as _jax  # noqa: E402 - see above
import jax.numpy as _jax_numpy  # noqa: E402 - see above

jax: Any = _jax
jnp: Any = _jax_numpy
