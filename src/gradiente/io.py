"""Files and their formats (``tf.io``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.formats.tfrecord import TFRecordCompressionType as TFRecordCompressionType
from gradiente.formats.tfrecord import TFRecordOptions as TFRecordOptions
from gradiente.formats.tfrecord import TFRecordWriter as TFRecordWriter
from gradiente.formats.tfrecord import tf_record_iterator as tf_record_iterator
from gradiente.ops.decode_csv import decode_csv as decode_csv
from gradiente.ops.decode_raw import decode_json_example as decode_json_example
from gradiente.ops.decode_raw import decode_raw as decode_raw
from gradiente.ops.decode_raw import parse_tensor as parse_tensor
from gradiente.ops.decode_raw import serialize_tensor as serialize_tensor
from gradiente.ops.file_ops import matching_files as matching_files
from gradiente.ops.file_ops import read_file as read_file
from gradiente.ops.file_ops import write_file as write_file
from gradiente.ops.image_decode import decode_bmp as decode_bmp
from gradiente.ops.image_decode import decode_gif as decode_gif
from gradiente.ops.image_decode import decode_image as decode_image
from gradiente.ops.image_decode import decode_jpeg as decode_jpeg
from gradiente.ops.image_decode import decode_png as decode_png
from gradiente.ops.image_decode import encode_jpeg as encode_jpeg
from gradiente.ops.image_decode import encode_png as encode_png
from gradiente.ops.image_decode import extract_jpeg_shape as extract_jpeg_shape
from gradiente.ops.image_decode import is_jpeg as is_jpeg
from gradiente.ops.parsing import FixedLenFeature as FixedLenFeature
from gradiente.ops.parsing import FixedLenSequenceFeature as FixedLenSequenceFeature
from gradiente.ops.parsing import VarLenFeature as VarLenFeature
from gradiente.ops.parsing import parse_example as parse_example
from gradiente.ops.parsing import parse_single_example as parse_single_example
from gradiente.ops.parsing import parse_single_sequence_example as parse_single_sequence_example
from gradiente.ops.queue_base import QueueBase as QueueBase
from gradiente.ops.queues import PaddingFIFOQueue as PaddingFIFOQueue
from gradiente.ops.queues import PriorityQueue as PriorityQueue
from gradiente.ops.queues import RandomShuffleQueue as RandomShuffleQueue
from gradiente.ops.string_edit import decode_base64 as decode_base64
from gradiente.ops.string_edit import encode_base64 as encode_base64

__getattr__ = _missing_in("io")
