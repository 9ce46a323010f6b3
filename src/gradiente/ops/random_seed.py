"""Seeds: the graph's, the op's, and how an op's two seed attributes follow from them."""

from __future__ import annotations

import secrets
import weakref

from gradiente.graph.graph import get_default_graph
from gradiente.graph.operation import Operation

DEFAULT_GRAPH_SEED = 87654321
_LARGEST = 2**31 - 1


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two seeds of an operation: the graph's and its own (``tf.get_seed``).

    With both given, they are both used. With the graph's alone, the operation's own is the number of operations that
    the graph has so far; with the operation's alone, the graph's is 87654321. With neither, both are None, and each
    program draws other numbers.

    Args:
        op_seed: the operation's ``seed`` argument.
    """
    graph = get_default_graph()
    if graph.seed is None and op_seed is None:
        return None, None
    first = DEFAULT_GRAPH_SEED if graph.seed is None else graph.seed
    second = graph.version if op_seed is None else op_seed
    seeds = int(first) % _LARGEST, int(second) % _LARGEST
    return (0, _LARGEST) if seeds == (0, 0) else seeds


def set_random_seed(seed: int | None) -> None:
    """Set the default graph's seed, from which those of the operations made afterwards follow.

    The same program with the same seeds draws the same numbers, in each new session.

    Args:
        seed: a whole number; None makes random again what has no seed of its own.

    Source: TensorFlow 1's ``tf.set_random_seed``.
    """
    get_default_graph().seed = seed


_drawn: weakref.WeakKeyDictionary[Operation, tuple[int, int]] = weakref.WeakKeyDictionary()


def effective_seeds(op: Operation, seed: int, seed2: int) -> tuple[int, int]:
    """The 64-bit seeds that an operation runs with: its attributes, or, where both are 0, ones drawn for this process."""
    if seed or seed2:
        return seed, seed2
    if op not in _drawn:
        _drawn[op] = secrets.randbits(64), secrets.randbits(64)
    return _drawn[op]
