"""The registry of op definitions: each op is declared once, here, by ``register``.

An op's declaration gives its TensorFlow type name, its signature, its attributes, and three rules: the shape of
its outputs, its gradient, and its computation over an array namespace. ``docs/adding-an-op.md`` is the guide.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gradiente.graph.dtypes import DType, as_dtype, is_dtype_name

ShapeRule = Callable[[Any], Sequence[Any]]
"""From an Operation (inputs and attributes set, outputs not yet) to its outputs' shapes."""

# The arities are spelled out only so that a type checker knows the parameters of a lambda.
_TwoOrMore = (
    Callable[[Any, Any], Any]
    | Callable[[Any, Any, Any], Any]
    | Callable[[Any, Any, Any, Any], Any]
    | Callable[..., Any]
)

GradientRule = _TwoOrMore
"""From an Operation and the gradient of each of its outputs to the gradient of each of its inputs (None: none)."""

Computation = _TwoOrMore
"""``(xp, *inputs, **attributes it names) -> output``, or a tuple of them for an op with several outputs."""


class _NotDifferentiable:
    """The type of NOT_DIFFERENTIABLE."""

    def __repr__(self) -> str:
        return "NOT_DIFFERENTIABLE"


NOT_DIFFERENTIABLE: Final = _NotDifferentiable()
"""Declared as ``gradient=`` of an op whose derivative is zero or undefined: no gradient flows through it."""


@dataclass(frozen=True, slots=True)
class AttrDef:
    """An attribute: its kind (``int``, ``float``, ``bool``, ``string``, ``type``, ``shape``, ``tensor``, ``func`` or
    ``list(kind)``), its default (``REQUIRED`` if it has none) and, for types and strings, what is allowed.
    """

    kind: str
    default: Any
    allowed: tuple[Any, ...] | None = None


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()


def attr(kind: str, default: Any = REQUIRED, allowed: Iterable[Any] | None = None) -> AttrDef:
    """Declare an attribute whose kind can't be told from its default."""
    return AttrDef(kind, default, None if allowed is None else tuple(allowed))


@dataclass(frozen=True, slots=True)
class ArgDef:
    """An input or output of a signature.

    One of ``dtype`` (a fixed type), ``type_attr`` (the attribute that holds the type) and ``type_list_attr`` (an
    attribute that holds one type per tensor) is set. ``number_attr`` names the attribute that holds the length of a
    list of tensors of one type.
    """

    name: str
    dtype: DType | None = None
    type_attr: str | None = None
    number_attr: str | None = None
    type_list_attr: str | None = None
    is_ref: bool = False

    @property
    def is_list(self) -> bool:
        """Whether the argument is a list of tensors."""
        return self.number_attr is not None or self.type_list_attr is not None

    def count(self, attrs: Mapping[str, Any]) -> int:
        """How many tensors the argument stands for in an operation with these attributes."""
        if self.number_attr is not None:
            return attrs[self.number_attr]
        return 1 if self.type_list_attr is None else len(attrs[self.type_list_attr])


@dataclass(frozen=True)
class OpDef:
    """An op's declaration. See ``register`` for the meaning of each field."""

    name: str
    inputs: tuple[ArgDef, ...]
    outputs: tuple[ArgDef, ...]
    attrs: Mapping[str, AttrDef]
    shape: ShapeRule
    compute: Computation | None
    device: Computation | None
    host: Computation | None
    static: frozenset[str]
    reads: frozenset[str]
    writes: frozenset[str]
    random: bool
    checks: bool
    stateful: bool
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    traceable: Callable[[Any], Iterable[str]] | None = None

    @property
    def on_host(self) -> bool:
        """Whether the op runs on the host only: strings, files, queues, outputs whose shape depends on values."""
        return self.host is not None

    @property
    def pure(self) -> bool:
        """Whether the same inputs always give the same outputs, or the same error, and nothing else happens."""
        return not (self.stateful or self.random or self.writes or self.reads)

    def static_names(self, op: Any) -> frozenset[str]:
        """The inputs of ``op``, an operation of this type, whose values XLA must know when compiling."""
        return self.static - frozenset(self.traceable(op)) if self.traceable is not None else self.static


_OPS: dict[str, OpDef] = {}
_GRADIENTS: dict[str, GradientRule | _NotDifferentiable] = {}

_ARG = re.compile(r"^\s*(\w+)\s*:\s*(.+?)\s*$")


def _parse_arg(text: str, attrs: dict[str, AttrDef], allowed: Mapping[str, Iterable[DType]]) -> ArgDef:
    match = _ARG.match(text)
    if not match:
        raise ValueError(f"{text!r} is not of the form 'name: type'.")
    name, spec = match.groups()
    is_ref = spec.startswith("Ref(")
    if is_ref:
        spec = spec[4:-1]
    number_attr: str | None = None
    if "*" in spec:
        number, _, element = spec.partition("*")
        number_attr, spec = number.strip(), element.strip()
        attrs.setdefault(number.strip(), AttrDef("int", REQUIRED))
    if spec.startswith("list("):
        type_list = spec[5:-1]
        attrs.setdefault(type_list, AttrDef("list(type)", REQUIRED))
        return ArgDef(name, type_list_attr=type_list, is_ref=is_ref)
    if is_dtype_name(spec):
        return ArgDef(name, dtype=as_dtype(spec), number_attr=number_attr, is_ref=is_ref)
    allow = tuple(allowed[spec]) if spec in allowed else None
    known = attrs.get(spec)
    if known is None:
        attrs[spec] = AttrDef("type", REQUIRED, allow)
    elif allow and known.allowed is None:
        attrs[spec] = AttrDef("type", known.default, allow)
    return ArgDef(name, type_attr=spec, number_attr=number_attr, is_ref=is_ref)


def _as_attr_def(default: Any) -> AttrDef:
    if isinstance(default, AttrDef):
        return default
    for python_type, kind in (
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        (str, "string"),
        (DType, "type"),
    ):
        if isinstance(default, python_type):
            return AttrDef(kind, default)
    if isinstance(default, list) and default and isinstance(default[0], int):
        return AttrDef("list(int)", default)
    raise ValueError(
        f"The kind of an attribute can't be told from its default {default!r}; declare it with attr()."
    )


def _keywords(function: Computation | None) -> tuple[str, ...]:
    if function is None:
        return ()
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


def register(
    name: str,
    signature: str,
    *,
    shape: ShapeRule,
    compute: Computation | None = None,
    device: Computation | None = None,
    host: Computation | None = None,
    gradient: GradientRule | _NotDifferentiable | None = None,
    attrs: Mapping[str, Any] | None = None,
    types: Mapping[str, Iterable[DType]] | None = None,
    static: Iterable[str] = (),
    traceable: Callable[[Any], Iterable[str]] | None = None,
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    random: bool = False,
    checks: bool = False,
    stateful: bool = False,
) -> OpDef:
    """Declare an op.

    Args:
        name: TensorFlow's type name, as in a GraphDef (``"MatMul"``).
        signature: inputs and outputs with their types, for instance ``"a: T, b: T -> product: T"``,
            ``"values: N*T, axis: Tidx -> output: T"`` (a list of N tensors of type T), ``"data: list(U) -> "``
            (tensors of any types, listed in attribute U), ``"ref: Ref(T), value: T -> output_ref: Ref(T)"``; a lower-case
            type is fixed (``"x: float32"``). Attributes that a signature implies need no declaration.
        shape: the shape rule: from the Operation to one shape (TensorShape, or a plain tuple with None for an unknown
            size, or None for unknown rank) per output. Raises ValueError with rule, values and remedy; the builder adds the
            op's name, the shapes received and the user's line.
        compute: the computation, ``(xp, *inputs, *, attributes...)``; ``xp`` is ``numpy`` or ``jax.numpy``. A list
            input arrives as one Python list. Keyword-only parameters name the attributes it wants, and may include
            ``op`` (the Operation) and ``ctx`` (the execution's context: state, counters, checks).
        device: the computation under XLA where one body can't serve both; ``compute`` is the NumPy form then.
        host: the computation of an op that always runs on the host, on NumPy arrays, ``(ctx-less) (xp, *inputs)``.
        gradient: the gradient rule, NOT_DIFFERENTIABLE, or None when it is not implemented.
        attrs: attribute defaults by name; their kinds follow from the defaults, or from ``attr(kind, ...)``.
        types: the allowed types of a type attribute.
        static: inputs whose values XLA must know when compiling (shapes, axes, sizes); they arrive as NumPy arrays.
        traceable: ``(op) -> names``: those of ``static`` that this operation can take traced after all, as a slice of
            known size can take the position that it starts from. Where they are known they arrive as NumPy arrays still.
        reads: ref inputs whose variable is read. ``writes``: ref inputs whose variable is assigned.
        random: the op draws random numbers: it has a counter, ``ctx.next_count()``.
        checks: the op may report a bad value, ``ctx.check(ok, message)``.
        stateful: the op has other effects or varying results: it is never folded or shared.

    Returns:
        The declaration.
    """
    if name in _OPS:
        raise ValueError(f"The op {name!r} is declared twice.")
    definitions = {key: _as_attr_def(value) for key, value in (attrs or {}).items()}
    left, right = signature.split("->")
    sides = [
        tuple(_parse_arg(part, definitions, types or {}) for part in _split_args(side))
        for side in (left, right)
    ]
    definition = OpDef(
        name=name, inputs=sides[0], outputs=sides[1], attrs=definitions, shape=shape, compute=compute, device=device,
        host=host, static=frozenset(static), reads=frozenset(reads), writes=frozenset(writes), random=random,
        checks=checks, stateful=stateful,
        keywords={"compute": _keywords(compute), "device": _keywords(device), "host": _keywords(host)},
        traceable=traceable,
    )  # fmt: skip
    return add_definition(definition, gradient)


def add_definition(definition: OpDef, gradient: GradientRule | _NotDifferentiable | None) -> OpDef:
    """Put a declaration into the registry."""
    _OPS[definition.name] = definition
    if gradient is not None:
        _GRADIENTS[definition.name] = gradient
    return definition


def _split_args(side: str) -> list[str]:
    return [part for part in side.split(",") if part.strip()]


def op_def(name: str) -> OpDef | None:
    """The declaration of an op type, or None when there is none."""
    return _OPS.get(name)


def registered_ops() -> dict[str, OpDef]:
    """Every declaration, by type name."""
    return dict(_OPS)


def gradient_rule(name: str) -> GradientRule | _NotDifferentiable | None:
    """The gradient rule registered under an op type or an override's name; None when there is none."""
    return _GRADIENTS.get(name)


class RegisterGradient:
    """Decorator that registers a gradient rule under a name (``tf.RegisterGradient``).

    The rule takes the Operation and the gradients of its outputs and returns those of its inputs. Use the name with
    ``graph.gradient_override_map({"Relu": name})``.

    Raises:
        KeyError: if the name is taken.
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, rule: GradientRule) -> GradientRule:
        """Register ``rule`` and return it."""
        if self._op_type in _GRADIENTS:
            raise KeyError(f"Registering two gradients with name {self._op_type!r}!")
        _GRADIENTS[self._op_type] = rule
        return rule


def NotDifferentiable(op_type: str) -> None:
    """Declare that no gradient flows through ops of a type (``tf.NotDifferentiable``, ``tf.NoGradient``)."""
    _GRADIENTS[op_type] = NOT_DIFFERENTIABLE
