"""Summaries of tensors: curves, distributions, images and text for TensorBoard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import string
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Tensor
from gradiente.ops.summary_ops import collect
from gradiente.ops.summary_protos import Event as Event
from gradiente.ops.summary_protos import SessionLog as SessionLog
from gradiente.ops.summary_protos import Summary as Summary
from gradiente.ops.summary_protos import SummaryDescription as SummaryDescription
from gradiente.ops.summary_protos import SummaryMetadata as SummaryMetadata
from gradiente.ops.summary_protos import TaggedRunMetadata as TaggedRunMetadata
from gradiente.platform import tf_logging

_INVALID = re.compile(r"[^-/\w.]")


@contextmanager
def _summary_scope(name: str, family: str | None, values: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """The tag of a summary called ``name`` here, and the name of its operation."""
    cleaned = _cleaned(name)
    family = None if family is None else _cleaned(family)
    with name_scope(f"{family}/{cleaned}" if family else cleaned, values=values) as scope:
        tag = scope.rstrip("/")
        yield (f"{family}/{tag}" if family else tag), scope


def _cleaned(name: str) -> str:
    """A name as TensorBoard shows it: other characters than letters, digits, and ``_-/.`` become ``_``."""
    cleaned = _INVALID.sub("_", name).lstrip("/")
    if cleaned != name:
        tf_logging.info("Summary name %s is illegal; using %s instead.", name, cleaned)
    return cleaned


def scalar(
    name: str, tensor: Any, collections: Sequence[Any] | None = None, family: str | None = None
) -> Tensor:
    """A summary of one number: a point of a curve.

    Args:
        name: the curve's name, below the name scope.
        tensor: a scalar.
        collections: the collections to join; ``[GraphKeys.SUMMARIES]`` by default.
        family: a group of curves that stand together in TensorBoard.

    Returns:
        A string scalar: a serialized Summary, for ``FileWriter.add_summary``.

    Raises:
        ValueError: if ``tensor`` is no scalar.

    Source: TensorFlow 1's ``tf.summary.scalar``.
    """
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        return collect(
            apply("ScalarSummary", convert_to_tensor(tag, name="tags"), tensor, name=scope), collections
        )


def histogram(
    name: str, values: Any, collections: Sequence[Any] | None = None, family: str | None = None
) -> Tensor:
    """A summary of a tensor's distribution.

    Args:
        name: its name, below the name scope.
        values: a tensor of any shape, of finite numbers.
        collections: the collections to join; ``[GraphKeys.SUMMARIES]`` by default.
        family: a group that stands together in TensorBoard.

    Returns:
        A string scalar: a serialized Summary.

    Raises:
        InvalidArgumentError: when run, if a value is not finite.

    Source: TensorFlow 1's ``tf.summary.histogram``.
    """
    with _summary_scope(name, family, [values]) as (tag, scope):
        return collect(
            apply("HistogramSummary", convert_to_tensor(tag, name="tag"), values, name=scope), collections
        )


def image(
    name: str,
    tensor: Any,
    max_outputs: int = 3,
    collections: Sequence[Any] | None = None,
    family: str | None = None,
) -> Tensor:
    """A summary of images.

    Bytes are shown as they are. Floats are scaled, each image by itself: to 0..255 by its largest value, or around 128 if
    it has negative ones; pixels that are not finite are red.

    Args:
        name: its name, below the name scope; the tags are ``name/image/0``, ...
        tensor: [images, height, width, channels] with 1, 3 or 4 channels, uint8 or floats.
        max_outputs: the most images to show.
        collections: the collections to join; ``[GraphKeys.SUMMARIES]`` by default.
        family: a group that stands together in TensorBoard.

    Returns:
        A string scalar: a serialized Summary.

    Source: TensorFlow 1's ``tf.summary.image``.
    """
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        tag_tensor = convert_to_tensor(tag, name="tag")
        return collect(
            apply("ImageSummary", tag_tensor, tensor, max_images=max_outputs, name=scope), collections
        )


def tensor_summary(
    name: str, tensor: Any, summary_description: Any = None, collections: Sequence[Any] | None = None,
    summary_metadata: Any = None, family: str | None = None, display_name: str | None = None,
) -> Tensor:  # fmt: skip
    """A summary of a whole tensor, for a plugin of TensorBoard's.

    Args:
        name: its name, below the name scope.
        tensor: the tensor.
        summary_description: text that describes it.
        collections: the collections to join; ``[GraphKeys.SUMMARIES]`` by default.
        summary_metadata: a SummaryMetadata, which names the plugin.
        family: a group that stands together in TensorBoard.
        display_name: the name to show.

    Returns:
        A string scalar: a serialized Summary.
    """
    metadata = SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(summary_metadata)
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        tag_tensor = convert_to_tensor(tag, name="tag")
        serialized = convert_to_tensor(metadata.SerializeToString(), name="serialized_summary_metadata")
        return collect(apply("TensorSummaryV2", tag_tensor, tensor, serialized, name=scope), collections)


def text(name: str, tensor: Any, collections: Sequence[Any] | None = None) -> Tensor:
    """A summary of text, which TensorBoard shows as Markdown.

    Args:
        name: its name, below the name scope.
        tensor: strings, of any shape; a matrix becomes a table.
        collections: the collections to join; ``[GraphKeys.SUMMARIES]`` by default.

    Raises:
        ValueError: if ``tensor`` holds no strings.
    """
    strings = convert_to_tensor(tensor)
    if strings.dtype.base_dtype is not string:
        raise ValueError(
            f"Expected tensor {strings.name} to have dtype string, got {strings.dtype.base_dtype.name}. Use tf.as_string."
        )
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return tensor_summary(name, strings, collections=collections, summary_metadata=metadata)


def merge(inputs: Sequence[Any], collections: Sequence[Any] | None = None, name: str | None = None) -> Tensor:
    """Several summaries as one, to be run and written at once.

    Args:
        inputs: summaries.
        collections: the collections to join; none by default.
        name: the name scope.

    Raises:
        InvalidArgumentError: when run, if two have one tag.
    """
    with name_scope(name, "Merge", list(inputs)):
        return collect(
            apply("MergeSummary", list(inputs), name=name), () if collections is None else collections
        )


def merge_all(
    key: Any = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None
) -> Tensor | None:
    """All summaries of the graph as one.

    Args:
        key: the collection that holds them.
        scope: only those whose name begins with this.
        name: the name scope.

    Returns:
        A string scalar, or None if there are no summaries.
    """
    found = get_default_graph().get_collection(key, scope)
    return merge(found, name=name) if found else None


def get_summary_description(node_def: Any) -> Any:
    """The SummaryDescription that a TensorSummary operation carries.

    Raises:
        ValueError: if it is another operation.
    """
    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    description = SummaryDescription()
    held = node_def.attr["description"].s.decode("utf-8")
    description.type_hint = json.loads(held).get("typeHint", "") if held else ""
    return description
