"""Brings images of any kind and size to the size that a model takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from gradiente.classify.problems import UnreadableImageError
from gradiente.images.loading import Resize, fit, read_image


def bring(image: Any, shape: tuple[int, int, int], resize: Resize) -> npt.NDArray[np.uint8]:
    """An image as the model takes it.

    Args:
        image: a path, a file's contents, a Pillow image, or a uint8 array ``[height, width]`` or
            ``[height, width, 1, 3 or 4]``.
        shape: height, width and channels of the result.
        resize: how images of other proportions are brought to it: see ``Resize``.

    Returns:
        uint8 ``shape``.

    Raises:
        UnreadableImageError: it can't be read, or is no image.
    """
    try:
        if isinstance(image, bytes):
            return read_image(image, *shape, resize)
        if isinstance(image, (str, Path)):
            return read_image(Path(image), *shape, resize)
        return fit(_as_pillow(image), *shape, resize)
    except ValueError as error:
        name = str(image) if isinstance(image, (str, Path)) else "an image"
        raise UnreadableImageError(name, str(error).rstrip(".")) from error


def _as_pillow(image: Any) -> Any:
    from PIL import Image

    if isinstance(image, Image.Image):
        return image
    if not isinstance(image, np.ndarray):
        raise ValueError(
            "An image is a path, the bytes of a file, a Pillow image or a uint8 array, not of the type "
            f"{type(image).__name__}."
        )
    array = cast("npt.NDArray[Any]", image)
    plain: npt.NDArray[Any] = array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    grey, colored = plain.ndim == 2, plain.ndim == 3 and plain.shape[-1] in (3, 4)
    if plain.dtype != np.uint8 or not (grey or colored) or not plain.size:
        raise ValueError(
            f"An image is a uint8 array [height, width] or [height, width, 3], not {array.dtype} of the shape "
            f"{list(array.shape)}."
        )
    return Image.fromarray(plain)
