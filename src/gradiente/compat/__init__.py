"""Programs written for TensorFlow 1: the `tensorflow` import hook, and the names of `tf.compat`.

Importing this package changes nothing. `install()` (or `gradiente run program.py`, which calls it) makes
`import tensorflow` find gradiente:

>>> from gradiente import compat
>>> with compat.install():
...     import tensorflow as tf
...     tf.compat.as_str(b"doge")
'doge'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradiente.compat.hook import active as active
from gradiente.compat.hook import install as install
from gradiente.compat.missing import missing_in as missing_in
from gradiente.compat.missing import missing_name as missing_name
from gradiente.compat.text import as_bytes as as_bytes
from gradiente.compat.text import as_str as as_str
from gradiente.compat.text import as_str_any as as_str_any
from gradiente.compat.text import as_text as as_text
from gradiente.compat.text import bytes_or_text_types as bytes_or_text_types
from gradiente.compat.text import complex_types as complex_types
from gradiente.compat.text import integral_types as integral_types
from gradiente.compat.text import path_to_bytes as path_to_bytes
from gradiente.compat.text import path_to_str as path_to_str
from gradiente.compat.text import real_types as real_types

if TYPE_CHECKING:
    from gradiente.compat import v1 as v1


def __getattr__(name: str) -> Any:
    if name == "v1":
        import importlib

        return importlib.import_module("gradiente.compat.v1")
    return missing_name(f"compat.{name}")
