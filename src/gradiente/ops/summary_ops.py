"""The ops that turn tensors into summaries for TensorBoard: serialized ``Summary`` messages, as strings."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import REALS, float16, float32, float64, uint8
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.protos import make_tensor_proto
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import scalar_shape
from gradiente.ops.summary_protos import HistogramProto, Summary, SummaryMetadata


def _bytes(message: Any) -> Array:
    return np.array(message.SerializeToString(), dtype=object)


def _tag(value: Any) -> str:
    return np.asarray(value, dtype=object).item().decode("utf-8", "replace")


# ScalarSummary


def _scalar_shape(op: Operation) -> list[Any]:
    tags, values = (t.shape for t in op.inputs)
    if not tags.is_compatible_with(values):
        raise ValueError(
            f"A scalar summary has one tag for each value, but tags has shape {tags} and values has shape {values}. Reduce "
            "the tensor to one number first, with tf.reduce_mean for instance, or use a histogram summary."
        )
    return [()]


def _scalar_summary(xp: Namespace, tags: Array, values: Array, *, op: Operation) -> Array:
    del xp
    tags, values = np.asarray(tags, dtype=object), np.asarray(values)
    if tags.shape != values.shape:
        raise InvalidArgumentError(
            None, op, f"tags and values are not the same shape: {list(tags.shape)} != {list(values.shape)}"
        )
    summary = Summary()
    for tag, value in zip(tags.ravel(), values.ravel(), strict=True):
        summary.value.add(tag=_tag(tag), simple_value=float(value))
    return _bytes(summary)


register(
    "ScalarSummary", "tags: string, values: T -> summary: string", types={"T": REALS}, shape=_scalar_shape,
    host=_scalar_summary, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# HistogramSummary


@lru_cache(maxsize=1)
def bucket_limits() -> Any:
    """The upper limits of a histogram's buckets: ±1e-12 · 1.1ⁿ up to 1e20, zero between them, the largest number last."""
    limits: list[float] = []
    limit = 1e-12
    while limit < 1e20:
        limits.append(limit)
        limit *= 1.1
    limits.append(float(np.finfo(np.float64).max))
    return np.array([-v for v in reversed(limits)] + [0.0] + limits)


def histogram_of(values: Any) -> Any:
    """The HistogramProto of the values: counts between TensorFlow's limits, runs of empty buckets joined.

    Raises:
        ValueError: if a value is not finite.
    """
    flat = np.asarray(values, dtype=np.float64).ravel()
    largest = float(np.finfo(np.float64).max)
    proto = HistogramProto(min=largest, max=-largest)
    if not flat.size:
        proto.bucket_limit.append(largest)
        proto.bucket.append(0.0)
        return proto
    if not np.isfinite(flat).all():
        raise ValueError("Nan" if np.isnan(flat).any() else "Infinity")
    limits = bucket_limits()
    counts = np.bincount(np.searchsorted(limits, flat, side="right"), minlength=limits.size)[: limits.size]
    proto.min, proto.max, proto.num = float(flat.min()), float(flat.max()), float(flat.size)
    proto.sum, proto.sum_squares = float(flat.sum()), float((flat * flat).sum())
    empty = counts == 0
    # An empty bucket stands for the run of empty ones that it ends.
    kept = ~empty | np.append(~empty[1:], True)
    proto.bucket_limit.extend(limits[kept].tolist())
    proto.bucket.extend(counts[kept].astype(float).tolist())
    return proto


def _histogram_summary(xp: Namespace, tag: Array, values: Array, *, op: Operation) -> Array:
    del xp
    summary = Summary()
    try:
        summary.value.add(tag=_tag(tag), histo=histogram_of(values))
    except ValueError as error:
        raise InvalidArgumentError(
            None, op,
            f"{error} in summary histogram for: {_tag(tag)}. Its tensor is {op.inputs[1].name!r}, made at "
            f"{op.inputs[1].op.source}. tf.add_check_numerics_ops finds where such a value arises first.",
        ) from None  # fmt: skip
    return _bytes(summary)


register(
    "HistogramSummary", "tag: string, values: T -> summary: string", attrs={"T": attr("type", float32)},
    types={"T": REALS}, shape=scalar_shape, host=_histogram_summary, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# ImageSummary

_SMALLEST = 1e-6


def _image_shape(op: Operation) -> list[Any]:
    shape = op.inputs[1].shape
    if shape.ndims is not None and (
        shape.ndims != 4 or shape.plain is None or shape.plain[3] not in (None, 1, 3, 4)
    ):
        raise ValueError(
            f"An image summary takes [images, height, width, channels] with 1, 3 or 4 channels, not shape {shape}. Add the "
            "missing dimensions with tf.reshape or tf.expand_dims."
        )
    return [()]


def _as_bytes(image: Any, bad_color: Any) -> Any:
    """A float image as bytes: scaled to its largest value, around 128 if there are negative ones."""
    values = image.astype(np.float64)
    finite = np.isfinite(values).all(axis=-1)
    seen = values[finite]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)
    if low < 0:
        largest, span, offset = max(abs(low), abs(high)), 127.0, 128.0
    else:
        largest, span, offset = high, 255.0, 0.0
    scale = 0.0 if largest < _SMALLEST else span / largest
    with np.errstate(invalid="ignore"):
        scaled = np.where(finite[..., None], values, 0.0) * scale + offset
    pixels = np.clip(scaled, 0, 255).astype(np.uint8)
    pixels[~finite] = bad_color[: image.shape[-1]]
    return pixels


def _png(pixels: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _image_summary(
    xp: Namespace, tag: Array, tensor: Array, *, op: Operation, max_images: int, bad_color: Any
) -> Array:
    del xp
    images = np.asarray(tensor)
    if images.ndim != 4 or images.shape[3] not in (1, 3, 4):
        raise InvalidArgumentError(
            None, op, f"Tensor must be 4-D with last dim 1, 3, or 4, not {list(images.shape)}."
        )
    summary = Summary()
    for number, image in enumerate(images[:max_images]):
        pixels = image if image.dtype == np.uint8 else _as_bytes(image, bad_color)
        name = f"{_tag(tag)}/image" + (f"/{number}" if max_images > 1 else "")
        height, width, channels = image.shape
        value = summary.value.add(tag=name)
        value.image.height, value.image.width, value.image.colorspace = height, width, channels
        value.image.encoded_image_string = _png(np.ascontiguousarray(pixels))
    return _bytes(summary)


register(
    "ImageSummary", "tag: string, tensor: T -> summary: string",
    attrs={
        "max_images": 3, "T": attr("type", float32),
        "bad_color": attr("tensor", np.array([255, 0, 0, 255], np.uint8)),
    },
    types={"T": (uint8, float32, float16, float64)}, shape=_image_shape, host=_image_summary,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# MergeSummary


def _merge_summary(xp: Namespace, inputs: list[Any], *, op: Operation) -> Array:
    del xp
    merged = Summary()
    tags: set[str] = set()
    for serialized in inputs:
        for text in np.asarray(serialized, dtype=object).ravel():
            for value in Summary.FromString(text).value:
                if value.tag in tags and value.tag:
                    raise InvalidArgumentError(
                        None,
                        op,
                        f"Duplicate tag {value.tag} found in summary inputs. Give each summary a name of its own.",
                    )
                tags.add(value.tag)
                merged.value.add().CopyFrom(value)
    return _bytes(merged)


register(
    "MergeSummary", "inputs: N*string -> summary: string", shape=scalar_shape, host=_merge_summary,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# TensorSummary, TensorSummaryV2


def _tensor_summary(xp: Namespace, tag: Array, tensor: Array, metadata: Array) -> Array:
    del xp
    summary = Summary()
    value = summary.value.add(tag=_tag(tag), tensor=make_tensor_proto(np.asarray(tensor)))
    value.metadata.CopyFrom(SummaryMetadata.FromString(np.asarray(metadata, dtype=object).item()))
    return _bytes(summary)


def _old_tensor_summary(xp: Namespace, tensor: Array, *, op: Operation) -> Array:
    del xp
    summary = Summary()
    summary.value.add(node_name=op.name, tensor=make_tensor_proto(np.asarray(tensor)))
    return _bytes(summary)


register(
    "TensorSummaryV2", "tag: string, tensor: T, serialized_summary_metadata: string -> summary: string",
    shape=scalar_shape, host=_tensor_summary, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "TensorSummary", "tensor: T -> summary: string",
    attrs={"description": "", "labels": attr("list(string)", ()), "display_name": ""}, shape=scalar_shape,
    host=_old_tensor_summary, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# The functions before TensorFlow 1.0, with tags apart from names


def collect(summary: Tensor, collections: Sequence[Any] | None) -> Tensor:
    """Add a summary to collections, ``GraphKeys.SUMMARIES`` by default, and return it."""
    get_default_graph().add_to_collections(
        [GraphKeys.SUMMARIES] if collections is None else list(collections), summary
    )
    return summary


def scalar_summary(
    tags: Any, values: Any, collections: Sequence[Any] | None = None, name: str | None = None
) -> Tensor:
    """A summary of numbers with the given tags (``tf.summary.scalar`` before TensorFlow 1.0)."""
    return collect(apply("ScalarSummary", tags, values, name=name), collections)


def histogram_summary(
    tag: Any, values: Any, collections: Sequence[Any] | None = None, name: str | None = None
) -> Tensor:
    """A summary of a tensor's distribution (``tf.summary.histogram`` before TensorFlow 1.0)."""
    return collect(apply("HistogramSummary", tag, values, name=name), collections)


def image_summary(
    tag: Any,
    tensor: Any,
    max_images: int = 3,
    collections: Sequence[Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """A summary of images (``tf.summary.image`` before TensorFlow 1.0)."""
    return collect(apply("ImageSummary", tag, tensor, max_images=max_images, name=name), collections)


def merge_summary(
    inputs: Sequence[Any], collections: Sequence[Any] | None = None, name: str | None = None
) -> Tensor:
    """Several summaries as one (``tf.summary.merge`` before TensorFlow 1.0)."""
    return collect(apply("MergeSummary", list(inputs), name=name), () if collections is None else collections)


def merge_all_summaries(key: Any = GraphKeys.SUMMARIES) -> Tensor | None:
    """All summaries of the graph as one (``tf.summary.merge_all`` before TensorFlow 1.0); None if there are none."""
    found = get_default_graph().get_collection(key)
    return merge_summary(found) if found else None
