"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

from pathlib import Path

from gradiente.images.wording import Phrase

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "DIB")
"""The formats that are read. Pillow knows more, some of which start other programs: those are left alone."""

_BY_SUFFIX = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".gif": "GIF", ".bmp": "BMP",
    ".dib": "BMP", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP",
}  # fmt: skip

_OTHERS = (
    (0, b"%PDF", "kind_pdf"),
    (0, b"PK\x03\x04", "kind_zip"),
    (0, b"\x1f\x8b", "kind_gzip"),
    (0, b"7z\xbc\xaf", "kind_7z"),
    (0, b"Rar!", "kind_rar"),
    (0, b"8BPS", "kind_photoshop"),
    (0, b"II*\0\x10\0\0\0CR", "kind_raw"),
    (0, b"\0\0\x01\0", "kind_icon"),
    (0, b"%!PS", "kind_postscript"),
    (0, b"\xff\x4f\xff\x51", "kind_jpeg2000"),
    (4, b"jP  ", "kind_jpeg2000"),
    (4, b"ftypheic", "kind_heic"),
    (4, b"ftypmif1", "kind_heic"),
    (4, b"ftypavif", "kind_avif"),
    (4, b"ftyp", "kind_video"),
    (0, b"\x1aE\xdf\xa3", "kind_video"),
)


def unlike_name(path: Path, image_format: str) -> Phrase | None:
    """What to say about a file whose name promises another format than it has; None where the two agree.

    >>> unlike_name(Path("cat.png"), "JPEG")
    'it is a JPEG file, whatever its name says'
    """
    actual = {"MPO": "JPEG", "DIB": "BMP"}.get(image_format, image_format)
    promised = _BY_SUFFIX.get(path.suffix.casefold())
    if promised is None or promised == actual:
        return None
    return Phrase("reason_named", kind=actual)


def what_else(data: bytes) -> Phrase:
    """What a file is that is no image of a format that is read, as the reason not to read it."""
    for at, magic, name in _OTHERS:
        if data[at : at + len(magic)] == magic:
            return Phrase("reason_other", kind=Phrase(name))
    if data.startswith(b"version https://git-lfs"):
        return Phrase("reason_lfs")
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head")):
        return Phrase("reason_html")
    if head.startswith((b"<svg", b"<?xml")):
        return Phrase("reason_xml")
    if data.count(0) == len(data):
        return Phrase("reason_zeros")
    return Phrase("reason_unknown")
