"""What feeds an input pipeline: names of files, numbers of rows, rows of tensors, over and over, in queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import float32, int64, string
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Tensor
from gradiente.graph.registry import op_def
from gradiente.graph.shapes import as_shape
from gradiente.ops.basic import identity
from gradiente.ops.checks import Assert
from gradiente.ops.file_ops import matching_files
from gradiente.ops.queues import FIFOQueue
from gradiente.ops.random_seed import get_seed
from gradiente.ops.variables import Variable
from gradiente.train.queue_runner import QueueRunner, add_queue_runner


def match_filenames_once(pattern: Any, name: str | None = None) -> Variable:
    """A local variable that holds the names of the files that match, looked up once.

    Args:
        pattern: a pattern such as ``"images/*.png"``, or several.
        name: the variable's name.

    Returns:
        The variable; ``tf.local_variables_initializer()`` looks the files up.

    Source: TensorFlow 1's ``tf.train.match_filenames_once``.
    """
    with name_scope(name, "matching_filenames", [pattern]):
        return Variable(
            matching_files(pattern), trainable=False, validate_shape=False, name=name,
            collections=[GraphKeys.LOCAL_VARIABLES],
        )  # fmt: skip


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Tensor:
    """``tensor`` for ``num_epochs`` runs; OutOfRangeError in the next.

    Args:
        tensor: any tensor.
        num_epochs: how often; None for no limit.
        name: the name of the operation.

    Returns:
        A tensor that makes the local variable ``epochs`` count up: run ``tf.local_variables_initializer()`` first.

    Raises:
        ValueError: if ``num_epochs`` is not positive.
    """
    if num_epochs is None:
        return convert_to_tensor(tensor)
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with name_scope(name, "limit_epochs", [tensor]) as scope:
        zero = convert_to_tensor(0, dtype=int64)
        epochs = Variable(zero, name="epochs", trainable=False, collections=[GraphKeys.LOCAL_VARIABLES])
        with get_default_graph().control_dependencies([epochs.count_up_to(num_epochs)]):
            return identity(tensor, name=scope)


def input_producer(
    input_tensor: Any, element_shape: Any = None, num_epochs: int | None = None, shuffle: bool = True,
    seed: int | None = None, capacity: int = 32, shared_name: str | None = None, summary_name: str | None = None,
    name: str | None = None, cancel_op: Any = None,
) -> FIFOQueue:  # fmt: skip
    """A queue with the rows of ``input_tensor``, over and over, and the queue runner that fills it.

    Args:
        input_tensor: the rows.
        element_shape: a row's shape, where the tensor's own is not known.
        num_epochs: how often each row comes; then OutOfRangeError. None: without end.
        shuffle: whether the rows are shuffled, anew in each epoch.
        seed: the seed of the shuffling.
        capacity: the most rows in the queue.
        shared_name: see ``tf.FIFOQueue``.
        summary_name: the name of a summary of how full the queue is.
        name: the name of the operations.
        cancel_op: see ``tf.train.QueueRunner``.

    Raises:
        ValueError: if the shape of a row is not known.
    """
    with name_scope(name, "input_producer", [input_tensor]) as scope:
        rows = convert_to_tensor(input_tensor, name="input_tensor")
        row_shape = rows.shape[1:].merge_with(as_shape(element_shape))
        if not row_shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be specified"
            )
        if shuffle:
            seed1, seed2 = get_seed(seed)
            rows = apply("RandomShuffle", rows, seed=seed1, seed2=seed2)
        rows = limit_epochs(rows, num_epochs)
        queue = FIFOQueue(capacity, [rows.dtype.base_dtype], [row_shape], shared_name=shared_name, name=scope)
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([rows])], cancel_op=cancel_op))
        if summary_name is not None:
            summarize_fullness(summary_name, queue.size(), capacity)
        return queue


def string_input_producer(
    string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
    capacity: int = 32, shared_name: str | None = None, name: str | None = None, cancel_op: Any = None,
) -> FIFOQueue:  # fmt: skip
    """A queue of strings, such as names of files for a reader.

    Args:
        string_tensor: the strings, a list or a tensor of rank 1.
        num_epochs: how often each comes; then OutOfRangeError. It is counted in a local variable. None: without end.
        shuffle: whether they are shuffled, anew in each epoch.
        seed: the seed of the shuffling.
        capacity: the most strings in the queue.
        shared_name: see ``tf.FIFOQueue``.
        name: the name of the operations.
        cancel_op: see ``tf.train.QueueRunner``.

    Returns:
        The queue; its queue runner is in the graph, for ``tf.train.start_queue_runners``.

    Raises:
        ValueError: if ``string_tensor`` is an empty list. If a tensor turns out empty, the runner fails with
            InvalidArgumentError.

    Source: TensorFlow 1's ``tf.train.string_input_producer``.
    """
    empty = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, (Tensor, Variable)) and not len(string_tensor):
        raise ValueError(f"{empty}: the list of strings is empty. Does the pattern of the files match any?")
    with name_scope(name, "input_producer", [string_tensor]) as scope:
        strings = convert_to_tensor(string_tensor, dtype=string)
        positive = apply("Greater", apply("Size", strings), 0)
        with get_default_graph().control_dependencies([Assert(positive, [empty])]):
            strings = identity(strings)
        return input_producer(
            strings, [], num_epochs, shuffle, seed, capacity, shared_name, f"fraction_of_{capacity}_full", scope,
            cancel_op,
        )  # fmt: skip


def range_input_producer(
    limit: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
    shared_name: str | None = None, name: str | None = None,
) -> FIFOQueue:  # fmt: skip
    """A queue of the integers 0 to ``limit`` − 1 (see ``string_input_producer`` for the other arguments)."""
    with name_scope(name, "input_producer", [limit]) as scope:
        numbers = apply("Range", 0, limit, 1, name="range")
        return input_producer(
            numbers,
            [],
            num_epochs,
            shuffle,
            seed,
            capacity,
            shared_name,
            f"fraction_of_{capacity}_full",
            scope,
        )


def slice_input_producer(
    tensor_list: Sequence[Any], num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
    capacity: int = 32, shared_name: str | None = None, name: str | None = None,
) -> list[Tensor]:  # fmt: skip
    """One row of each tensor, the same one of all, another one in each run.

    Args:
        tensor_list: tensors of the same first size, such as the names of image files and their labels.
        num_epochs: how often each row comes; then OutOfRangeError. None: without end.
        shuffle: whether the rows are shuffled, anew in each epoch.
        seed: the seed of the shuffling.
        capacity: the most row numbers in the queue.
        shared_name: see ``tf.FIFOQueue``.
        name: the name of the operations.

    Returns:
        One tensor for each of ``tensor_list``, without its first dimension.

    Raises:
        ValueError: if ``tensor_list`` is empty.

    Source: TensorFlow 1's ``tf.train.slice_input_producer``.
    """
    with name_scope(name, "input_producer", list(tensor_list)):
        tensors = [convert_to_tensor(t) for t in tensor_list]
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        count = apply("StridedSlice", apply("Shape", tensors[0]), [0], [1], [1], shrink_axis_mask=1)
        index = range_input_producer(count, num_epochs, shuffle, seed, capacity, shared_name).dequeue()
        return [apply("GatherV2", t, index, 0) for t in tensors]


def summarize_fullness(name: str, size: Tensor, capacity: int) -> None:
    """A scalar summary of a queue's size over its capacity."""
    if op_def("ScalarSummary") is None:
        return
    with name_scope(name) as scope:
        full = apply("Mul", apply("Cast", size, DstT=float32), 1.0 / capacity)
        summary = apply("ScalarSummary", scope.rstrip("/"), full, name=scope)
    get_default_graph().add_to_collection(GraphKeys.SUMMARIES, summary)
