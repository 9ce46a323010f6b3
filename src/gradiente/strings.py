"""Strings (``tf.strings``)."""

# The names are handed on as TensorFlow calls them in this module.
# pyright: reportUnusedImport=false

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.printing import string_format as format
from gradiente.ops.string_edit import regex_full_match as regex_full_match
from gradiente.ops.string_edit import regex_replace as regex_replace
from gradiente.ops.string_edit import string_lower as lower
from gradiente.ops.string_edit import string_strip as strip
from gradiente.ops.string_edit import string_upper as upper
from gradiente.ops.string_numbers import as_string as as_string
from gradiente.ops.string_numbers import string_to_hash_bucket as to_hash_bucket
from gradiente.ops.string_numbers import string_to_hash_bucket_fast as to_hash_bucket_fast
from gradiente.ops.string_numbers import string_to_hash_bucket_strong as to_hash_bucket_strong
from gradiente.ops.string_numbers import string_to_number as to_number
from gradiente.ops.strings import reduce_join as reduce_join
from gradiente.ops.strings import string_join as join
from gradiente.ops.strings import string_length as length
from gradiente.ops.strings import string_split_v2 as split
from gradiente.ops.strings import substr as substr

__getattr__ = _missing_in("strings")
