"""Files of images that are damaged in many ways, each by its seed: truncated, with flipped bits, with wrong headers.

`python tests/images/mutate_images.py 2000` reads so many and says how many could be read.
"""

from __future__ import annotations

import io
import sys
from collections import Counter

import numpy as np
from PIL import Image

from gradiente.images.loading import read_image

_KINDS = (
    ("JPEG", "RGB", {"quality": 85}), ("JPEG", "CMYK", {}), ("JPEG", "L", {"progressive": True}), ("PNG", "RGBA", {}),
    ("PNG", "P", {}), ("PNG", "I;16", {}), ("GIF", "P", {}), ("BMP", "RGB", {}), ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    ("TIFF", "I;16", {}), ("WEBP", "RGB", {}), ("WEBP", "RGBA", {"lossless": True}),
)  # fmt: skip


def whole(seed: int) -> bytes:
    """A file that can be read."""
    kind, mode, options = _KINDS[seed % len(_KINDS)]
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).resize((64, 48))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    buffer = io.BytesIO()
    (image if mode == "I;16" else image.convert(mode)).save(buffer, kind, **options)
    return buffer.getvalue()


def mutated(seed: int) -> bytes:
    """A file that is damaged."""
    rng = np.random.default_rng((seed, 1))
    data = bytearray(whole(seed))
    way = seed // len(_KINDS) % 6
    if way == 0:
        return bytes(data[: rng.integers(0, len(data))])
    if way == 1:
        for at in rng.integers(0, len(data), rng.integers(1, 30)):
            data[at] ^= 1 << int(rng.integers(0, 8))
    elif way == 2:
        for at in rng.integers(0, min(64, len(data)), rng.integers(1, 6)):
            data[at] = int(rng.integers(0, 256))
    elif way == 3:
        start = int(rng.integers(0, len(data)))
        data[start : start + int(rng.integers(1, 200))] = b""
    elif way == 4:
        start = int(rng.integers(0, len(data)))
        data[start:start] = rng.bytes(int(rng.integers(1, 200)))
    else:
        other = whole(seed + 1)
        cut = int(rng.integers(4, 40))
        data[:cut] = other[:cut]
    return bytes(data)


def outcome(data: bytes) -> str:
    """``"read"``, or the reason why not."""
    try:
        image = read_image(data, 32, 32, 3)
    except ValueError as error:
        return "quarantined" if str(error) else "no reason"
    assert image.shape == (32, 32, 3)
    return "read"


if __name__ == "__main__":
    print(Counter(outcome(mutated(seed)) for seed in range(int(sys.argv[1]))))
