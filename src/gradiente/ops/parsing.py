"""Serialized Examples to tensors (``tf.parse_example`` and its kin)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import DType, as_dtype, string
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.sparse import SparseTensor
from gradiente.ops.basic import constant
from gradiente.ops.parsing_ops import FEATURE_TYPES


class FixedLenFeature(NamedTuple):
    """A feature with the same number of values in every example, which becomes a dense tensor.

    Source: TensorFlow 1's ``tf.FixedLenFeature``.
    """

    shape: Any
    """The shape of an example's values; ``[]`` for a single value."""
    dtype: Any
    """float32, int64 or string."""
    default_value: Any = None
    """What an example without the feature has; None makes it required."""


class VarLenFeature(NamedTuple):
    """A feature with any number of values, which becomes a SparseTensor.

    Source: TensorFlow 1's ``tf.VarLenFeature``.
    """

    dtype: Any
    """float32, int64 or string."""


class FixedLenSequenceFeature(NamedTuple):
    """A feature with any number of rows of the same shape, which becomes a dense tensor.

    Source: TensorFlow 1's ``tf.FixedLenSequenceFeature``.
    """

    shape: Any
    """The shape of a row."""
    dtype: Any
    """float32, int64 or string."""
    allow_missing: bool = False
    """Whether an example may lack the feature: it has no rows then. Must be True outside of sequence examples."""
    default_value: Any = None
    """What fills up the shorter examples of a batch; 0 or an empty string by default."""


class _Specs:
    """The features of a dictionary, sparse and dense, in the order of their keys."""

    def __init__(
        self, features: Mapping[str, Any] | None, kinds: tuple[type, ...], sequence: bool = False
    ) -> None:
        self.sparse_keys: list[str] = []
        self.sparse_types: list[DType] = []
        self.dense_keys: list[str] = []
        self.dense_types: list[DType] = []
        self.dense_shapes: list[TensorShape] = []
        self.defaults: list[Tensor] = []
        self.may_miss: list[str] = []
        for key in sorted(features or {}):
            spec: Any = (features or {})[key]
            if not isinstance(spec, kinds):
                raise ValueError(
                    f"Unsupported {type(spec).__name__} {spec} for key {key!r}: use {_kind_names(kinds)}."
                )
            dtype = as_dtype(spec.dtype)
            if dtype not in FEATURE_TYPES:
                raise TypeError(
                    f"Feature {key!r} can't be of type {dtype.name}: Examples hold float32, int64 and string; use "
                    "tf.cast or tf.decode_raw on what is parsed."
                )
            if isinstance(spec, VarLenFeature):
                self.sparse_keys.append(key)
                self.sparse_types.append(dtype)
            else:
                self.dense_keys.append(key)
                self.dense_types.append(dtype)
                self._add_dense(key, spec, dtype, sequence)

    def _add_dense(self, key: str, spec: Any, dtype: DType, sequence: bool) -> None:
        shape = as_shape(spec.shape)
        if not shape.is_fully_defined():
            raise ValueError(
                f"The shape of feature {key!r} must be fully defined, not {shape}; VarLenFeature has no shape."
            )
        if not isinstance(spec, FixedLenSequenceFeature):
            self.dense_shapes.append(shape)
            self.defaults.append(_default(key, spec.default_value, dtype, shape))
            return
        if spec.allow_missing:
            self.may_miss.append(key)
        if sequence:
            if spec.default_value is not None:
                raise ValueError(f"Feature {key!r}: default_value is not used in sequence examples.")
            self.dense_shapes.append(shape)
            return
        if not spec.allow_missing:
            raise ValueError(
                f"Unsupported: FixedLenSequenceFeature requires allow_missing to be True (feature {key!r}); it is False "
                "only in parse_single_sequence_example."
            )
        self.dense_shapes.append(TensorShape((None,)).concatenate(shape))
        filler = spec.default_value if spec.default_value is not None else ("" if dtype is string else 0)
        self.defaults.append(constant(filler, dtype, [], name=f"{_plain(key)}_default"))

    def dictionary(self, indices: Any, values: Any, shapes: Any, dense: Any) -> dict[str, Any]:
        """The tensors under their keys."""
        sparse = [SparseTensor(i, v, s) for i, v, s in zip(indices, values, shapes, strict=True)]
        return dict(zip(self.sparse_keys + self.dense_keys, [*sparse, *dense], strict=True))


def _kind_names(kinds: tuple[type, ...]) -> str:
    return " or ".join(f"tf.{kind.__name__}" for kind in kinds)


def _plain(key: str) -> str:
    return "key_" + "".join(c if c.isalnum() or c in "_.-" else "_" for c in key)


def _default(key: str, value: Any, dtype: DType, shape: TensorShape) -> Tensor:
    if value is None:
        return constant([], dtype, name=f"{_plain(key)}_required")
    if isinstance(value, Tensor):
        return apply("Reshape", value, shape.as_list())
    tensor = convert_to_tensor(value, dtype=dtype, name=_plain(key))
    if tensor.shape.num_elements() != shape.num_elements():
        raise ValueError(
            f"The default_value of feature {key!r} has shape {tensor.shape}, the feature {shape}."
        )
    return apply("Reshape", tensor, convert_to_tensor(shape)) if shape.ndims != tensor.shape.ndims else tensor


def _strings(values: Any) -> Tensor:
    return constant(values, string, [len(values)]) if not values else constant(values, string)


def parse_example(
    serialized: Any, features: Mapping[str, Any], name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """The features of a batch of serialized Examples.

    Args:
        serialized: the Examples, a string vector.
        features: for each key, FixedLenFeature, VarLenFeature or FixedLenSequenceFeature.
        name: the name of the operations.
        example_names: names of the examples for error messages, a string vector.

    Returns:
        For each key a tensor with the batch as first dimension, or a SparseTensor ``[batch, longest]`` for a
        VarLenFeature.

    Raises:
        ValueError: if ``features`` is empty or asks for what there is not.
        InvalidArgumentError: when run, if an example lacks a required feature, or has it in another type or shape.

    Source: TensorFlow 1's ``tf.parse_example``.
    """
    if not features:
        raise ValueError(f"Missing: features was {features}.")
    with name_scope(name, "ParseExample", [serialized]):
        specs = _Specs(features, (FixedLenFeature, VarLenFeature, FixedLenSequenceFeature))
        names = _strings([]) if example_names is None else convert_to_tensor(example_names, dtype=string)
        parts = apply(
            "ParseExample", serialized, names, specs.sparse_keys, specs.dense_keys, specs.defaults,
            sparse_types=specs.sparse_types, dense_shapes=specs.dense_shapes, name="ParseExample",
        )  # fmt: skip
        return specs.dictionary(*parts)


def parse_single_example(
    serialized: Any, features: Mapping[str, Any], name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """The features of one serialized Example.

    Args:
        serialized: the Example, a string scalar.
        features: see ``tf.parse_example``.
        name: the name of the operations.
        example_names: accepted; an error names the file that the example was read from.

    Returns:
        For each key a tensor of the feature's shape, or a SparseTensor of rank 1 for a VarLenFeature.

    Raises:
        ValueError, InvalidArgumentError: as ``tf.parse_example``.

    Source: TensorFlow 1's ``tf.parse_single_example``.
    """
    del example_names
    if not features:
        raise ValueError(f"Missing features: features was {features}.")
    with name_scope(name, "ParseSingleExample", [serialized]):
        specs = _Specs(features, (FixedLenFeature, VarLenFeature, FixedLenSequenceFeature))
        parts = apply(
            "ParseSingleExample", serialized, specs.defaults, num_sparse=len(specs.sparse_keys),
            sparse_keys=specs.sparse_keys, dense_keys=specs.dense_keys, sparse_types=specs.sparse_types,
            Tdense=specs.dense_types, dense_shapes=specs.dense_shapes, name="ParseSingleExample",
        )  # fmt: skip
        return specs.dictionary(*parts)


def parse_single_sequence_example(
    serialized: Any, context_features: Mapping[str, Any] | None = None,
    sequence_features: Mapping[str, Any] | None = None, example_name: Any = None, name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """The features of one serialized SequenceExample: those of the whole, and those of each step.

    Args:
        serialized: the SequenceExample, a string scalar.
        context_features: for each key of the whole, FixedLenFeature or VarLenFeature.
        sequence_features: for each key of the steps, FixedLenSequenceFeature or VarLenFeature.
        example_name: a name for error messages.
        name: the name of the operations.

    Returns:
        Two dictionaries. A step's tensor has the steps as first dimension; a VarLenFeature is a SparseTensor
        ``[steps, longest]``.

    Raises:
        ValueError: if both dictionaries are missing.
        InvalidArgumentError: when run, as ``tf.parse_example``.

    Source: TensorFlow 1's ``tf.parse_single_sequence_example``.
    """
    if not (context_features or sequence_features):
        raise ValueError(
            "Both context_features and sequence_features were None/empty. One of them must be given."
        )
    with name_scope(name, "ParseSingleSequenceExample", [serialized]):
        context = _Specs(context_features, (FixedLenFeature, VarLenFeature))
        steps = _Specs(sequence_features, (FixedLenSequenceFeature, VarLenFeature), sequence=True)
        parts = apply(
            "ParseSingleSequenceExample", serialized, _strings(steps.may_miss), context.sparse_keys, context.dense_keys,
            steps.sparse_keys, steps.dense_keys, context.defaults, "" if example_name is None else example_name,
            context_sparse_types=context.sparse_types, context_dense_shapes=context.dense_shapes,
            feature_list_sparse_types=steps.sparse_types, feature_list_dense_types=steps.dense_types,
            feature_list_dense_shapes=steps.dense_shapes, name="ParseSingleSequenceExample",
        )  # fmt: skip
        return context.dictionary(*parts[:4]), steps.dictionary(*parts[4:])
