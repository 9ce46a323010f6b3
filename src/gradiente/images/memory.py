"""How much memory there is for images."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_SHARE = 4
"""Images may take a quarter of the free memory: training keeps a copy of them on the device, often in the same memory."""


_CONTAINER = Path("/sys/fs/cgroup")
_OF_CONTAINER = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)
"""Files with a container's limit and what it uses, in Linux's control groups of the second version and of the first."""


def free_memory() -> int:
    """The bytes of memory that programs can still have: of the machine, or of the container that this process runs in."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError, KeyError):
        free = int(_fields(Path("/proc/meminfo"))["MemAvailable:"]) * 1024
    for limit, usage, details, kept in _OF_CONTAINER:
        with suppress(OSError, ValueError, KeyError):
            most, used = (int((_CONTAINER / name).read_text()) for name in (limit, usage))
            # What the system keeps of files that were read counts as used, and goes when the room is needed.
            used -= int(_fields(_CONTAINER / details)[kept])
            free = min(free, max(0, most - used))
    return free


def _fields(path: Path) -> dict[str, str]:
    """The lines of a file of names and numbers."""
    return {words[0]: words[1] for line in path.read_text().splitlines() if len(words := line.split()) > 1}


def fits_in_memory(needed: int, memory: int | None = None) -> bool:
    """Whether so many bytes of images are held in memory, or read anew for each epoch.

    Args:
        needed: the bytes of all images.
        memory: how many there may be; a share of what is free without it.
    """
    return needed <= (free_memory() // _SHARE if memory is None else memory)
