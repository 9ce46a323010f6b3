"""The threads that decode images."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_MOST = 32
_PIECES = 256


@cache
def workers() -> ThreadPoolExecutor:
    """One thread for each processor: the decoders release the GIL while they work."""
    return ThreadPoolExecutor(max(1, min(os.cpu_count() or 1, _MOST)), thread_name_prefix="gradiente-images")


def in_parallel(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    watch: Callable[[int, int], None] | None = None,
) -> list[_Result]:
    """``[function(item) for item in items]``, several at a time.

    Args:
        function: works on one item.
        items: the items.
        watch: is told now and then how many of how many are done.
    """
    results: list[_Result] = []
    # In pieces, so that Ctrl-C and an error don't wait for all items.
    for start in range(0, len(items), _PIECES):
        results += workers().map(function, items[start : start + _PIECES])
        if watch is not None:
            watch(len(results), len(items))
    return results
