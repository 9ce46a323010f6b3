"""What a variable scope holds: a prefix for names, and what ``get_variable`` uses unless it is given others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gradiente.graph.build import name_scope
from gradiente.graph.dtypes import as_dtype, float32
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.ops.variable_store import VariableStore, value_dtype


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
            getter = wrapped_getter(custom_getter, self._custom_getter)
        with name_scope(None):
            return store.get_variable(
                full_name, shape=shape, dtype=first(dtype, self._dtype), initializer=initializer,
                regularizer=first(regularizer, self._regularizer), reuse=first(reuse, self._reuse), trainable=trainable,
                collections=collections, caching_device=first(caching_device, self._caching_device),
                partitioner=first(partitioner, self._partitioner), validate_shape=validate_shape,
                use_resource=first(use_resource, self._use_resource), custom_getter=getter,
                constraint=first(constraint, self._constraint),
            )  # fmt: skip


def wrapped_getter(custom_getter: Callable[..., Any], around: Callable[..., Any]) -> Callable[..., Any]:
    """A custom getter whose ``getter`` is the one of the scope around it."""

    def wrapped(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return custom_getter(partial(around, getter), *args, **kwargs)

    return wrapped
