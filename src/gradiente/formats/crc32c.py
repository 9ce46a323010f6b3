"""The CRC-32C checksum as TensorFlow's files carry it: masked."""

from __future__ import annotations

from typing import Any

import google_crc32c

_crc32c: Any = google_crc32c

_MASK_DELTA = 0xA282EAD8
_WORD = 0xFFFFFFFF


def extend(crc: int, data: bytes | bytearray | memoryview) -> int:
    """The checksum of what ``crc`` is the checksum of, followed by ``data``.

    >>> hex(extend(extend(0, b"1234"), b"56789"))
    '0xe3069283'
    """
    return _crc32c.extend(crc, data if isinstance(data, bytes) else bytes(data))


def mask(crc: int) -> int:
    """A checksum in the form that is stored, so that checksums of data with checksums stay useful.

    Formula: rotate right by 15 bits, then add 0xA282EAD8, in 32 bits.
    """
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & _WORD


def unmask(masked: int) -> int:
    """The checksum that ``mask`` gave this stored form."""
    rotated = (masked - _MASK_DELTA) & _WORD
    return ((rotated >> 17) | (rotated << 15)) & _WORD


def masked_crc32c(data: bytes | bytearray | memoryview) -> int:
    """The stored form of the checksum of ``data``."""
    return mask(extend(0, data))
