"""The compiled kernels: loading the library, telling XLA of it, choosing the instruction set.

``GRADIENTE_CPU`` chooses: ``baseline``, ``avx2`` or ``avx512`` is the instruction set that the kernels use (without the
variable, the best that the processor has); ``none`` switches them off, and everything runs on XLA's own operations.
"""

from __future__ import annotations

import ctypes
import os
import threading
import warnings
from pathlib import Path
from typing import Any

from gradiente.kernels.environment import chosen

CPUS = ("none", "baseline", "avx2", "avx512")
"""What ``GRADIENTE_CPU`` may say."""

TARGETS = (
    "gradiente_conv2d",
    "gradiente_conv2d_bias",
    "gradiente_conv2d_input_gradient",
    "gradiente_conv2d_filter_gradient",
    "gradiente_depthwise",
    "gradiente_depthwise_bias",
    "gradiente_depthwise_input_gradient",
    "gradiente_depthwise_filter_gradient",
    "gradiente_pooled_conv2d",
    "gradiente_pooled_input_gradient",
    "gradiente_pooled_filter_gradient",
    "gradiente_pooled_gradient",
    "gradiente_pooled_sums",
    "gradiente_max_pool",
    "gradiente_max_pool_gradient",
    "gradiente_average_pool",
    "gradiente_average_pool_gradient",
    "gradiente_image_transform",
    "gradiente_product",
    "gradiente_product_bias",
    "gradiente_column_sums",
    "gradiente_cross_entropy",
    "gradiente_weighted_cross_entropy",
    "gradiente_batch_norm",
    "gradiente_batch_norm_add",
    "gradiente_batch_norm_gradient",
    "gradiente_batch_norm_relu_gradient",
    "gradiente_gather_rows",
    "gradiente_update",
)
"""The library's functions that XLA calls, one line each so that changes to the list seldom meet."""

_FILE = Path(__file__).with_name("gradiente_kernels.so")

_LOST = (
    "gradiente runs without its CPU kernels: {reason}. Everything works, on XLA's own operations, but convolution and "
    "pooling take several times longer on the CPU. {remedy} GRADIENTE_CPU=none accepts this and gives no warning."
)
_INSTALL = "Install gradiente again on a machine with a C++ compiler (g++ or clang++)."


def requested_cpu() -> str | None:
    """What ``GRADIENTE_CPU`` says, or None where it says nothing.

    Raises:
        ValueError: if it is none of ``CPUS``.
    """
    return chosen("GRADIENTE_CPU", CPUS, "an instruction set")


class Library:
    """The compiled library, loaded and registered with XLA.

    Attributes:
        cpu: the name of the instruction set in use.
    """

    def __init__(self, path: Path, cpu: str | None) -> None:
        self._native = ctypes.CDLL(str(path))
        self._native.gradiente_cpu.restype = ctypes.c_char_p
        self._copy = self._native.gradiente_copy
        self._copy.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self._copy.restype = None
        self._threads = _usable_cores()
        if cpu is not None and not self._native.gradiente_choose_cpu(cpu.encode()):
            raise ValueError(
                f"GRADIENTE_CPU is {cpu!r}, but this processor, or the library as it was built, lacks that instruction set. "
                f"It can be {', '.join(self.cpus())}."
            )
        import jax

        ffi: Any = jax.ffi
        for name in TARGETS:
            ffi.register_ffi_target(name, ffi.pycapsule(getattr(self._native, name)), platform="cpu")

    def cpus(self) -> list[str]:
        """What ``GRADIENTE_CPU`` can say on this machine."""
        return [name for name in CPUS if name == "none" or self._native.gradiente_has_cpu(name.encode())]

    @property
    def cpu(self) -> str:
        """The name of the instruction set in use."""
        return self._native.gradiente_cpu().decode()

    def choose_cpu(self, name: str) -> bool:
        """Use another instruction set from now on, also in programs that are compiled already; False if it is not there."""
        return bool(self._native.gradiente_choose_cpu(name.encode()))

    def copy(self, to: int, source: int, size: int) -> None:
        """Copy ``size`` bytes from one address to another, where no byte is both read and written."""
        self._copy(to, source, size, self._threads)


def _usable_cores() -> int:
    """How many cores this process may use; XLA has as many threads."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


_lock = threading.Lock()
_loaded: list[Library | None] = []


def library() -> Library | None:
    """The library; None without one, or if ``GRADIENTE_CPU=none``. It is loaded when it is first asked for.

    Raises:
        ValueError: if ``GRADIENTE_CPU`` names an instruction set that does not exist, or not here.
    """
    if not _loaded:
        with _lock:
            if not _loaded:
                _loaded.append(_load(_FILE))
    return _loaded[0]


def _load(path: Path) -> Library | None:
    cpu = requested_cpu()
    if cpu == "none":
        return None
    if not path.is_file():
        _warn("it was installed without them", _INSTALL)
        return None
    try:
        return Library(path, cpu)
    except (OSError, AttributeError) as error:
        # AttributeError: a library that is older than this module.
        _warn(f"{path.name} cannot be used ({error})", _INSTALL)
        return None


def _warn(reason: str, remedy: str) -> None:
    warnings.warn(_LOST.format(reason=reason, remedy=remedy), RuntimeWarning, stacklevel=4)


def on_cpu() -> bool:
    """Whether the program that is being traced will run on the CPU."""
    import jax

    untyped: Any = jax
    device: Any = untyped.config.jax_default_device
    if device is None:
        return untyped.default_backend() == "cpu"
    return (device if isinstance(device, str) else device.platform) == "cpu"


def usable(*arrays: Any) -> bool:
    """Whether the kernels can take these arrays, as ``float32`` and not empty, on the device that is in use."""
    return all(a.dtype == "float32" and a.size for a in arrays) and on_cpu() and library() is not None
