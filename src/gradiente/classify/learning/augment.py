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
            return tf.random_uniform([batch, 1], -most, most) if most else tf.zeros([batch, 1])

        angle = draw(math.radians(self.rotate))
        scale_x, scale_y = 1 + draw(self.zoom), 1 + draw(self.zoom)
        if self.flip:
            scale_x *= tf.where(
                tf.random_uniform([batch, 1]) < 0.5, -tf.ones_like(angle), tf.ones_like(angle)
            )
        # The map from the result's pixels to the image's, about the middle, which stays where it is: first scaled and
        # mirrored, then sheared, then turned, then moved.
        cos, sin, slant = tf.cos(angle), tf.sin(angle), draw(self.shear)
        a0, a1 = cos * scale_x, (cos * slant - sin) * scale_y
        b0, b1 = sin * scale_x, (sin * slant + cos) * scale_y
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        a2 = middle_x - a0 * middle_x - a1 * middle_y + draw(self.shift) * width
        b2 = middle_y - b0 * middle_x - b1 * middle_y + draw(self.shift) * height
        none = tf.zeros_like(a0)
        maps = tf.concat([a0, a1, a2, b0, b1, b2, none, none], 1)
        return tf.image.projective_transform(images, maps, "BILINEAR", fill_mode="NEAREST")

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


AUGMENTATIONS: Mapping[str, Augmentation] = {
    "none": Augmentation(),
    "shift": Augmentation(shift=0.07),
    "digits": Augmentation(shift=0.07, rotate=10, zoom=0.1, shear=0.1),
    "photos": Augmentation(shift=0.1, rotate=10, zoom=0.15, flip=True, light=0.2),
    "strong": Augmentation(shift=0.15, rotate=15, zoom=0.25, shear=0.1, flip=True, light=0.3, erase=0.3),
}
"""The variations that ``--augment`` names."""
