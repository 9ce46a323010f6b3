"""Training: optimizers, schedules, checkpoints, threads that read data (``tf.train``)."""

from __future__ import annotations

from gradiente.formats.example import BytesList as BytesList
from gradiente.formats.example import Example as Example
from gradiente.formats.example import Feature as Feature
from gradiente.formats.example import FeatureList as FeatureList
from gradiente.formats.example import FeatureLists as FeatureLists
from gradiente.formats.example import Features as Features
from gradiente.formats.example import FloatList as FloatList
from gradiente.formats.example import Int64List as Int64List
from gradiente.formats.example import SequenceExample as SequenceExample
