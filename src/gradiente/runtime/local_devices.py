"""The processors of this machine, as TensorFlow lists them (`tensorflow.python.client.device_lib`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DeviceAttributes:
    """One device that a session can use.

    Attributes:
        name: such as `/device:GPU:0`.
        device_type: `CPU`, `GPU` or `TPU`.
        memory_limit: bytes that the device offers, 0 where it does not say.
        physical_device_desc: what the hardware calls itself.
    """

    name: str
    device_type: str
    memory_limit: int
    physical_device_desc: str


def list_local_devices(session_config: object = None) -> list[DeviceAttributes]:
    """Returns the processors that XLA has on this machine, the CPU first.

    Args:
        session_config: accepted and not used.

    >>> list_local_devices()[0].name
    '/device:CPU:0'
    """
    del session_config
    import jax

    untyped: Any = jax
    local: list[Any] = list(untyped.local_devices(backend="cpu"))
    local += [device for device in untyped.local_devices() if device.platform != "cpu"]
    counts: dict[str, int] = {}
    devices: list[DeviceAttributes] = []
    for device in local:
        kind = "GPU" if device.platform in ("gpu", "cuda", "rocm") else device.platform.upper()
        index = counts.setdefault(kind, 0)
        counts[kind] += 1
        memory: dict[str, Any] = (device.memory_stats() or {}) if kind != "CPU" else {}
        limit = int(memory.get("bytes_limit", 0))
        devices.append(DeviceAttributes(f"/device:{kind}:{index}", kind, limit, str(device.device_kind)))
    return devices
