"""How much memory there is for images."""

from __future__ import annotations

import os
from pathlib import Path

_SHARE = 4
"""Images may take a quarter of the free memory: training keeps a copy of them on the device, often in the same memory."""


def free_memory() -> int:
    """The bytes of memory that programs can still have: of the machine, or of the container that this process runs in."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) * 1024
        most = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if most != "max":
            used = int(Path("/sys/fs/cgroup/memory.current").read_text())
            free = min(free, max(0, int(most) - used))
    except (OSError, ValueError):
        pass
    return free


def fits_in_memory(needed: int, memory: int | None = None) -> bool:
    """Whether so many bytes of images are held in memory, or read anew for each epoch.

    Args:
        needed: the bytes of all images.
        memory: how many there may be; a share of what is free without it.
    """
    return needed <= (free_memory() // _SHARE if memory is None else memory)
