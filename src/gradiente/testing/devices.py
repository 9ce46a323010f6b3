"""What the machine that runs the tests has."""

from __future__ import annotations

from gradiente.runtime.local_devices import list_local_devices


def gpu_device_name() -> str:
    """Returns the name of the first GPU, such as `/device:GPU:0`, or an empty text where there is none."""
    return next((device.name for device in list_local_devices() if device.device_type == "GPU"), "")


def is_gpu_available(
    cuda_only: bool = False, min_cuda_compute_capability: tuple[int, int] | None = None
) -> bool:
    """Whether XLA has a GPU to compute on.

    Args:
        cuda_only: accepted; every GPU counts.
        min_cuda_compute_capability: accepted; every GPU counts.
    """
    del cuda_only, min_cuda_compute_capability
    return bool(gpu_device_name())


def is_built_with_cuda() -> bool:
    """Whether XLA has an NVIDIA GPU to compute on: its CUDA support is a plug-in that is there or not."""
    return any("NVIDIA" in device.physical_device_desc for device in list_local_devices())


def is_built_with_xla() -> bool:
    """Returns True: XLA is the engine.

    >>> is_built_with_xla()
    True
    """
    return True
