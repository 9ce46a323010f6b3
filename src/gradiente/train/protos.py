"""TensorFlow's messages for training, which the tensorboard package carries, imported when they are first used."""

from __future__ import annotations

import importlib
from typing import Any


def _message(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"tensorboard.compat.proto.{module}_pb2"), name)


def saver_def() -> Any:
    """The class SaverDef."""
    return _message("saver", "SaverDef")


def variable_def() -> Any:
    """The class VariableDef."""
    return _message("variable", "VariableDef")


def meta_graph_def() -> Any:
    """The class MetaGraphDef."""
    return _message("meta_graph", "MetaGraphDef")


def collection_def() -> Any:
    """The class CollectionDef."""
    return _message("meta_graph", "CollectionDef")
