"""Images: decoding, resizing, colour, flips and crops (``tf.image``)."""

from __future__ import annotations

from gradiente.ops.reshape import transpose as transpose
