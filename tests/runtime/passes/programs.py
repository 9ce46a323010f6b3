"""What the passes make of a run, for their tests."""

from __future__ import annotations

from typing import Any

import gradiente as tf
from gradiente.runtime.passes.program import Fused, Program
from gradiente.runtime.plan import make_plan


def program(fetches: list[Any], feeds: list[Any] | None = None) -> Program:
    """The program of the one device segment of a run."""
    tensors = [f for f in fetches if isinstance(f, tf.Tensor)]
    operations = [f for f in fetches if isinstance(f, tf.Operation)]
    (segment,) = make_plan(tensors, operations, feeds or []).segments
    return segment.program


def types(made: Program) -> list[str]:
    """The steps' types, constants and variables left out."""
    kinds = [s.kind if isinstance(s, Fused) else s.type for s in made.steps]
    return [k for k in kinds if k not in ("Const", "VariableV2", "Identity")]
