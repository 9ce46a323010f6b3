"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

from pathlib import Path

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "DIB")
"""The formats that are read. Pillow knows more, some of which start other programs: those are left alone."""

_BY_SUFFIX = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".gif": "GIF", ".bmp": "BMP",
    ".dib": "BMP", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP",
}  # fmt: skip

_OTHERS = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"II*\0\x10\0\0\0CR", "a camera's raw file"),
    (0, b"\0\0\x01\0", "an icon"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (4, b"jP  ", "a JPEG 2000 image"),
    (4, b"ftypheic", "a HEIC image"),
    (4, b"ftypmif1", "a HEIC image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"version https://git-lfs", "a Git LFS pointer; `git lfs pull` fetches the image"),
)


def unlike_name(path: Path, image_format: str) -> str | None:
    """What to say about a file whose name promises another format than it has; None where the two agree.

    >>> unlike_name(Path("cat.png"), "JPEG")
    'it is a JPEG file, whatever its name says'
    """
    actual = {"MPO": "JPEG", "DIB": "BMP"}.get(image_format, image_format)
    promised = _BY_SUFFIX.get(path.suffix.casefold())
    if promised is None or promised == actual:
        return None
    return f"it is a {actual} file, whatever its name says"


def what_else(data: bytes) -> str:
    """What a file is that is no image of a format that is read, as the reason not to read it."""
    for at, magic, name in _OTHERS:
        if data[at : at + len(magic)] == magic:
            return f"it is {name}"
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head")):
        return "it is an HTML page, as from a download that failed"
    if head.startswith((b"<svg", b"<?xml")):
        return "it is an SVG or XML file"
    if data.count(0) == len(data):
        return "it has nothing but zeros"
    return "it is no image of a known format"
