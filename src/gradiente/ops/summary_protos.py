"""TensorFlow's messages for summaries, which the tensorboard package carries (``tf.Summary``, ``tf.Event``)."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def _message(module: str, name: str) -> Any:
    return getattr(import_module(f"tensorboard.compat.proto.{module}"), name)


Event: Any = _message("event_pb2", "Event")
HistogramProto: Any = _message("histogram_pb2", "HistogramProto")
SessionLog: Any = _message("event_pb2", "SessionLog")
Summary: Any = _message("summary_pb2", "Summary")
SummaryDescription: Any = _message("summary_pb2", "SummaryDescription")
SummaryMetadata: Any = _message("summary_pb2", "SummaryMetadata")
TaggedRunMetadata: Any = _message("event_pb2", "TaggedRunMetadata")
