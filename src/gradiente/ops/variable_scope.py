"""Variable scopes: names and settings that ``get_variable`` takes from around it, so that variables can be shared."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any

from gradiente.graph.build import name_scope
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.ops.scope_settings import VariableScope, wrapped_getter
from gradiente.ops.variable_store import AUTO_REUSE as AUTO_REUSE
from gradiente.ops.variable_store import default_store, root_graph
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
            getter = wrapped_getter(getter, outer.custom_getter)
        return VariableScope(
            self._reuse or outer.reuse, name, name_scope=inside, custom_getter=getter or outer.custom_getter,
            **self._settings(outer),
        )  # fmt: skip

    def _again(self, where: VariableScope) -> VariableScope:
        getter = self._custom_getter
        if getter is not None and where.custom_getter is not None:
            getter = wrapped_getter(getter, where.custom_getter)
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
