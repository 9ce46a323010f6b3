"""Integers as rows of bits (``tf.bitwise``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.bitwise import bitwise_and as bitwise_and
from gradiente.ops.bitwise import bitwise_or as bitwise_or
from gradiente.ops.bitwise import bitwise_xor as bitwise_xor
from gradiente.ops.bitwise import invert as invert
from gradiente.ops.bitwise import left_shift as left_shift
from gradiente.ops.bitwise import right_shift as right_shift

__getattr__ = _missing_in("bitwise")
