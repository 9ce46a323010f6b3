"""TFRecord files, outside the graph (``tf.python_io``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.formats.tfrecord import TFRecordCompressionType as TFRecordCompressionType
from gradiente.formats.tfrecord import TFRecordOptions as TFRecordOptions
from gradiente.formats.tfrecord import TFRecordWriter as TFRecordWriter
from gradiente.formats.tfrecord import tf_record_iterator as tf_record_iterator

__getattr__ = _missing_in("python_io")
