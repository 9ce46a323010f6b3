"""One image or a batch of them: the functions on images take both."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.operation import Tensor


def as_batch(images: Any) -> tuple[Tensor, bool]:
    """Images as a batch, and whether they are one already.

    Raises:
        ValueError: if the rank is neither 3 nor 4, or not known.
    """
    tensor = convert_to_tensor(images, name="images")
    rank = tensor.shape.ndims
    if rank is None:
        raise ValueError(
            "'images' contains no shape: the rank of an image must be known while building. decode_png and decode_jpeg "
            "know it; after decode_image use image.set_shape([None, None, 3])."
        )
    if rank not in (3, 4):
        raise ValueError(
            f"'images' must have either 3 or 4 dimensions, [batch,] height, width, channels; it has shape {tensor.shape}."
        )
    return (tensor, True) if rank == 4 else (apply("ExpandDims", tensor, 0), False)


def unbatched(batch: Tensor, was_batch: bool, name: str | None = None) -> Tensor:
    """The batch, or its only image if one image was given."""
    return batch if was_batch else apply("Squeeze", batch, squeeze_dims=[0], name=name)
