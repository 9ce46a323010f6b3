"""The version of gradiente, and the TensorFlow version whose programming model it follows."""

from __future__ import annotations

__version__ = "0.1.0"

VERSION = __version__
