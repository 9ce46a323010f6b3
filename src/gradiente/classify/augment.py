"""Variations of training images, made anew in each step, inside the compiled program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradiente as tf


@dataclass(frozen=True)
class Augmentation:
    """How far an image may be varied. Every image of a batch is varied on its own; what is 0 or False is left as it is.

    Attributes:
        shift: by what part of its side it is moved at most, up or down and left or right.
        rotate: by how many degrees it is turned at most, either way.
        zoom: by what part it is made larger or smaller at most.
        shear: by what part of its height its upper edge moves sideways at most.
        flip: whether half of the images are mirrored, left for right.
        light: by what part brightness and contrast change at most.
        erase: the side of a square, as a part of the image's side, that is painted over with the image's mean.
    """

    shift: float = 0.0
    rotate: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    flip: bool = False
    light: float = 0.0
    erase: float = 0.0

    def as_text(self) -> str:
        """The variations as a phrase.

        >>> AUGMENTATIONS["digits"].as_text()
        'moved by up to 7 %, turned by up to 10°, scaled by up to 10 %, sheared by up to 10 %'
        """
        parts = [
            f"moved by up to {100 * self.shift:.0f} %" if self.shift else "",
            f"turned by up to {self.rotate:.0f}°" if self.rotate else "",
            f"scaled by up to {100 * self.zoom:.0f} %" if self.zoom else "",
            f"sheared by up to {100 * self.shear:.0f} %" if self.shear else "",
            "mirrored" if self.flip else "",
            f"light and contrast changed by up to {100 * self.light:.0f} %" if self.light else "",
            f"a square of {100 * self.erase:.0f} % painted over" if self.erase else "",
        ]
        return ", ".join(part for part in parts if part) or "not varied"

    def apply(self, images: Any) -> Any:
        """The images, varied.

        Args:
            images: float32 ``[batch, height, width, channels]`` of 0..255, height and width known.

        Returns:
            The same shape and range. What comes in from outside is the image's edge, repeated.
        """
        if self.shift or self.rotate or self.zoom or self.shear or self.flip:
            images = self._moved(images)
        if self.light:
            images = self._lit(images)
        if self.erase:
            images = self._erased(images)
        return images

    def _moved(self, images: Any) -> Any:
        """Sample each image where a random affine map sends its pixels, with bilinear interpolation."""
        height, width = int(images.shape[1]), int(images.shape[2])
        batch = tf.shape(images)[0]

        def draw(most: float) -> Any:
            return tf.random_uniform([batch, 1, 1], -most, most) if most else tf.zeros([batch, 1, 1])

        angle = draw(math.radians(self.rotate))
        scale_x, scale_y = 1 + draw(self.zoom), 1 + draw(self.zoom)
        if self.flip:
            scale_x *= tf.where(
                tf.random_uniform([batch, 1, 1]) < 0.5, -tf.ones_like(angle), tf.ones_like(angle)
            )
        # Coordinates from the middle, which stays where it is, so that a side of one counts as much as another.
        y = tf.reshape(tf.range(height, dtype=tf.float32) - (height - 1) / 2, [1, height, 1])
        x = tf.reshape(tf.range(width, dtype=tf.float32) - (width - 1) / 2, [1, 1, width])
        x = x * scale_x
        y = y * scale_y + tf.zeros_like(x)
        x += draw(self.shear) * y
        from_x = tf.cos(angle) * x - tf.sin(angle) * y + draw(self.shift) * width + (width - 1) / 2
        from_y = tf.sin(angle) * x + tf.cos(angle) * y + draw(self.shift) * height + (height - 1) / 2
        return sample(images, from_y, from_x)

    def _lit(self, images: Any) -> Any:
        batch = tf.shape(images)[0]
        contrast, brightness = (
            tf.random_uniform([batch, 1, 1, 1], -self.light, self.light) for _ in range(2)
        )
        mean = tf.reduce_mean(images, [1, 2, 3], keepdims=True)
        return tf.clip_by_value((images - mean) * (1 + contrast) + mean * (1 + brightness), 0.0, 255.0)

    def _erased(self, images: Any) -> Any:
        height, width = int(images.shape[1]), int(images.shape[2])
        batch = tf.shape(images)[0]
        mean = tf.reduce_mean(images, [1, 2], keepdims=True)

        def strip(side: int) -> Any:
            """Which rows (or columns) the square takes: it may hang over an edge."""
            middle = tf.random_uniform([batch, 1], 0.0, float(side))
            return tf.abs(tf.range(side, dtype=tf.float32) + 0.5 - middle) < self.erase * side / 2

        rows, columns = strip(height), strip(width)
        square = tf.logical_and(tf.reshape(rows, [-1, height, 1, 1]), tf.reshape(columns, [-1, 1, width, 1]))
        inside = tf.cast(square, tf.float32)
        return images * (1 - inside) + mean * inside


def sample(images: Any, y: Any, x: Any) -> Any:
    """Read images between their pixels, with bilinear interpolation; outside, the nearest pixel of the edge counts.

    Args:
        images: float32 ``[batch, height, width, channels]``, height, width and channels known.
        y: rows, float32 ``[batch, rows, columns]``; 0 is the middle of the first row.
        x: columns, of the same shape.

    Returns:
        float32 ``[batch, rows, columns, channels]``.
    """
    height, width, channels = (int(d) for d in images.shape[1:])
    pixels = tf.reshape(images, [-1, channels])
    y, x = tf.clip_by_value(y, 0.0, height - 1.0), tf.clip_by_value(x, 0.0, width - 1.0)
    top, left = (
        tf.minimum(tf.floor(y), max(0.0, height - 2.0)),
        tf.minimum(tf.floor(x), max(0.0, width - 2.0)),
    )
    down, right = tf.expand_dims(y - top, -1), tf.expand_dims(x - left, -1)
    first = tf.reshape(tf.range(tf.shape(images)[0]) * (height * width), [-1, 1, 1])
    at = first + tf.cast(top, tf.int32) * width + tf.cast(left, tf.int32)
    below, beside = width * (height > 1), int(width > 1)
    upper = tf.gather(pixels, at) * (1 - right) + tf.gather(pixels, at + beside) * right
    lower = tf.gather(pixels, at + below) * (1 - right) + tf.gather(pixels, at + below + beside) * right
    return upper * (1 - down) + lower * down


AUGMENTATIONS: Mapping[str, Augmentation] = {
    "none": Augmentation(),
    "shift": Augmentation(shift=0.07),
    "digits": Augmentation(shift=0.07, rotate=10, zoom=0.1, shear=0.1),
    "photos": Augmentation(shift=0.1, rotate=10, zoom=0.15, flip=True, light=0.2),
    "strong": Augmentation(shift=0.15, rotate=15, zoom=0.25, shear=0.1, flip=True, light=0.3, erase=0.3),
}
"""The variations that ``--augment`` names."""
