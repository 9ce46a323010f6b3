"""The variables of a graph, and the operations that initialize all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradiente.graph.build import apply, apply_op, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_array
from gradiente.graph.dtypes import string
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Operation, Tensor
from gradiente.ops import state
from gradiente.ops.basic import group


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables of the default graph (``GraphKeys.GLOBAL_VARIABLES``)."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """The variables that are not saved, such as counters of input pipelines."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables in ``GraphKeys.MODEL_VARIABLES``."""
    return get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimizers update by default."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables that ExponentialMovingAverage keeps averages of."""
    return get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def all_variables() -> list[Any]:
    """The older name of ``global_variables``."""
    return global_variables()


def variables_initializer(var_list: Iterable[Any], name: str = "init") -> Operation:
    """An operation that initializes the variables of the list."""
    initializers = [v.initializer for v in var_list]
    return group(*initializers, name=name) if initializers else apply_op("NoOp", name=name)


def global_variables_initializer() -> Operation:
    """An operation that initializes the graph's variables: those made so far. Build it after all of them."""
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    """An operation that initializes the local variables."""
    return variables_initializer(local_variables())


def initialize_variables(var_list: Iterable[Any], name: str = "init") -> Operation:
    """The older name of ``variables_initializer``."""
    return variables_initializer(var_list, name)


def initialize_all_variables() -> Operation:
    """The older name of ``global_variables_initializer``."""
    return global_variables_initializer()


def initialize_local_variables() -> Operation:
    """The older name of ``local_variables_initializer``."""
    return local_variables_initializer()


def report_uninitialized_variables(
    var_list: Iterable[Any] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names of the variables that have no value in the session, as a rank-1 string tensor.

    Args:
        var_list: the variables to look at; all global and local ones by default.
        name: the operation's name.
    """
    variables = list(var_list) if var_list is not None else global_variables() + local_variables()
    with name_scope(name):
        if not variables:
            return convert_to_tensor(constant_array(np.array([], dtype=object), string))
        missing = apply("LogicalNot", apply("Pack", [state.is_variable_initialized(v) for v in variables]))
        names = convert_to_tensor([v.op.name for v in variables], dtype=string)
        where = apply("Reshape", apply("Where", missing), [-1])
        return apply("GatherV2", names, where, 0)


def assert_variables_initialized(var_list: Iterable[Any] | None = None) -> Tensor | None:
    """A tensor that fails with FailedPreconditionError if a variable of the list has no value."""
    variables = list(var_list) if var_list is not None else global_variables() + local_variables()
    if not variables:
        return None
    with name_scope("assert_variables_initialized"):
        return apply("Pack", [apply("Size", v) for v in variables])
