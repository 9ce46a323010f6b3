"""Images sampled between their pixels on the CPU, float32: the call of the C++ kernel."""

from __future__ import annotations

from gradiente.graph.types import Array
from gradiente.kernels.call import call


def transform(images: Array, transforms: Array, size: tuple[int, int], fill: Array) -> Array:
    """Each pixel of the result from where its image's map sends it, with bilinear interpolation and the edge repeated.

    Args:
        images: float32 ``[batch, height, width, channels]``.
        transforms: float32 ``[batch or 1, 8]``.
        size: height and width of the result.
        fill: float32, one number: what a pixel is that the map sends nowhere, because its denominator is 0 there.
    """
    shape = (images.shape[0], *size, images.shape[3])
    return call("gradiente_image_transform", shape, images, transforms, fill)
