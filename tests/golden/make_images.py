"""Makes ``images/``: small image files of every kind, and what TensorFlow decodes them to.

``python tests/golden/make_images.py inputs`` runs in gradiente's environment (it needs Pillow) and makes the files;
``python tests/golden/make_images.py expected`` runs in TensorFlow's and makes ``expected.npz``, whose keys are
calls, such as ``decode_png|rgb8.png|channels=1``.
"""

from __future__ import annotations

import io
import shutil
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parent / "images"
WIDTH, HEIGHT = 13, 9
ENCODINGS = ("", "quality=40", "quality=90,chroma_downsampling=0", "quality=75,progressive=1,optimize_size=1")
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
COLOUR_TYPES = {"grey": (0, 1), "rgb": (2, 3), "palette": (3, 1), "grey_alpha": (4, 2), "rgba": (6, 4)}
DEPTHS = {
    "grey": (1, 2, 4, 8, 16),
    "rgb": (8, 16),
    "palette": (1, 2, 4, 8),
    "grey_alpha": (8, 16),
    "rgba": (8, 16),
}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda value: abs(guess - value))
    return (0, left, up, (left + up) // 2)[kind]


def filtered(rows: list[bytes], step: int) -> bytes:
    """The rows with each of PNG's five filters in turn."""
    out = bytearray()
    above = bytes(len(rows[0]))
    for y, row in enumerate(rows):
        kind = (y + 1) % 5
        out.append(kind)
        for x, value in enumerate(row):
            left = row[x - step] if x >= step else 0
            corner = above[x - step] if x >= step else 0
            out.append((value - predicted(kind, left, above[x], corner)) & 0xFF)
        above = row
    return bytes(out)


def packed(samples: np.ndarray, depth: int) -> list[bytes]:
    flat = samples.reshape(len(samples), -1)
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in flat]
    if depth == 8:
        return [row.astype(np.uint8).tobytes() for row in flat]
    bits = (flat[..., None] >> np.arange(depth - 1, -1, -1)) & 1
    return [np.packbits(row.reshape(-1)).tobytes() for row in bits.astype(np.uint8)]


def png(samples: np.ndarray, kind: str, depth: int, extra: bytes = b"", interlaced: bool = False) -> bytes:
    colour_type, channels = COLOUR_TYPES[kind]
    step = max(1, depth * channels // 8)
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    parts = [samples[y::down, x::right] for x, y, right, down in passes]
    data = b"".join(filtered(packed(part, depth), step) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, colour_type, 0, 0, interlaced)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def pngs(random: np.random.Generator) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    gamma = {f"gama{value}": chunk(b"gAMA", struct.pack(">I", value)) for value in (33333, 45455, 100000)}
    gamma["srgb"] = chunk(b"sRGB", b"\0")
    for kind, depths in DEPTHS.items():
        channels = COLOUR_TYPES[kind][1]
        for depth in depths:
            samples = random.integers(0, 1 << depth, [HEIGHT, WIDTH, channels])
            samples[2:4] = samples[2:4, :1, :1]  # grey, where there is colour
            table = chunk(b"PLTE", random.bytes(3 << depth)) if kind == "palette" else b""
            name = f"{kind}{depth}"
            files[f"{name}.png"] = png(samples, kind, depth, table)
            files[f"{name}_interlaced.png"] = png(samples, kind, depth, table, interlaced=True)
            if kind in ("grey", "rgb"):
                key = b"".join(struct.pack(">H", v) for v in samples[0, 0])
                files[f"{name}_key.png"] = png(samples, kind, depth, chunk(b"tRNS", key))
            if kind == "palette":
                files[f"{name}_key.png"] = png(samples, kind, depth, table + chunk(b"tRNS", random.bytes(2)))
            if depth == 8 and kind in ("rgb", "rgba", "palette"):
                for word, body in gamma.items():
                    files[f"{name}_{word}.png"] = png(samples, kind, depth, body + table)
    files["one_pixel16.png"] = png(np.full([1, 1, 3], 777), "rgb", 16)
    return files


def picture(random: np.random.Generator, width: int = 37, height: int = 29, channels: int = 3) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    smooth = [128 + 100 * np.sin(x / (5 + c) + y / (9 - c) + c) for c in range(channels)]
    noisy = np.stack(smooth, -1) + random.normal(0, 8, [height, width, channels])
    return noisy.clip(0, 255).astype(np.uint8)


def saved(image: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def without_adobe(data: bytes) -> bytes:
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def jpegs(random: np.random.Generator) -> dict[str, bytes]:
    from PIL import Image

    colour = Image.fromarray(picture(random))
    grey = colour.convert("L")
    cmyk = saved(Image.fromarray(picture(random, channels=4), "CMYK"), "JPEG", quality=90)
    return {
        "colour.jpg": saved(colour, "JPEG", quality=90),
        "colour444.jpg": saved(colour, "JPEG", quality=95, subsampling=0),
        "progressive.jpg": saved(colour, "JPEG", quality=80, progressive=True),
        "grey.jpg": saved(grey, "JPEG", quality=90),
        "stored_rgb.jpg": saved(colour, "JPEG", quality=90, keep_rgb=True),
        "cmyk_adobe.jpg": cmyk,
        "cmyk_plain.jpg": without_adobe(cmyk),
        "tiny.jpg": saved(colour.crop((0, 0, 3, 5)), "JPEG", quality=90),
    }


def gifs(random: np.random.Generator) -> dict[str, bytes]:
    from PIL import Image

    frames = [Image.fromarray(random.integers(0, 200, [10, 12, 3]).astype(np.uint8)) for _ in range(4)]
    for which in (1, 2):  # a frame that changes a part only
        part = np.array(frames[which - 1])
        part[3:6, 4:9] = np.array(frames[which])[3:6, 4:9]
        frames[which] = Image.fromarray(part)
    coloured = [frame.quantize(64) for frame in frames]
    still = saved(coloured[0], "GIF", interlace=0)
    see_through = [frame.quantize(16) for frame in frames]
    return {
        "still.gif": still,
        "interlaced.gif": saved(coloured[0], "GIF", interlace=1),
        "grey.gif": saved(frames[0].convert("L"), "GIF"),
        "animated.gif": saved(coloured[0], "GIF", save_all=True, append_images=coloured[1:], duration=50),
        "disposed.gif": saved(
            see_through[0],
            "GIF",
            save_all=True,
            append_images=see_through[1:],
            duration=50,
            disposal=2,
            transparency=3,
        ),
        "see_through.gif": saved(see_through[0], "GIF", transparency=2),
        "offset.gif": still.replace(b"\x2c\0\0\0\0", b"\x2c\3\0\2\0", 1),
        "small_in_large.gif": still[:6] + struct.pack("<HH", 15, 14) + still[10:],
        "large_in_small.gif": still[:6] + struct.pack("<HH", 7, 6) + still[10:],
    }


def bmps(random: np.random.Generator) -> dict[str, bytes]:
    from PIL import Image

    colour = Image.fromarray(picture(random, 7, 5))
    full = saved(Image.fromarray(picture(random, 7, 5, 4), "RGBA"), "BMP")
    upright = saved(colour, "BMP")
    return {
        "colour.bmp": upright,
        "top_down.bmp": upright[:22] + struct.pack("<i", -5) + upright[26:],
        "alpha.bmp": full,
        "grey.bmp": saved(colour.convert("L"), "BMP"),
        "bits1.bmp": saved(colour.convert("1"), "BMP"),
    }


def inputs() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    random = np.random.default_rng(7)
    for make in (pngs, jpegs, gifs, bmps):
        for name, data in make(random).items():
            (OUT / name).write_bytes(data)


def calls() -> list[str]:
    out: list[str] = []
    for path in sorted(OUT.iterdir()):
        kind = path.suffix[1:]
        name = path.name
        if kind == "png":
            out += [f"decode_png|{name}|channels={c},dtype=uint8" for c in (0, 1, 3, 4)]
            out += [f"decode_png|{name}|channels={c},dtype=uint16" for c in (0, 1)]
            if path.stem in ("rgb8", "rgb16", "palette4_key", "grey_alpha8"):
                out += [f"decode_image|{name}|channels={c},dtype=float32" for c in (0, 3)]
        if kind == "jpg":
            out += [f"decode_jpeg|{name}|channels={c},ratio={r}" for c in (0, 1, 3) for r in (1, 2, 4, 8)]
            out += [f"decode_jpeg|{name}|channels=0,dct_method=INTEGER_ACCURATE"]
            out += [f"decode_image|{name}|channels=0,dtype={d}" for d in ("uint8", "uint16", "float32")]
            out += [f"decode_png|{name}|channels=3", f"decode_png|{name}|channels=4", f"decode_gif|{name}|"]
        if kind == "gif":
            out += [f"decode_gif|{name}|", f"decode_png|{name}|", f"decode_jpeg|{name}|channels=1"]
            out += [
                f"decode_image|{name}|expand_animations={e},dtype={d}"
                for e in (0, 1)
                for d in ("uint8", "uint16")
            ]
        if kind == "bmp":
            # TensorFlow reads past the colour table of an 8-bit image that is asked for 3 or 4 channels, and dies
            # of a top-down image in decode_image.
            out += [
                f"decode_bmp|{name}|channels={c}" for c in ((0, 1) if name == "grey.bmp" else (0, 1, 3, 4))
            ]
            out += [f"decode_png|{name}|"]
            if name != "top_down.bmp":
                out += [f"decode_image|{name}|dtype=float32"]
    out += [
        "decode_gif|rgb8.png|",
        "decode_bmp|rgb8.png|",
        "decode_png|rgb8.png|channels=2",
        "decode_jpeg|rgba8.png|channels=4",
    ]
    return out


def arguments(text: str) -> dict[str, Any]:
    """The arguments of a call: flags and numbers as such, the rest as text."""
    pairs = (part.split("=") for part in text.split(",") if part)
    flags = ("expand_animations", "chroma_downsampling", "progressive", "optimize_size")
    return {
        name: bool(int(value)) if name in flags else int(value) if value.isdigit() else value
        for name, value in pairs
    }


def expected() -> None:
    import tensorflow as tf

    results: dict[str, np.ndarray] = {}
    for call in calls():
        op, name, text = call.split("|")
        given = arguments(text)
        if "dtype" in given:
            given["dtype"] = tf.as_dtype(given["dtype"])
        try:
            results[call] = getattr(tf.io, op)((OUT / name).read_bytes(), **given).numpy()
        except (tf.errors.InvalidArgumentError, ValueError):
            results[call] = np.array("error")
    image = tf.io.decode_png((OUT / "rgb8.png").read_bytes())
    for text in ENCODINGS:
        data = tf.io.encode_jpeg(image, **arguments(text))
        results[f"encode_jpeg|rgb8.png|{text}"] = tf.io.decode_jpeg(
            data, dct_method="INTEGER_ACCURATE"
        ).numpy()
    np.savez_compressed(OUT / "expected.npz", **results)


if __name__ == "__main__":
    {"inputs": inputs, "expected": expected}[sys.argv[1]]()
