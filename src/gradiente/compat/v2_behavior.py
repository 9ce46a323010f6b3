"""The switches between TensorFlow 1 and 2: gradiente is always in the first position."""

from __future__ import annotations


def disable_v2_behavior() -> None:
    """Does nothing: a gradiente program always builds a graph and runs it in a session.

    >>> disable_v2_behavior()
    """


def disable_eager_execution() -> None:
    """Does nothing: operations are never run while they are being built."""


def disable_control_flow_v2() -> None:
    """Does nothing: there is one form of `cond` and `while_loop`."""


def disable_resource_variables() -> None:
    """Does nothing: there is one kind of variable."""


def enable_resource_variables() -> None:
    """Does nothing: there is one kind of variable, and it is read when the operation that reads it runs."""


def disable_tensor_equality() -> None:
    """Does nothing: `==` between tensors compares identity, as in TensorFlow 1."""


def executing_eagerly() -> bool:
    """Returns `False`: operations are added to a graph.

    >>> executing_eagerly()
    False
    """
    return False


def enable_eager_execution(
    config: object = None, device_policy: object = None, execution_mode: object = None
) -> None:
    """Refuses: gradiente runs graphs in sessions.

    Raises:
        NotImplementedError: always, with the remedy.
    """
    raise NotImplementedError(
        "enable_eager_execution: gradiente builds a graph and runs it in a session, it has no eager "
        "execution.\n  Remedy: leave the call out and fetch values with `tf.Session().run(...)`; to look at "
        'values step by step use `tf.Session(executor="python")`.'
    )


def enable_v2_behavior() -> None:
    """Refuses: gradiente has TensorFlow 1's behaviour only.

    Raises:
        NotImplementedError: always, with the remedy.
    """
    raise NotImplementedError(
        "enable_v2_behavior: gradiente has TensorFlow 1's behaviour (graph and sessions) only.\n"
        "  Remedy: leave the call out."
    )
