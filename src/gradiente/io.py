"""Files and their formats (``tf.io``)."""

from __future__ import annotations

from gradiente.formats.images import decode_bmp as decode_bmp
from gradiente.formats.images import decode_gif as decode_gif
from gradiente.formats.images import decode_image as decode_image
from gradiente.formats.images import decode_jpeg as decode_jpeg
from gradiente.formats.images import decode_png as decode_png
from gradiente.formats.images import encode_jpeg as encode_jpeg
from gradiente.formats.images import encode_png as encode_png
from gradiente.formats.tfrecord import TFRecordCompressionType as TFRecordCompressionType
from gradiente.formats.tfrecord import TFRecordOptions as TFRecordOptions
from gradiente.formats.tfrecord import TFRecordWriter as TFRecordWriter
from gradiente.formats.tfrecord import tf_record_iterator as tf_record_iterator
