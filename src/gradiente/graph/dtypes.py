"""TensorFlow's data types, each tied to a NumPy dtype and to its number in the GraphDef protocol."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

_REF_OFFSET = 100
"""A reference type (the output of a variable) has its value type's protocol number plus this."""


class DType:
    """The type of a tensor's elements.

    Instances are the module's constants (``float32``, ``int64``, ...); compare them with ``==`` or ``is``.
    A *reference* type (``float32_ref``) marks the output of a variable, which operations may assign to.

    Source: TensorFlow's ``tf.DType`` and ``types.proto``.
    """

    __slots__ = ("_np", "_ref_of", "as_datatype_enum", "name")

    def __init__(self, name: str, number: int, np_dtype: Any, ref_of: DType | None = None) -> None:
        self.name = name
        self.as_datatype_enum = number
        self._np = np.dtype(np_dtype)
        self._ref_of = ref_of

    @property
    def as_numpy_dtype(self) -> Any:
        """NumPy's scalar class of this type (``numpy.float32``; ``object`` for strings)."""
        return np.object_ if self._np == np.object_ else self._np.type

    @property
    def np(self) -> np.dtype[Any]:
        """NumPy's dtype object of this type."""
        return self._np

    @property
    def base_dtype(self) -> DType:
        """The value type of a reference type; itself otherwise."""
        return self._ref_of or self

    @property
    def is_ref_dtype(self) -> bool:
        """Whether this is a reference type."""
        return self._ref_of is not None

    @property
    def as_ref(self) -> DType:
        """The reference type of this value type; itself for a reference type."""
        return self if self._ref_of else _REFS[self.name]

    @property
    def real_dtype(self) -> DType:
        """The type of the real part: float32 for complex64, float64 for complex128, else itself."""
        return {"complex64": float32, "complex128": float64}.get(self.base_dtype.name, self.base_dtype)

    @property
    def is_floating(self) -> bool:
        """Whether this is float16, bfloat16, float32 or float64."""
        return self.base_dtype.name in ("float16", "bfloat16", "float32", "float64")

    @property
    def is_complex(self) -> bool:
        """Whether this is complex64 or complex128."""
        return self.base_dtype.name in ("complex64", "complex128")

    @property
    def is_integer(self) -> bool:
        """Whether this is a signed or unsigned integer type (bool is not)."""
        return self._np.kind in "iu"

    @property
    def is_unsigned(self) -> bool:
        """Whether this is an unsigned integer type."""
        return self._np.kind == "u"

    @property
    def is_bool(self) -> bool:
        """Whether this is bool."""
        return self._np.kind == "b"

    @property
    def is_numpy_compatible(self) -> bool:
        """Whether NumPy has arrays of this type (always so here)."""
        return True

    @property
    def size(self) -> int:
        """Bytes of one element (1 for strings, whose length varies)."""
        return 1 if self._np == np.object_ else self._np.itemsize

    @property
    def limits(self) -> tuple[Any, Any]:
        """The type's smallest and largest finite value."""
        return self.min, self.max

    @property
    def min(self) -> Any:
        """The smallest finite value. Raises TypeError for strings and complex types."""
        return self._limit("min")

    @property
    def max(self) -> Any:
        """The largest finite value. Raises TypeError for strings and complex types."""
        return self._limit("max")

    def _limit(self, which: str) -> Any:
        if self.is_integer:
            limits: Any = np.iinfo(self.name)
            return getattr(limits, which)
        if self.is_floating:
            limits_of: Any = ml_dtypes.finfo
            return self._np.type(getattr(limits_of(self._np), which))
        if self.is_bool:
            return which == "max"
        raise TypeError(f"The type {self.name} has no {which}imum.")

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a value of type ``other`` can be passed where this type is wanted."""
        return self.base_dtype is as_dtype(other).base_dtype

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.as_datatype_enum == other.as_datatype_enum
        if other is None:
            return False
        try:
            return self.as_datatype_enum == as_dtype(other).as_datatype_enum
        except TypeError:
            return False

    def __hash__(self) -> int:
        return self.as_datatype_enum

    def __int__(self) -> int:
        return self.as_datatype_enum

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __repr__(self) -> str:
        return f"tf.{self.name}"


float32 = DType("float32", 1, np.float32)
float64 = double = DType("float64", 2, np.float64)
int32 = DType("int32", 3, np.int32)
uint8 = DType("uint8", 4, np.uint8)
int16 = DType("int16", 5, np.int16)
int8 = DType("int8", 6, np.int8)
string = DType("string", 7, np.object_)
complex64 = DType("complex64", 8, np.complex64)
int64 = DType("int64", 9, np.int64)
bool_ = DType("bool", 10, np.bool_)
bfloat16 = DType("bfloat16", 14, ml_dtypes.bfloat16)
uint16 = DType("uint16", 17, np.uint16)
complex128 = DType("complex128", 18, np.complex128)
float16 = half = DType("float16", 19, np.float16)
uint32 = DType("uint32", 22, np.uint32)
uint64 = DType("uint64", 23, np.uint64)
resource = DType("resource", 20, np.object_)
"""A handle on an object of the session, such as a queue; no value of a program is of this type."""

ALL: tuple[DType, ...] = (
    float32, float64, int32, uint8, int16, int8, string, complex64,
    int64, bool_, bfloat16, uint16, complex128, float16, uint32, uint64,
)  # fmt: skip
FLOATS = (float16, bfloat16, float32, float64)
INTEGERS = (int8, int16, int32, int64, uint8, uint16, uint32, uint64)
COMPLEX = (complex64, complex128)
REALS = FLOATS + INTEGERS
NUMBERS = REALS + COMPLEX
INDICES = (int32, int64)

_REFS = {t.name: DType(t.name + "_ref", t.as_datatype_enum + _REF_OFFSET, t.np, ref_of=t) for t in ALL}
_BY_NUMBER = {t.as_datatype_enum: t for t in (*ALL, resource, *_REFS.values())}
_BY_NAME = {t.name: t for t in (*ALL, resource, *_REFS.values())} | {
    "half": float16,
    "double": float64,
    "float": float32,
}
_BY_NUMPY = {t.np: t for t in ALL if t is not string}
_BY_PYTHON: dict[Any, DType] = {
    float: float32,
    int: int32,
    bool: bool_,
    str: string,
    bytes: string,
    object: string,
}


def is_dtype_name(name: str) -> bool:
    """Whether ``name`` is the name of a type."""
    return name in _BY_NAME


def as_dtype(value: Any) -> DType:
    """The DType that ``value`` names.

    Args:
        value: a DType, a name (``"float32"``), a protocol number, a NumPy dtype or scalar class, or one of Python's
            ``float``, ``int``, ``bool``, ``str``, ``bytes``.

    Returns:
        The DType.

    Raises:
        TypeError: if nothing of that name exists here (quantized and variant types do not).
    """
    if isinstance(value, DType):
        return value
    found: DType | None = None
    name: Any = value
    if isinstance(value, str):
        found = _BY_NAME.get(value)
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        found = _BY_NUMBER.get(int(name))
    elif isinstance(value, type):
        found = _BY_PYTHON.get(value)
    if found is None and value is not None:
        try:
            dtype = np.dtype(name)
        except TypeError:
            dtype = None
        if dtype is not None:
            found = string if dtype.kind in "OSU" else _BY_NUMPY.get(dtype.newbyteorder("="))
    if found is None:
        raise TypeError(
            f"Cannot convert {value!r} to a data type. Use one of {', '.join('tf.' + t.name for t in ALL)}, "
            "its name, or a NumPy dtype."
        )
    return found
