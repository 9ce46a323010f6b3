"""Decodes ahead of what uses the images, in several threads, without holding more than a few of them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(function: Callable[[_Item], _Result], items: Iterable[_Item], ahead: int) -> Iterator[_Result]:
    """The function's results for the items, in their order; while one is used, threads work on those behind it.

    Pillow releases the GIL while it decodes and resizes, so they use all processors.

    Args:
        function: what is called.
        items: what with; they are taken as they are needed.
        ahead: how many results there are at most that were not used yet.
    """
    pool = ThreadPoolExecutor(max(1, min(ahead, max(2, os.cpu_count() or 1), 32)))
    waiting: deque[Future[_Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
