"""Images: decoding, resizing, colour, flips and crops (``tf.image``)."""

from __future__ import annotations

from gradiente.ops.patches import extract_image_patches as extract_image_patches
from gradiente.ops.random_shuffling import random_crop as random_crop
from gradiente.ops.reshape import transpose as transpose
