"""Summaries for TensorBoard (``tf.summary``)."""

from __future__ import annotations


