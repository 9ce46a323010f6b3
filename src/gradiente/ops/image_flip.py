"""Images mirrored, turned and transposed, always or by chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.operation import Tensor
from gradiente.ops.basic import identity
from gradiente.ops.random_ops import random_uniform
from gradiente.ops.reshape import transpose


def _image(image: Any) -> tuple[Tensor, int]:
    """An image and the position of its height among the dimensions."""
    tensor = convert_to_tensor(image, name="image")
    rank = tensor.shape.ndims
    if rank is None:
        tensor.set_shape([None] * 3)
    elif rank not in (3, 4):
        raise ValueError(
            f"'image' (shape {tensor.shape}) must have either 3 or 4 dimensions: [batch,] height, width, channels. A "
            "grey image has one channel: tf.expand_dims(image, -1)."
        )
    return tensor, 1 if rank == 4 else 0


def _flip(image: Any, axis: int, what: str) -> Tensor:
    with name_scope(None, what, [image]):
        tensor, first = _image(image)
        return apply("ReverseV2", tensor, [first + axis])


def flip_left_right(image: Any) -> Tensor:
    """Images mirrored at their vertical middle.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.

    Raises:
        ValueError: if the rank is neither 3 nor 4.

    Source: TensorFlow 1's ``tf.image.flip_left_right``.
    """
    return _flip(image, 1, "flip_left_right")


def flip_up_down(image: Any) -> Tensor:
    """Images mirrored at their horizontal middle (see ``flip_left_right``)."""
    return _flip(image, 0, "flip_up_down")


def _random_flip(image: Any, axis: int, seed: int | None, what: str) -> Tensor:
    with name_scope(None, what, [image]) as scope:
        tensor, first = _image(image)
        if first == 0:
            heads = apply("Less", random_uniform([], 0, 1.0, seed=seed), 0.5)
            return apply("Select", heads, apply("ReverseV2", tensor, [axis]), tensor, name=scope)
        batch = apply("StridedSlice", apply("Shape", tensor), [0], [1], [1])
        dtype = tensor.dtype.base_dtype
        drawn = random_uniform(batch, 0, 1.0, seed=seed)
        flips = apply("Reshape", apply("Round", drawn), [-1, 1, 1, 1])
        flips = apply("Cast", flips, DstT=dtype)
        kept = apply("Sub", apply("OnesLike", flips), flips)
        flipped = apply("Mul", flips, apply("ReverseV2", tensor, [first + axis]))
        return apply("AddV2", flipped, apply("Mul", kept, tensor), name=scope)


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """Images mirrored at their vertical middle with probability ½, each image of a batch by itself.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        seed: see ``tf.set_random_seed``.

    Source: TensorFlow 1's ``tf.image.random_flip_left_right``.
    """
    return _random_flip(image, 1, seed, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """Images mirrored at their horizontal middle with probability ½ (see ``random_flip_left_right``)."""
    return _random_flip(image, 0, seed, "random_flip_up_down")


def _swap(tensor: Tensor, first: int) -> Tensor:
    order = [1, 0, 2] if first == 0 else [0, 2, 1, 3]
    return transpose(tensor, order)


def transpose_image(image: Any) -> Tensor:
    """Images with rows and columns exchanged.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
    """
    with name_scope(None, "transpose", [image]):
        tensor, first = _image(image)
        return _swap(tensor, first)


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """Images turned by ``k`` quarters, counter-clockwise.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        k: a number, or an integer scalar.
        name: the name of the operations.
    """
    with name_scope(name, "rot90", [image, k]) as scope:
        tensor, first = _image(image)
        turns: list[Callable[[], Tensor]] = [
            lambda: identity(tensor),
            lambda: apply("ReverseV2", _swap(tensor, first), [first]),
            lambda: apply("ReverseV2", tensor, [first, first + 1]),
            lambda: _swap(apply("ReverseV2", tensor, [first]), first),
        ]
        if not isinstance(k, Tensor):
            return identity(turns[int(np.asarray(k)) % 4](), name=scope)
        from gradiente.ops.control_flow import case

        quarter = apply("FloorMod", k, 4)
        pairs = [(apply("Equal", quarter, i), turns[i]) for i in (1, 2, 3)]
        turned: Tensor = case(pairs, default=turns[0], exclusive=True)
        rank = tensor.shape.as_list()
        turned.set_shape([*rank[:first], None, None, rank[-1]])
        return turned
