"""Variable scopes: names and settings that ``get_variable`` takes from around it, so that variables can be shared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import TracebackType
from typing import Any

from gradiente.graph.build import name_scope
from gradiente.graph.dtypes import as_dtype, float32
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.ops.variable_store import AUTO_REUSE as AUTO_REUSE
from gradiente.ops.variable_store import VariableStore, default_store, root_graph, value_dtype
from gradiente.ops.variable_store import no_regularizer as no_regularizer

_SCOPES = ("__varscope",)


class _Current(threading.local):
    def __init__(self, scope: VariableScope) -> None:
        self.scope = scope


def _current() -> _Current:
    held = root_graph().get_collection_ref(_SCOPES)
    if not held:
        held.append(_Current(VariableScope(False)))
    return held[0]


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return _current().scope


class VariableScope:
    """A variable scope's name and its settings, which ``get_variable`` uses unless it is given others.

    ``with tf.variable_scope("layer") as scope:`` makes one; ``tf.variable_scope(scope, reuse=True)`` enters it again.
    """

    def __init__(
        self, reuse: Any, name: str = "", initializer: Any = None, regularizer: Any = None, caching_device: Any = None,
        partitioner: Any = None, custom_getter: Any = None, name_scope: str = "", dtype: Any = float32,
        use_resource: bool | None = None, constraint: Any = None,
    ) -> None:  # fmt: skip
        self._name = name
        self._reuse = reuse
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._name_scope = name_scope
        self._dtype = dtype
        self._use_resource = use_resource
        self._constraint = constraint

    @property
    def name(self) -> str:
        """The scope's name, a prefix of its variables' names."""
        return self._name

    @property
    def original_name_scope(self) -> str:
        """The name scope that the scope opened when it was made, with a trailing "/"."""
        return self._name_scope

    @property
    def reuse(self) -> Any:
        """True, False or ``AUTO_REUSE``."""
        return self._reuse

    @property
    def initializer(self) -> Any:
        """The default initializer."""
        return self._initializer

    @property
    def dtype(self) -> Any:
        """The default type."""
        return self._dtype

    @property
    def use_resource(self) -> bool | None:
        """Accepted for TensorFlow's programs."""
        return self._use_resource

    @property
    def regularizer(self) -> Any:
        """The default regularizer."""
        return self._regularizer

    @property
    def caching_device(self) -> Any:
        """Accepted; XLA keeps variables on the device."""
        return self._caching_device

    @property
    def partitioner(self) -> Any:
        """The default partitioner."""
        return self._partitioner

    @property
    def custom_getter(self) -> Any:
        """The default custom getter."""
        return self._custom_getter

    @property
    def constraint(self) -> Any:
        """The default constraint."""
        return self._constraint

    def reuse_variables(self) -> None:
        """From now on take existing variables; asking for a new one is an error."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Set the default initializer."""
        self._initializer = initializer

    def set_dtype(self, dtype: Any) -> None:
        """Set the default type."""
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        """Accepted for TensorFlow's programs."""
        self._use_resource = use_resource

    def set_regularizer(self, regularizer: Any) -> None:
        """Set the default regularizer."""
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        """Accepted; XLA keeps variables on the device."""
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        """Set the default partitioner."""
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        """Set the default custom getter."""
        self._custom_getter = custom_getter

    def get_collection(self, name: Any) -> list[Any]:
        """The items of a collection whose names begin with this scope's."""
        return get_default_graph().get_collection(name, self._name + "/" if self._name else None)

    def trainable_variables(self) -> list[Any]:
        """The scope's trainable variables."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        """The scope's global variables."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        """The scope's local variables."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(
        self, store: VariableStore, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None,
        regularizer: Any = None, reuse: Any = None, trainable: bool | None = True, collections: Any = None,
        caching_device: Any = None, partitioner: Any = None, validate_shape: bool = True,
        use_resource: bool | None = None, custom_getter: Any = None, constraint: Any = None,
    ) -> Any:  # fmt: skip
        """The variable ``name`` of this scope in ``store`` (see the function ``get_variable``)."""

        def first(given: Any, default: Any) -> Any:
            return default if given is None else given

        initializer = first(initializer, self._initializer)
        if initializer is not None and not callable(initializer):
            found = value_dtype(initializer)
            if (
                dtype is not None
                and as_dtype(dtype).base_dtype is not found
                and hasattr(initializer, "dtype")
            ):
                raise ValueError(
                    f"Initializer type '{found.name}' and explicit dtype '{as_dtype(dtype).name}' of variable {name!r} "
                    "don't match. Convert the initial value, or leave out dtype."
                )
            dtype = first(dtype, found)
        full_name = f"{self._name}/{name}" if self._name else name
        getter = first(custom_getter, self._custom_getter)
        if custom_getter is not None and self._custom_getter is not None:
            getter = _wrapped(custom_getter, self._custom_getter)
        with name_scope(None):
            return store.get_variable(
                full_name, shape=shape, dtype=first(dtype, self._dtype), initializer=initializer,
                regularizer=first(regularizer, self._regularizer), reuse=first(reuse, self._reuse), trainable=trainable,
                collections=collections, caching_device=first(caching_device, self._caching_device),
                partitioner=first(partitioner, self._partitioner), validate_shape=validate_shape,
                use_resource=first(use_resource, self._use_resource), custom_getter=getter,
                constraint=first(constraint, self._constraint),
            )  # fmt: skip


def _wrapped(custom_getter: Callable[..., Any], around: Callable[..., Any]) -> Callable[..., Any]:
    """A custom getter whose ``getter`` is the one of the scope around it."""

    def wrapped(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return custom_getter(partial(around, getter), *args, **kwargs)

    return wrapped


def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool | None = None, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
    validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None, constraint: Any = None,
    synchronization: Any = None, aggregation: Any = None,
) -> Any:  # fmt: skip
    """The variable ``name`` of the current variable scope: made, or taken when the scope reuses variables.

    Args:
        name: the name below the scope's.
        shape: the shape; not with a constant initializer, which has one.
        dtype: the type; float32 by default.
        initializer: a function of the shape (``tf.zeros_initializer()``), or a constant array or tensor; by default
            Glorot's uniform one for floating types, zeros for integers and bool.
        regularizer: a function of the variable; what it returns joins ``GraphKeys.REGULARIZATION_LOSSES``.
        trainable: whether optimizers update it by default; True.
        collections: the collections to join; ``[GraphKeys.GLOBAL_VARIABLES]`` by default.
        caching_device: accepted.
        partitioner: a function of shape and type that gives the number of pieces per axis.
        validate_shape: False allows an initial value of unknown shape.
        use_resource: accepted; there is one kind of variable here.
        custom_getter: a function ``(getter, name, ...)`` to call instead of ``getter``.
        constraint: a function to apply to the value after an optimizer's update.
        synchronization: accepted.
        aggregation: accepted.

    Returns:
        A Variable, or a PartitionedVariable.

    Raises:
        ValueError: if the variable exists and the scope does not reuse, or it does not exist and ``reuse=True``, or
            shape or type differ from the existing variable's, or the shape is not known.

    Source: TensorFlow 1's ``tf.get_variable``.
    """
    del synchronization, aggregation
    return get_variable_scope().get_variable(
        default_store(), name, shape, dtype, initializer, regularizer, None, trainable, collections, caching_device,
        partitioner, validate_shape, use_resource, custom_getter, constraint,
    )  # fmt: skip


def get_local_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, **settings: Any
) -> Any:
    """Like ``get_variable``, for a variable that is not saved and not trained (``GraphKeys.LOCAL_VARIABLES``)."""
    joined = [*(settings.pop("collections", None) or ()), GraphKeys.LOCAL_VARIABLES]
    settings["trainable"] = False
    return get_variable(name, shape, dtype, initializer, collections=joined, **settings)


class variable_scope:
    """Enter a variable scope in a ``with`` block: a prefix and defaults for ``get_variable``.

    Args:
        name_or_scope: a name below the current scope's, or a VariableScope to enter again.
        default_name: a name to use, made unique, when ``name_or_scope`` is None.
        values: tensors that the block will use; they must be of one graph.
        initializer: the default initializer of the block.
        regularizer: the default regularizer.
        caching_device: accepted.
        partitioner: the default partitioner.
        custom_getter: the default custom getter, around those of the scopes outside.
        reuse: True to take existing variables only, ``AUTO_REUSE`` to take or make; None inherits.
        dtype: the default type.
        use_resource: accepted.
        constraint: the default constraint.
        auxiliary_name_scope: whether to enter a name scope too.

    Yields:
        scope (VariableScope): the one that was entered.

    Raises:
        ValueError: if ``reuse=True`` is given with a ``default_name``, which is always new.
        TypeError: if neither a name nor a default name is given.

    Source: TensorFlow 1's ``tf.variable_scope``.
    """

    def __init__(
        self, name_or_scope: Any, default_name: str | None = None, values: Any = None, initializer: Any = None,
        regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
        reuse: Any = None, dtype: Any = None, use_resource: bool | None = None, constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:  # fmt: skip
        if name_or_scope is None and default_name is None:
            raise TypeError("variable_scope: if default_name is None then name_or_scope is required.")
        if reuse not in (None, True, False, AUTO_REUSE):
            raise ValueError(
                f"The reuse parameter must be True or False or None or tf.AUTO_REUSE, not {reuse!r}."
            )
        if name_or_scope is None and reuse is True:
            raise ValueError(
                "reuse=True cannot be used without a name_or_scope: a default name is always a new scope."
            )
        if name_or_scope is not None and not isinstance(name_or_scope, str | VariableScope):
            raise TypeError(f"name_or_scope is a string or a VariableScope, not {name_or_scope!r}.")
        self._where: str | VariableScope | None = name_or_scope
        self._default_name = default_name
        self._values: list[Any] = [v for v in values or () if v is not None]
        self._reuse = reuse
        self._auxiliary = auxiliary_name_scope
        self._given: dict[str, Any] = {
            "initializer": initializer, "regularizer": regularizer, "caching_device": caching_device,
            "partitioner": partitioner, "dtype": dtype, "use_resource": use_resource, "constraint": constraint,
        }  # fmt: skip
        self._custom_getter = custom_getter
        self._entered: list[ExitStack] = []

    def __enter__(self) -> VariableScope:
        stack = ExitStack()
        try:
            scope = self._enter(stack)
        except BaseException:
            stack.close()
            raise
        self._entered.append(stack)
        return scope

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered.pop().__exit__(kind, value, traceback)

    def _enter(self, stack: ExitStack) -> VariableScope:
        where = self._where
        if self._values:
            from gradiente.graph.build import graph_of

            stack.enter_context(graph_of(self._values).as_default())
        graph = get_default_graph()
        outer = get_variable_scope()
        if isinstance(where, VariableScope):
            name, last = where.name, where.name.rpartition("/")[2]
        else:
            last = where if where is not None else _unique_default(self._default_name or "")
            name = f"{outer.name}/{last}" if outer.name else last
        inside = graph.get_name_scope()
        inside = inside + "/" if inside else ""
        if self._auxiliary and last:
            opened = last if where is not None else self._default_name
            inside = stack.enter_context(name_scope(opened))
        scope = self._again(where) if isinstance(where, VariableScope) else self._below(outer, name, inside)
        stack.enter_context(_entered(scope, again=isinstance(where, VariableScope)))
        return scope

    def _settings(self, base: VariableScope) -> dict[str, Any]:
        return {k: getattr(base, k) if v is None else v for k, v in self._given.items()}

    def _below(self, outer: VariableScope, name: str, inside: str) -> VariableScope:
        getter = self._custom_getter
        if getter is not None and outer.custom_getter is not None:
            getter = _wrapped(getter, outer.custom_getter)
        return VariableScope(
            self._reuse or outer.reuse, name, name_scope=inside, custom_getter=getter or outer.custom_getter,
            **self._settings(outer),
        )  # fmt: skip

    def _again(self, where: VariableScope) -> VariableScope:
        getter = self._custom_getter
        if getter is not None and where.custom_getter is not None:
            getter = _wrapped(getter, where.custom_getter)
        return VariableScope(
            self._reuse or where.reuse, where.name, name_scope=where.original_name_scope,
            custom_getter=getter or where.custom_getter, **self._settings(where),
        )  # fmt: skip


@contextmanager
def _entered(scope: VariableScope, again: bool) -> Iterator[None]:
    """Make ``scope`` the current one, counting the openings that default names depend on."""
    store, current = default_store(), _current()
    outer = current.scope
    before = dict(store.opened) if again else None
    store.open_scope(scope.name)
    current.scope = scope
    try:
        yield
    finally:
        current.scope = outer
        store.close_subscopes(scope.name)
        if before is not None:
            store.opened = before


def _unique_default(name: str) -> str:
    """``name``, with ``_1``, ``_2``, ... if a scope of that name was opened already."""
    store, outer = default_store(), get_variable_scope().name
    prefix = outer + "/" if outer else ""
    if not store.opened.get(prefix + name):
        return name
    number = 1
    while store.opened.get(f"{prefix}{name}_{number}"):
        number += 1
    return f"{name}_{number}"


@contextmanager
def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: str | None = None, initializer: Any = None, regularizer: Any = None,
    caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None, reuse: Any = None, dtype: Any = None,
    use_resource: bool | None = None, constraint: Any = None,
) -> Iterator[VariableScope]:  # fmt: skip
    """The older form of ``variable_scope``, with ``values`` first."""
    with variable_scope(
        name_or_scope, default_name, values, initializer, regularizer, caching_device, partitioner, custom_getter, reuse,
        dtype, use_resource, constraint,
    ) as scope:  # fmt: skip
        yield scope
