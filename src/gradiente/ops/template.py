"""Templates: functions that share their variables between calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gradiente.graph.source import SourceLine, user_line
from gradiente.ops.scope_settings import VariableScope
from gradiente.ops.variable_lists import trainable_variables
from gradiente.ops.variable_scope import variable_scope


def make_template(
    name_: str, func_: Callable[..., Any], create_scope_now_: bool = False, unique_name_: str | None = None,
    custom_getter_: Any = None, **kwargs: Any,
) -> Template:  # fmt: skip
    """A function that makes its variables at the first call and uses the same ones at all others.

    Args:
        name_: the name of the variable scope, made unique.
        func_: the function; it makes variables with ``tf.get_variable``.
        create_scope_now_: choose the scope's name now and not at the first call.
        unique_name_: a name to use as it is.
        custom_getter_: a custom getter for the variables.
        **kwargs: arguments to pass to ``func_`` at each call.

    Returns:
        A function with the arguments of ``func_`` that are left.

    Source: TensorFlow 1's ``tf.make_template``.

    Example:
        >>> scaled = tf.make_template("scale", lambda x: x * tf.get_variable("w", initializer=2.0))
        >>> _ = scaled(1.0), scaled(3.0)
        >>> [v.name for v in tf.global_variables()]
        ['scale/w:0']
    """
    function = partial(func_, **kwargs) if kwargs else func_
    return Template(name_, function, create_scope_now_, unique_name_, custom_getter_)


class Template:
    """A function that shares its variables between calls; ``make_template`` makes one."""

    def __init__(
        self, name: str, func: Callable[..., Any], create_scope_now: bool = False, unique_name: str | None = None,
        custom_getter: Any = None,
    ) -> None:  # fmt: skip
        if not name:
            raise ValueError("name cannot be None.")
        self._name = name
        self._func = func
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._scope: VariableScope | None = None
        self._called = False
        self._made_at: SourceLine = user_line()
        if create_scope_now:
            with variable_scope(unique_name, name, custom_getter=custom_getter) as scope:
                self._scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._scope is None:
            with variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter) as scope:
                self._scope = scope
                return self._run(args, kwargs)
        with variable_scope(self._scope, reuse=self._called):
            return self._run(args, kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        before = len(trainable_variables())
        try:
            result = self._func(*args, **kwargs)
        except Exception as error:
            error.add_note(f"In the template {self._name!r}, made at {self._made_at}")
            raise
        if self._called and len(trainable_variables()) != before:
            raise ValueError(
                f"New variable created when calling a template after the first time, perhaps you used tf.Variable when you "
                f"meant tf.get_variable: {[v.name for v in trainable_variables()[before:]]}. The template {self._name!r} "
                f"was made at {self._made_at}"
            )
        self._called = True
        return result

    @property
    def name(self) -> str:
        """The name that was given."""
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        """The function."""
        return self._func

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of the variables; None before the first call."""
        return self._scope

    @property
    def variable_scope_name(self) -> str | None:
        """The scope's name; None before the first call."""
        return None if self._scope is None else self._scope.name

    @property
    def trainable_variables(self) -> list[Any]:
        """The trainable variables that the function made."""
        return [] if self._scope is None else self._scope.trainable_variables()

    @property
    def global_variables(self) -> list[Any]:
        """The variables that the function made."""
        return [] if self._scope is None else self._scope.global_variables()
