"""What of an input pipeline runs in NumPy: the work on single examples, whose shapes differ from file to file.

XLA compiles a program for each set of shapes, which pays for the thousands of equal batches that training takes. An image
file has the size that it has: compiling the resizing of each one would take longer than doing it. So two kinds of
operations run step by step, with the same computations: what becomes of a decoded image until its size is fixed, and all
of a run that does nothing but fill a queue.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.effects import functions

DECODERS = frozenset({"DecodePng", "DecodeJpeg", "DecodeBmp", "DecodeGif", "DecodeImage"})
"""Ops whose outputs have another shape for each file."""

_FILLING = frozenset({"QueueEnqueueV2", "QueueEnqueueManyV2"})
_COUNTING = frozenset({"CountUpTo"})

_NEUTRAL = frozenset({"Const", "NoOp"})
"""Ops that stand wherever their result is wanted."""

_HEAVY = ("Conv", "Depthwise", "MaxPool", "AvgPool", "MatMul", "BatchMatMul", "Einsum", "FusedBatchNorm", "LRN", "Matrix",
          "Svd", "Qr", "Cholesky")  # fmt: skip
"""Beginnings of the names of ops that are worth compiling, whatever their shapes."""


class InputPipeline:
    """Tells which operations of a run are work on single examples.

    Args:
        ops: the operations of the run.
        feeds: the tensors that the caller gives: what becomes of these is not the pipeline's.
    """

    def __init__(self, ops: Sequence[Operation], feeds: set[Tensor]) -> None:
        self._feeds = feeds
        self._varying: set[Tensor] = set()
        fills = any(op.type in _FILLING for op in ops)
        self._fills_a_queue = fills and not any(
            op.type.startswith(_HEAVY) or (op.op_def.writes and op.type not in _COUNTING) or functions(op)
            for op in ops
        )

    def takes(self, op: Operation) -> bool:
        """Whether the operation runs in NumPy although XLA could run it; asked once for each, in order."""
        if op.type in DECODERS:
            self._varying.update(
                t for t in op.outputs if not t.shape.is_fully_defined() and t not in self._feeds
            )
            return False
        varies = any(t in self._varying for t in op.inputs)
        if not (varies or self._fills_a_queue) or not _runs_in_numpy(op):
            return False
        self._varying.update(t for t in op.outputs if not t.shape.is_fully_defined() and t not in self._feeds)
        return True


def _runs_in_numpy(op: Operation) -> bool:
    definition = op.op_def
    if definition.compute is None or definition.reads or definition.writes or functions(op):
        return False
    if op.type in _NEUTRAL or any(t.dtype.is_ref_dtype for t in op.inputs):
        return False
    return (not definition.stateful or definition.random) and not op.type.startswith(_HEAVY)
