"""Summaries for TensorBoard (``tf.summary``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.summary_protos import Event as Event
from gradiente.ops.summary_protos import SessionLog as SessionLog
from gradiente.ops.summary_protos import Summary as Summary
from gradiente.ops.summary_protos import SummaryDescription as SummaryDescription
from gradiente.ops.summary_protos import TaggedRunMetadata as TaggedRunMetadata
from gradiente.summary.summary import get_summary_description as get_summary_description
from gradiente.summary.summary import histogram as histogram
from gradiente.summary.summary import image as image
from gradiente.summary.summary import merge as merge
from gradiente.summary.summary import merge_all as merge_all
from gradiente.summary.summary import scalar as scalar
from gradiente.summary.summary import tensor_summary as tensor_summary
from gradiente.summary.summary import text as text
from gradiente.summary.writer import FileWriter as FileWriter
from gradiente.summary.writer import FileWriterCache as FileWriterCache

__getattr__ = _missing_in("summary")
