"""Strings (``tf.strings``)."""

from __future__ import annotations

from gradiente.ops.splitting import split as split
