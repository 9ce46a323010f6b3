"""The order in which a training loop takes its examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class BatchOrder:
    """Batches of positions in a data set: every epoch a new permutation, the rest of one epoch joined with the start of
    the next, as ``DataSet.next_batch`` does.

    The order is a function of the seed and the step alone, so it can be taken up again at any step.

    Args:
        num_examples: the size of the data set.
        batch_size: positions in each batch; at most ``num_examples``.
        shuffle: False keeps the data set's order.
        seed: of the permutations.
        positions: the positions that make an epoch, where it is not each one once: some left out, others repeated.

    Raises:
        ValueError: if the batch is empty or larger than the data set.
    """

    def __init__(
        self, num_examples: int, batch_size: int, shuffle: bool = True, seed: int = 0,
        positions: Sequence[int] | NDArray[Any] | None = None,
    ) -> None:  # fmt: skip
        chosen = np.arange(num_examples, dtype=np.int32)
        if positions is not None:
            chosen = np.asarray(positions, np.int32)
            if chosen.size and not (chosen.min() >= 0 and chosen.max() < num_examples):
                raise ValueError(
                    f"Positions in a data set of {num_examples} examples are 0 to {num_examples - 1}, and these are "
                    f"{chosen.min()} to {chosen.max()}."
                )
            num_examples = len(chosen)
        if not 0 < batch_size <= num_examples:
            raise ValueError(
                f"A batch has between 1 and {num_examples} examples (the size of an epoch), not {batch_size}."
            )
        self._positions = chosen
        self.num_examples = num_examples
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.step = 0
        self._epoch = -1
        self._permutation: NDArray[np.int32] = np.arange(0, dtype=np.int32)

    @property
    def epochs_completed(self) -> int:
        """How often every example was taken."""
        return self.step * self.batch_size // self.num_examples

    def _of_epoch(self, epoch: int) -> NDArray[np.int32]:
        if epoch != self._epoch:
            positions = self._positions.copy()
            if self.shuffle:
                np.random.default_rng((self.seed, epoch)).shuffle(positions)
            self._epoch, self._permutation = epoch, positions
        return self._permutation

    def take(self, steps: int) -> NDArray[np.int32]:
        """The next batches: positions of shape [steps, batch_size].

        Raises:
            ValueError: if ``steps`` is negative.
        """
        if steps < 0:
            raise ValueError(f"The number of steps is 0 or more, not {steps}.")
        start, count = self.step * self.batch_size, steps * self.batch_size
        parts: list[NDArray[np.int32]] = []
        while count:
            epoch, offset = divmod(start, self.num_examples)
            part = self._of_epoch(epoch)[offset : offset + count]
            parts.append(part)
            start, count = start + len(part), count - len(part)
        self.step += steps
        return (
            np.concatenate(parts).reshape(steps, self.batch_size)
            if parts
            else np.zeros((0, self.batch_size), np.int32)
        )
