"""The hash functions of strings: Murmur's 64-bit hash, FarmHash's 64-bit fingerprint, SipHash-2-4.

Sources: Appleby, MurmurHash64A (with TensorFlow's seed); Pike, FarmHash (``farmhashna::Hash64``); Aumasson and
Bernstein, SipHash: a fast short-input PRF, 2012.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_SEED = 0xDECAFCAFFE
_M = 0xC6A4A7935BD1E995
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _word(data: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(data[at : at + size], "little")


def hash64(data: bytes) -> int:
    """TensorFlow's Hash64: MurmurHash64A."""
    value = (_SEED ^ (len(data) * _M)) & _MASK
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        k = (_word(data, at) * _M) & _MASK
        k = ((k ^ (k >> 47)) * _M) & _MASK
        value = ((value ^ k) * _M) & _MASK
    if whole < len(data):
        value = ((value ^ _word(data, whole)) * _M) & _MASK
    value = ((value ^ (value >> 47)) * _M) & _MASK
    return value ^ (value >> 47)


def _rotate(value: int, by: int) -> int:
    """``value``, taken modulo 2^64, rotated right."""
    value &= _MASK
    return ((value >> by) | (value << (64 - by))) & _MASK


def _mixed(value: int) -> int:
    return value ^ (value >> 47)


def _pair(u: int, v: int, multiplier: int) -> int:
    a = ((u ^ v) * multiplier) & _MASK
    a = _mixed(a)
    b = ((v ^ a) * multiplier) & _MASK
    return (_mixed(b) * multiplier) & _MASK


def _up_to_16(s: bytes) -> int:
    n = len(s)
    if n >= 8:
        multiplier = _K2 + n * 2
        a, b = (_word(s, 0) + _K2) & _MASK, _word(s, n - 8)
        c = (_rotate(b, 37) * multiplier + a) & _MASK
        d = ((_rotate(a, 25) + b) * multiplier) & _MASK
        return _pair(c, d, multiplier)
    if n >= 4:
        return _pair(n + (_word(s, 0, 4) << 3), _word(s, n - 4, 4), _K2 + n * 2)
    if n:
        y = s[0] + (s[n >> 1] << 8)
        z = n + (s[n - 1] << 2)
        return (_mixed((y * _K2 ^ z * _K0) & _MASK) * _K2) & _MASK
    return _K2


def _up_to_32(s: bytes) -> int:
    n = len(s)
    multiplier = _K2 + n * 2
    a, b = _word(s, 0) * _K1, _word(s, 8)
    c, d = _word(s, n - 8) * multiplier, _word(s, n - 16) * _K2
    u = (_rotate(a + b, 43) + _rotate(c, 30) + d) & _MASK
    v = (a + _rotate(b + _K2, 18) + c) & _MASK
    return _pair(u, v, multiplier)


def _up_to_64(s: bytes) -> int:
    n = len(s)
    multiplier = _K2 + n * 2
    a, b = _word(s, 0) * _K2, _word(s, 8)
    c, d = _word(s, n - 8) * multiplier, _word(s, n - 16) * _K2
    y = (_rotate(a + b, 43) + _rotate(c, 30) + d) & _MASK
    z = _pair(y, (a + _rotate(b + _K2, 18) + c) & _MASK, multiplier)
    e, f = _word(s, 16) * multiplier, _word(s, 24)
    g, h = (y + _word(s, n - 32)) * multiplier, (z + _word(s, n - 24)) * multiplier
    u = (_rotate(e + f, 43) + _rotate(g, 30) + h) & _MASK
    v = (e + _rotate(f + a, 18) + g) & _MASK
    return _pair(u, v, multiplier)


def _weak(s: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_word(s, at + 8 * i) for i in range(4))
    a += w
    b = _rotate(b + a + z, 21)
    c = a
    a += x + y
    b += _rotate(a, 44)
    return (a + z) & _MASK, (b + c) & _MASK


def fingerprint64(s: bytes) -> int:
    """FarmHash's 64-bit fingerprint."""
    n = len(s)
    if n <= 16:
        return _up_to_16(s)
    if n <= 32:
        return _up_to_32(s)
    if n <= 64:
        return _up_to_64(s)
    x = 81
    y = (x * _K1 + 113) & _MASK
    z = (_mixed((y * _K2 + 113) & _MASK) * _K2) & _MASK
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _word(s, 0)) & _MASK
    end = (n - 1) // 64 * 64
    for at in range(0, end, 64):
        x, y, z, v, w = _round(s, at, x, y, z, v, w, _K1, last=False)
    multiplier = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + ((n - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _round(s, n - 64, x, y, z, v, w, multiplier, last=True)
    first = (_pair(v[0], w[0], multiplier) + _mixed(y) * _K0 + z) & _MASK
    return _pair(first, (_pair(v[1], w[1], multiplier) + x) & _MASK, multiplier)


def _round(
    s: bytes, at: int, x: int, y: int, z: int, v: tuple[int, int], w: tuple[int, int], k: int, last: bool
) -> tuple[int, int, int, tuple[int, int], tuple[int, int]]:
    """Take 64 bytes in; the last round weighs what was gathered nine times."""
    weight = 9 if last else 1
    x = _rotate(x + y + v[0] + _word(s, at + 8), 37) * k & _MASK
    y = _rotate(y + v[1] + _word(s, at + 48), 42) * k & _MASK
    x ^= w[1] * weight & _MASK
    y = (y + v[0] * weight + _word(s, at + 40)) & _MASK
    z = _rotate(z + w[0], 33) * k & _MASK
    v = _weak(s, at, v[1] * k & _MASK, (x + w[0]) & _MASK)
    w = _weak(s, at + 32, (z + w[1]) & _MASK, (y + _word(s, at + 16)) & _MASK)
    return z, y, x, v, w


def siphash24(data: bytes, key0: int, key1: int) -> int:
    """SipHash-2-4 of ``data`` under a key of two 64-bit integers."""
    key0, key1 = key0 & _MASK, key1 & _MASK
    state = (
        key0 ^ 0x736F6D6570736575, key1 ^ 0x646F72616E646F6D, key0 ^ 0x6C7967656E657261, key1 ^ 0x7465646279746573,
    )  # fmt: skip
    whole = len(data) - len(data) % 8
    words = [_word(data, at) for at in range(0, whole, 8)]
    words.append(((len(data) & 0xFF) << 56) | _word(data, whole))
    for m in words:
        a, b, c, d = state
        a, b, c, d = _sip_rounds((a, b, c, d ^ m), 2)
        state = (a ^ m, b, c, d)
    a, b, c, d = state
    a, b, c, d = _sip_rounds((a, b, c ^ 0xFF, d), 4)
    return a ^ b ^ c ^ d


def _sip_rounds(state: tuple[int, int, int, int], count: int) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for _ in range(count):
        a = (a + b) & _MASK
        b = _rotate(b, 51) ^ a
        a = _rotate(a, 32)
        c = (c + d) & _MASK
        d = _rotate(d, 48) ^ c
        a = (a + d) & _MASK
        d = _rotate(d, 43) ^ a
        c = (c + b) & _MASK
        b = _rotate(b, 47) ^ c
        c = _rotate(c, 32)
    return a, b, c, d
