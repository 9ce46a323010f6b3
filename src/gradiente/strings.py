"""Strings (``tf.strings``)."""

from __future__ import annotations

from gradiente.ops.splitting import split as split
from gradiente.ops.string_edit import regex_full_match as regex_full_match
from gradiente.ops.string_edit import regex_replace as regex_replace
from gradiente.ops.string_numbers import as_string as as_string
from gradiente.ops.strings import reduce_join as reduce_join
from gradiente.ops.strings import substr as substr
