"""How much memory a training step takes, so that one that can't fit is refused before it brings the machine down."""

from __future__ import annotations

import numpy as np

from gradiente.classify.learning.graph import TrainingGraph, activation_bytes
from gradiente.classify.preparation.datasets import Part
from gradiente.classify.problems import OutOfMemoryError
from gradiente.images.memory import free_memory


def check_batch(graph: TrainingGraph, batch: int, train: Part) -> None:
    """Raise if a step is sure not to fit into the memory that is free.

    Counted are the activations that the gradients want back, the variables with their gradients, and the images where
    they lie on the device.

    Args:
        graph: the training graph.
        batch: images in a step.
        train: the training images.

    Raises:
        OutOfMemoryError: with the batch that would fit.
    """
    each = activation_bytes(graph)
    variables = sum(
        4 * int(op.outputs[0].shape.num_elements() or 1)
        for op in graph.graph.get_operations()
        if op.type == "VariableV2"
    )
    resident = train.images.nbytes if isinstance(train.images, np.ndarray) else 0
    free = free_memory() - 2 * variables - resident
    if batch * each <= free:
        return
    fitting = max(0, int(free // max(each, 1)))
    if not fitting:
        raise OutOfMemoryError(
            f"Training this network on images of this size takes {(each + 2 * variables) / 2**30:.1f} GiB for a single "
            f"image, and {max(free_memory(), 0) / 2**30:.1f} GiB are free. Use a smaller --image-size or --model."
        )
    raise OutOfMemoryError(
        f"A step with batches of {batch} images takes about {batch * each / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB "
        f"are free for it. Use --batch {fitting}, or a smaller --image-size."
    )
