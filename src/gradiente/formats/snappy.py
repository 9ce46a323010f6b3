"""Decompression of Snappy blocks, which old checkpoints' tables may use."""

from __future__ import annotations


def decompress(data: bytes, limit: int) -> bytes:
    """Undo Snappy's compression of one block.

    Args:
        data: the block.
        limit: the largest size to accept for the result, in bytes.

    Returns:
        The block as it was before compression.

    Raises:
        ValueError: the block is damaged, or its result would pass ``limit``.

    Source: Snappy's ``format_description.txt``.

    >>> decompress(bytes([5, 0, ord("a"), 0b1, 1]), 100)
    b'aaaaa'
    """
    size, at = _varint(data)
    if size > limit:
        raise ValueError(f"the Snappy block claims {size} bytes, and at most {limit} are possible")
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length, at = _literal_length(tag, data, at)
            piece = data[at : at + length]
            at += length
        else:
            length, offset, at = _copy(tag, data, at)
            if not 0 < offset <= len(out):
                raise ValueError("the Snappy block copies from before its start")
            start = len(out) - offset
            whole, rest = divmod(length, offset)
            piece = bytes(out[start:]) * whole + bytes(out[start : start + rest])
        if len(piece) != length or len(out) + length > size:
            raise ValueError("the Snappy block is not as long as it claims")
        out += piece
    if len(out) != size:
        raise ValueError("the Snappy block is truncated")
    return bytes(out)


def _varint(data: bytes) -> tuple[int, int]:
    value = 0
    for at, byte in enumerate(data[:5]):
        value |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            return value, at + 1
    raise ValueError("the Snappy block has no length")


def _literal_length(tag: int, data: bytes, at: int) -> tuple[int, int]:
    length = tag >> 2
    if length < 60:
        return length + 1, at
    end = at + length - 59
    return int.from_bytes(data[at:end], "little") + 1, end


def _copy(tag: int, data: bytes, at: int) -> tuple[int, int, int]:
    if tag & 3 == 1:
        return ((tag >> 2) & 7) + 4, ((tag >> 5) << 8) | int.from_bytes(data[at : at + 1], "little"), at + 1
    width = 2 if tag & 3 == 2 else 4
    return (tag >> 2) + 1, int.from_bytes(data[at : at + width], "little"), at + width
