"""Slices such as ``data[o:o + 10]``, whose size is known although where they begin is fed.

In general XLA must know the bounds of a slice, since its result is shorter at the end of the data, and each value of ``o``
is compiled. Where the bounds of a run are found to lie inside the data, all of them can share one executable that takes
the beginning as an argument; only the others are compiled for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gradiente.graph.constants import constant_value
from gradiente.graph.evaluate import compute_numpy
from gradiente.graph.operation import Operation, Tensor
from gradiente.ops.dynamic_slice import Window, windows
from gradiente.runtime.plan import Segment
from gradiente.runtime.static_values import static_needed

_Array = np.ndarray[Any, Any]


class Windows:
    """The windows of a segment.

    Attributes:
        slices: the operations that can be traced while their bounds fit.
        static: those of the segment's static inputs that have to be known even so.
        moving: the others, which become arguments.
        must_fold: operations whose value is worked out while compiling even so.
    """

    def __init__(self, segment: Segment, found: dict[Operation, list[Window]]) -> None:
        wanted, fold = static_needed(segment.ops, found.keys())
        self.slices = frozenset(found)
        self.must_fold = frozenset(fold)
        self.static = [t for t in segment.static if t in wanted]
        self.moving = [t for t in segment.static if t not in wanted]
        self._inputs = segment.static
        self._found = [window for sizes in found.values() for window in sizes]
        self._constants: dict[Tensor, _Array] = {}
        self._steps = _steps(self._found, self._inputs, self._constants) or []

    @staticmethod
    def of(segment: Segment) -> Windows | None:
        """The segment's windows; None where there are none, or where each value is compiled for something else anyway."""
        found: dict[Operation, list[Window]] = {}
        for op in segment.ops if segment.static else ():
            sizes = windows(op)
            if sizes and _steps(sizes, segment.static, {}) is not None:
                found[op] = sizes
        made = Windows(segment, found) if found else None
        return made if made is not None and made.moving else None

    def fit(self, values: Sequence[_Array]) -> bool:
        """Whether all windows lie inside what they are taken from, for these values of the segment's static inputs."""
        known = dict(zip(self._inputs, values, strict=True))
        if self._steps:
            known.update(self._constants)
        for op in self._steps:
            known.update(zip(op.outputs, compute_numpy(op, [known[t] for t in op.inputs]), strict=True))
        return all(window.fits(known) for window in self._found)

    def split(self, values: Sequence[_Array]) -> tuple[list[_Array], list[_Array]]:
        """The values of the segment's static inputs as those of ``static`` and those of ``moving``."""
        by_input = dict(zip(self._inputs, values, strict=True))
        return [by_input[t] for t in self.static], [by_input[t] for t in self.moving]


def _steps(
    wanted: Iterable[Window], inputs: Sequence[Tensor], constants: dict[Tensor, _Array]
) -> list[Operation] | None:
    """The operations that work out in NumPy from ``inputs`` where windows begin, in order; ``constants`` gets the numbers
    that they need besides. None where it takes more.
    """
    found: set[Operation] = set()
    pending = [t for window in wanted for t in window.start.terms if t not in inputs]
    while pending:
        tensor = pending.pop()
        value = constant_value(tensor)
        if value is not None:
            constants[tensor] = value
        elif not tensor.op.op_def.pure or tensor.op.op_def.compute is None or not tensor.op.inputs:
            return None
        elif tensor.op not in found:
            found.add(tensor.op)
            pending += [t for t in tensor.op.inputs if t not in inputs]
    return sorted(found, key=lambda op: op.creation_index)
