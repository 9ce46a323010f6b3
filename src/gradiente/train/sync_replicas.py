"""Synchronous replicas, which gradiente does not have."""

from __future__ import annotations

from typing import Any

from gradiente.train.optimizer import Optimizer


class SyncReplicasOptimizer(Optimizer):
    """TensorFlow 1's optimizer for parameter servers. gradiente runs in one process and has none.

    Raises:
        NotImplementedError: always; the message says what to use.
    """

    def __init__(self, opt: Any = None, *args: Any, **kwargs: Any) -> None:
        del args, kwargs
        raise NotImplementedError(
            "tf.train.SyncReplicasOptimizer collects gradients of several workers on parameter servers, and gradiente runs "
            f"in one process. Use the optimizer inside it ({type(opt).__name__}) with the batches of all workers joined."
        )
