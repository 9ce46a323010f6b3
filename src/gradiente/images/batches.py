"""Batches of a part that are made in the background, while the last one is computed with."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from gradiente.images.dataset import Part

Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]
"""Images ``[batch, height, width, channels]`` and labels ``[batch]``."""


def iterate(part: Part, batches: Iterable[npt.NDArray[np.intp]], prefetch: int = 2) -> Iterator[Batch]:
    """The examples of each batch, in order; the next ones are read while the caller works with the last.

    Which examples a batch has is the caller's to say, so the same batches come after a resume.

    Args:
        part: the examples.
        batches: for each batch, the positions of its examples in the part.
        prefetch: how many batches are made ahead; 0 for none.

    Yields:
        ``(images, labels)``: uint8 ``[batch, height, width, channels]`` and int32 ``[batch]``.

    Raises:
        DataNotFoundError: a file can't be read any more.
    """

    def make(at: npt.NDArray[np.intp]) -> Batch:
        return part.images[at], part.labels[at]

    if prefetch < 1 or isinstance(part.images, np.ndarray):
        yield from map(make, batches)
        return
    ahead: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="gradiente-batches") as background:
        try:
            for at in batches:
                ahead.append(background.submit(make, at))
                if len(ahead) > prefetch:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()
