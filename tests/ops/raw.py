"""Operations by their type, for those that no public function makes: under gradiente and under TensorFlow."""

from __future__ import annotations

from typing import Any


def raw(tf: Any, op_type: str, **arguments: Any) -> Any:
    """Make an operation from its inputs and attributes by their names in TensorFlow's declaration."""
    if hasattr(tf, "raw_ops"):
        return getattr(tf.raw_ops, op_type)(**arguments)
    from gradiente.graph.build import apply
    from gradiente.graph.registry import op_def

    definition = op_def(op_type)
    assert definition is not None
    inputs = [arguments.pop(arg.name) for arg in definition.inputs]
    return apply(op_type, *inputs, **arguments)
