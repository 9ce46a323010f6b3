"""``GRADIENTE_CONV``: how convolutions are computed on the CPU.

- ``direct``: the direct kernels;
- ``winograd``: Winograd's transforms wherever they are possible (3×3 and 5×5 at stride 1), the direct kernels elsewhere;
- ``fourier``: Fourier's transform wherever it is possible (up to 9×9 at stride 1), the direct kernels elsewhere;
- ``xla``: XLA's own convolution;
- without the variable, a cost rule chooses for each shape.
"""

from __future__ import annotations

from gradiente.kernels.environment import chosen

METHODS = ("direct", "winograd", "fourier", "xla")


def requested_method() -> str | None:
    """What ``GRADIENTE_CONV`` says, or None where it says nothing.

    Raises:
        ValueError: if it is none of ``METHODS``.
    """
    return chosen("GRADIENTE_CONV", METHODS, "a way to convolve")
