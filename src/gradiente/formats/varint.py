"""Integers in as many bytes as they need: protobuf's varints, and the ordered codes of checkpoint keys."""

from __future__ import annotations

_MOST_BITS = 64


def encode_varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow.

    >>> encode_varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_varint(data: bytes | bytearray, at: int) -> tuple[int, int]:
    r"""The integer at ``at``, and the place after it.

    Raises:
        ValueError: the data ends within the integer, or it has more than 64 bits.

    >>> decode_varint(bytes([0xAC, 0x02]), 0)
    (300, 2)
    """
    value = 0
    for shift in range(0, _MOST_BITS + 6, 7):
        if at >= len(data):
            raise ValueError("an integer is truncated")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= 1 << _MOST_BITS:
                break
            return value, at
    raise ValueError("an integer has more than 64 bits")


def ordered_bytes(value: bytes) -> bytes:
    r"""Bytes with an end mark, in a form whose order is the order of the values.

    >>> ordered_bytes(bytes([0x61, 0, 0xFF])).hex()
    '6100ffff000001'
    """
    escaped = bytearray()
    for byte in value:
        escaped.append(byte)
        if byte == 0:
            escaped.append(0xFF)
        elif byte == 0xFF:
            escaped.append(0)
    return bytes(escaped) + b"\0\1"


def ordered_unsigned(value: int) -> bytes:
    """A non-negative integer, in a form whose order is the order of the values: its length, then its bytes.

    >>> ordered_unsigned(0).hex(), ordered_unsigned(258).hex()
    ('00', '020102')
    """
    length = (value.bit_length() + 7) // 8
    return bytes([length]) + value.to_bytes(length, "big")


def ordered_signed(value: int) -> bytes:
    """An integer of 64 bits, in a form whose order is the order of the values.

    As many leading ones as bytes, then the value in two's complement; all bits are inverted where the value is
    negative, by its sign.

    >>> ordered_signed(0).hex(), ordered_signed(-1).hex(), ordered_signed(64).hex()
    ('80', '7f', 'c040')
    """
    magnitude = value if value >= 0 else ~value
    length = magnitude.bit_length() // 7 + 1
    header = ((1 << length) - 1) << (7 * length)
    return ((value & ((1 << (8 * length)) - 1)) ^ header).to_bytes(length, "big")
