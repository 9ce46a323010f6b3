"""Keeps Pillow's remarks on odd files quiet: what can be decoded is taken, and what can't is reported as such."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator
from typing import Any

_lock = threading.Lock()
_inside = 0
_filter: Any = None


@contextlib.contextmanager
def without_remarks() -> Iterator[None]:
    """Warnings that Pillow's modules issue are not shown meanwhile; others are.

    ``warnings.catch_warnings`` is not for several threads: one that ends late would put back another's filters. So one
    filter is added by the first thread that comes and taken away by the last that goes.
    """
    global _inside, _filter
    with _lock:
        _inside += 1
        if _filter is None or _filter not in warnings.filters:
            warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
            _filter = warnings.filters[0]
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                with contextlib.suppress(ValueError, AttributeError):
                    warnings.filters.remove(_filter)  # type: ignore[attr-defined] - a list, though typed as a sequence
                _filter = None
