"""Initializers: what new variables start from, by rules on their shape.

Each is an object that is called with a shape and a type and returns a tensor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import as_dtype, float32
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape
from gradiente.graph.source import user_line
from gradiente.ops import creation
from gradiente.ops.basic import constant
from gradiente.ops.random_ops import random_normal, random_uniform, truncated_normal

_TRUNCATED_SPREAD = 0.87962566103423978
"""The standard deviation of a standard normal distribution that is cut off at -2 and 2."""


class Initializer:
    """What all initializers are: called with a shape, they return a tensor to start a variable from."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """The start of a variable of that shape and type."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal initializer."""
        return {k.removeprefix("_"): getattr(v, "name", v) for k, v in vars(self).items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The initializer that ``get_config`` described."""
        return cls(**config)


def _sizes(shape: Any) -> list[int]:
    """A static shape as a list of int."""
    dims = TensorShape(shape)
    dims.assert_is_fully_defined()
    return [d or 0 for d in dims.as_list()]


def _full_sizes(shape: Any, partition_info: Any) -> list[int]:
    """The shape of the whole variable, of which ``shape`` may be a part."""
    return _sizes(shape if partition_info is None else partition_info.full_shape)


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple, TensorShape, Tensor))


class zeros_initializer(Initializer):
    """Start from zeros.

    ``tf.zeros_initializer`` serves as an initializer itself, as a class, and, called with a shape as programs before
    TensorFlow 1.0 did, as the tensor.

    Args:
        dtype: the type where none is asked for.
    """

    def __new__(cls, dtype: Any = float32, *args: Any, **kwargs: Any) -> Any:
        """An initializer; or a tensor, if the first argument is a shape."""
        return _instance_or_tensor(cls, dtype, args, kwargs)

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Zeros of that shape."""
        return creation.zeros(shape, self.dtype if dtype is None else dtype)


class ones_initializer(Initializer):
    """Start from ones; to be used like ``zeros_initializer``.

    Args:
        dtype: the type where none is asked for.
    """

    def __new__(cls, dtype: Any = float32, *args: Any, **kwargs: Any) -> Any:
        """An initializer; or a tensor, if the first argument is a shape."""
        return _instance_or_tensor(cls, dtype, args, kwargs)

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Ones of that shape."""
        return creation.ones(shape, self.dtype if dtype is None else dtype)


def _instance_or_tensor(cls: type[Any], first: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    shape = kwargs.pop("shape", first if _is_shape(first) else None)
    if shape is None:
        return object.__new__(cls)
    given = kwargs.get("dtype", args[0] if args else float32 if _is_shape(first) else first)
    made = object.__new__(cls)
    made.dtype = as_dtype(given)
    return made(shape)


class constant_initializer(Initializer):
    """Start from given values.

    Args:
        value: a number, a list or an array. A single value fills the shape; a shorter list is continued with its last
            value.
        dtype: the type where none is asked for.
        verify_shape: require that ``value`` has exactly the variable's shape.
    """

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        self.value = value
        self.dtype = as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None, verify_shape: bool | None = None
    ) -> Tensor:
        """The values in that shape."""
        verify = self._verify_shape if verify_shape is None else verify_shape
        return constant(self.value, self.dtype if dtype is None else dtype, shape=shape, verify_shape=verify)


class random_uniform_initializer(Initializer):
    """Start from uniformly distributed numbers in [minval, maxval).

    Args:
        minval: the lower bound.
        maxval: the upper bound; 1 by default.
        seed: the operation's seed, see ``tf.set_random_seed``.
        dtype: the type where none is asked for.
    """

    def __init__(
        self, minval: Any = 0.0, maxval: Any = None, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.minval = minval
        self.maxval = maxval
        self.seed = seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Numbers of that shape."""
        wanted = self.dtype if dtype is None else dtype
        return random_uniform(shape, self.minval, self.maxval, wanted, seed=self.seed)


class random_normal_initializer(Initializer):
    """Start from normally distributed numbers.

    Args:
        mean: the distribution's mean.
        stddev: its standard deviation.
        seed: the operation's seed, see ``tf.set_random_seed``.
        dtype: the type where none is asked for.
    """

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Numbers of that shape."""
        return random_normal(
            shape, self.mean, self.stddev, self.dtype if dtype is None else dtype, seed=self.seed
        )


class truncated_normal_initializer(random_normal_initializer):
    """Start from normally distributed numbers, those beyond two standard deviations drawn again.

    Args:
        mean: the distribution's mean.
        stddev: its standard deviation, before truncation.
        seed: the operation's seed, see ``tf.set_random_seed``.
        dtype: the type where none is asked for.
    """

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Numbers of that shape."""
        return truncated_normal(
            shape, self.mean, self.stddev, self.dtype if dtype is None else dtype, seed=self.seed
        )


class uniform_unit_scaling_initializer(Initializer):
    """Start from uniform numbers that keep the scale of the input: within ±factor · √(3 / inputs).

    Args:
        factor: √3 or so for a rectifier, 1.15 for tanh, 1.43 for a linear layer.
        seed: the operation's seed, see ``tf.set_random_seed``.
        dtype: the type where none is asked for.

    Source: Sussillo and Abbott 2014.
    """

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.factor = factor
        self.seed = seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Numbers of that shape; all axes but the last are inputs."""
        inputs = max(math.prod(_full_sizes(shape, partition_info)[:-1]), 1)
        limit = math.sqrt(3 / inputs) * self.factor
        return random_uniform(shape, -limit, limit, self.dtype if dtype is None else dtype, seed=self.seed)


_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("normal", "truncated_normal", "untruncated_normal", "uniform")


class variance_scaling_initializer(Initializer):
    """Start from numbers whose variance is scale / n, where n is how many neurons a neuron is connected to.

    Args:
        scale: the factor; 1 for Glorot's and LeCun's rule, 2 for He's.
        mode: what n is: the inputs (``"fan_in"``), the outputs (``"fan_out"``), or the mean of the two (``"fan_avg"``).
        distribution: ``"truncated_normal"`` (also called ``"normal"``), ``"untruncated_normal"`` or ``"uniform"``.
        seed: the operation's seed, see ``tf.set_random_seed``.
        dtype: the type where none is asked for.

    Raises:
        ValueError: if an argument is none of these.

    Source: Glorot and Bengio 2010; He, Zhang, Ren, Sun 2015.
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: int | None = None,
        dtype: Any = float32,
    ) -> None:  # fmt: skip
        if scale <= 0:
            raise ValueError(f"scale must be positive, got {scale}. At {user_line()}")
        if mode not in _MODES:
            raise ValueError(f"mode must be one of {', '.join(_MODES)}, got {mode!r}. At {user_line()}")
        chosen = distribution.lower()
        if chosen not in _DISTRIBUTIONS:
            raise ValueError(
                f"distribution must be one of {', '.join(_DISTRIBUTIONS)}, got {distribution!r}. At {user_line()}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = chosen
        self.seed = seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Numbers of that shape."""
        wanted = self.dtype if dtype is None else dtype
        fan_in, fan_out = fans(_full_sizes(shape, partition_info))
        connected = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, connected)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random_uniform(shape, -limit, limit, wanted, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return random_normal(shape, 0.0, math.sqrt(variance), wanted, seed=self.seed)
        return truncated_normal(shape, 0.0, math.sqrt(variance) / _TRUNCATED_SPREAD, wanted, seed=self.seed)


def fans(sizes: list[int]) -> tuple[float, float]:
    """How many inputs a neuron has and how many outputs: for weights [in, out], filters [*window, in, out]."""
    if not sizes:
        return 1, 1
    if len(sizes) == 1:
        return sizes[0], sizes[0]
    window = math.prod(sizes[:-2])
    return sizes[-2] * window, sizes[-1] * window


class glorot_uniform_initializer(variance_scaling_initializer):
    """Start from uniform numbers within ±√(6 / (inputs + outputs)), also named after Xavier. ``get_variable``'s default.

    Args:
        seed: the operation's seed, see ``tf.set_random_seed``.
        dtype: the type where none is asked for.

    Source: Glorot and Bengio 2010.
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal initializer."""
        return {"seed": self.seed, "dtype": self.dtype.name}


class glorot_normal_initializer(glorot_uniform_initializer):
    """Start from truncated normal numbers of variance 2 / (inputs + outputs).

    Args:
        seed: the operation's seed, see ``tf.set_random_seed``.
        dtype: the type where none is asked for.

    Source: Glorot and Bengio 2010.
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(seed, dtype)
        self.distribution = "truncated_normal"


def he_normal(seed: int | None = None, dtype: Any = float32) -> variance_scaling_initializer:
    """Truncated normal numbers of variance 2 / inputs, for rectifiers (He, Zhang, Ren, Sun 2015)."""
    return variance_scaling_initializer(2.0, "fan_in", "truncated_normal", seed, dtype)


def he_uniform(seed: int | None = None, dtype: Any = float32) -> variance_scaling_initializer:
    """Uniform numbers within ±√(6 / inputs), for rectifiers (He, Zhang, Ren, Sun 2015)."""
    return variance_scaling_initializer(2.0, "fan_in", "uniform", seed, dtype)


def lecun_normal(seed: int | None = None, dtype: Any = float32) -> variance_scaling_initializer:
    """Truncated normal numbers of variance 1 / inputs (LeCun, Bottou, Orr, Müller 1998)."""
    return variance_scaling_initializer(1.0, "fan_in", "truncated_normal", seed, dtype)


def lecun_uniform(seed: int | None = None, dtype: Any = float32) -> variance_scaling_initializer:
    """Uniform numbers within ±√(3 / inputs) (LeCun, Bottou, Orr, Müller 1998)."""
    return variance_scaling_initializer(1.0, "fan_in", "uniform", seed, dtype)


class orthogonal_initializer(Initializer):
    """Start from an orthogonal matrix: its columns (or rows, if there are fewer) are orthogonal and of length ``gain``.

    Args:
        gain: the factor.
        seed: the operation's seed, see ``tf.set_random_seed``.
        dtype: the type where none is asked for.

    Source: Saxe, McClelland, Ganguli 2013.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.gain = gain
        self.seed = seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """A tensor of that shape; as a matrix, all axes but the last are rows."""
        sizes = _sizes(shape)
        if len(sizes) < 2:
            raise ValueError(
                f"An orthogonal start needs at least two axes, got shape {sizes}. At {user_line()}"
            )
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        flat = (max(rows, columns), min(rows, columns))
        drawn = random_normal(flat, dtype=self.dtype if dtype is None else dtype, seed=self.seed)
        q, r = apply("Qr", drawn, full_matrices=False)
        q = q * apply("Sign", apply("MatrixDiagPart", r))
        if rows < columns:
            q = apply("Transpose", q, [1, 0])
        return apply("Mul", convert_to_tensor(self.gain, dtype=q.dtype), apply("Reshape", q, sizes))


class identity_initializer(Initializer):
    """Start from ``gain`` times the identity matrix.

    Args:
        gain: the factor.
        dtype: the type where none is asked for.
    """

    def __init__(self, gain: float = 1.0, dtype: Any = float32) -> None:
        self.gain = gain
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """The matrix; of a partitioned variable, the part of it."""
        whole = _full_sizes(shape, partition_info)
        if len(whole) != 2:
            raise ValueError(
                f"The identity is a matrix: the shape must have two axes, got {whole}. At {user_line()}"
            )
        matrix: Any = np.eye(whole[0], whole[1]) * self.gain
        if partition_info is not None:
            offsets = partition_info.var_offset
            matrix = matrix[tuple(slice(o, o + s) for o, s in zip(offsets, _sizes(shape), strict=True))]
        return constant(matrix.astype((self.dtype if dtype is None else as_dtype(dtype)).np))
