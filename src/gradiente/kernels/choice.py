"""``GRADIENTE_CONV``: how convolutions are computed on the CPU.

- ``direct``: the direct kernels;
- ``winograd``: Winograd's transforms wherever they are possible (3×3 and 5×5 at stride 1), the direct kernels elsewhere;
- ``xla``: XLA's own convolution;
- without the variable, a cost rule chooses for each shape.
"""

from __future__ import annotations

import os

METHODS = ("direct", "winograd", "xla")


def requested_method() -> str | None:
    """What ``GRADIENTE_CONV`` says, or None where it says nothing.

    Raises:
        ValueError: if it is none of ``METHODS``.
    """
    text = os.environ.get("GRADIENTE_CONV", "").strip()
    if text and text not in METHODS:
        raise ValueError(
            f"GRADIENTE_CONV is {text!r}, which is not a way to convolve; it can be {', '.join(METHODS)}."
        )
    return text or None
