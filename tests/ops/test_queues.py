"""Queues, from one thread and from several. Ops: "FIFOQueueV2", "RandomShuffleQueueV2", "PaddingFIFOQueueV2",
"PriorityQueueV2", "QueueEnqueueV2", "QueueEnqueueManyV2", "QueueDequeueV2", "QueueDequeueManyV2", "QueueDequeueUpToV2",
"QueueCloseV2", "QueueSizeV2", "QueueIsClosedV2"."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.ops.queue_waiting import PATIENCE_VARIABLE, patience


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of the test runner are alive that will never fill a queue."""
    monkeypatch.setenv(PATIENCE_VARIABLE, "0.2")


def in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start ``work`` in a thread; the function returned waits for it and gives its result or its error."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> Any:
        thread.join(60)
        assert found, "the thread did not end"
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    return result


def test_elements_come_out_in_the_order_in_which_they_went_in() -> None:
    queue = tf.FIFOQueue(10, [tf.int32, tf.string], [[], [2]])
    assert queue.dtypes == [tf.int32, tf.string]
    one = queue.enqueue([1, ["a", "b"]])
    more = queue.enqueue_many([[2, 3], [["c", "d"], ["e", "f"]]])
    number, words = queue.dequeue()
    assert (number.shape.as_list(), words.shape.as_list()) == ([], [2])
    with tf.Session() as session:
        session.run(one)
        session.run(more)
        assert session.run(queue.size()) == 3
        assert session.run(number) == 1
        rest = session.run(queue.dequeue_many(2))
        np.testing.assert_array_equal(rest[0], [2, 3])
        np.testing.assert_array_equal(rest[1], np.array([[b"c", b"d"], [b"e", b"f"]], object))


def test_elements_with_names_are_dictionaries() -> None:
    queue = tf.FIFOQueue(4, [tf.int32, tf.float32], [[], []], names=["number", "weight"])
    fill = queue.enqueue({"number": 3, "weight": 0.5})
    with tf.Session() as session:
        session.run(fill)
        assert session.run(queue.dequeue()) == {"number": 3, "weight": 0.5}
    with pytest.raises(ValueError, match="must enqueue a dictionary"):
        queue.enqueue([1, 0.5])
    with pytest.raises(ValueError, match="Keys in dictionary"):
        queue.enqueue({"number": 3})


def test_what_is_fed_may_be_changed_afterwards() -> None:
    queue = tf.FIFOQueue(4, tf.float32, [[2]])
    value = tf.placeholder(tf.float32, [2])
    fill, take = queue.enqueue(value), queue.dequeue()
    with tf.Session() as session:
        fed = np.array([1, 2], np.float32)
        session.run(fill, {value: fed})
        fed[:] = 7
        np.testing.assert_array_equal(session.run(take), [1, 2])


def test_each_session_has_its_own_elements() -> None:
    queue = tf.FIFOQueue(4, tf.int32, [[]])
    fill, size = queue.enqueue(1), queue.size()
    with tf.Session() as first, tf.Session() as second:
        first.run(fill)
        assert (first.run(size), second.run(size)) == (1, 0)


def test_queues_of_one_shared_name_are_one_queue() -> None:
    first = tf.FIFOQueue(4, tf.int32, [[]], shared_name="both")
    second = tf.FIFOQueue(4, tf.int32, [[]], shared_name="both")
    other = tf.FIFOQueue(4, tf.float32, [[]], shared_name="both")
    with tf.Session() as session:
        session.run(first.enqueue(5))
        assert session.run(second.dequeue()) == 5
        with pytest.raises(tf.errors.InvalidArgumentError, match="needs another shared_name"):
            session.run(other.size())


def test_a_closed_queue_gives_what_it_holds_and_then_ends() -> None:
    queue = tf.FIFOQueue(5, tf.int32, [[]])
    fill, take, close = queue.enqueue_many([[1, 2, 3]]), queue.dequeue(), queue.close()
    with tf.Session() as session:
        session.run(fill)
        assert not session.run(queue.is_closed())
        session.run(close)
        assert session.run(queue.is_closed())
        with pytest.raises(tf.errors.CancelledError, match="is closed"):
            session.run(fill)
        with pytest.raises(
            tf.errors.OutOfRangeError, match=r"insufficient elements \(requested 4, current size 3\)"
        ):
            session.run(queue.dequeue_many(4))
        assert session.run(take) == 1
        np.testing.assert_array_equal(session.run(queue.dequeue_up_to(5)), [2, 3])
        with pytest.raises(tf.errors.OutOfRangeError, match=r"requested 1, current size 0"):
            session.run(take)
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(queue.dequeue_up_to(5))


def test_a_dequeue_waits_for_another_thread() -> None:
    queue = tf.FIFOQueue(5, tf.int32, [[]])
    fill, take = queue.enqueue_many([[1, 2]]), queue.dequeue_many(4)
    with tf.Session() as session:
        result = in_thread(lambda: session.run(take))
        session.run(fill)
        session.run(fill)
        np.testing.assert_array_equal(result(), [1, 2, 1, 2])


def test_an_enqueue_waits_for_room() -> None:
    queue = tf.FIFOQueue(2, tf.int32, [[]])
    fill, take = queue.enqueue_many([list(range(10))]), queue.dequeue()
    with tf.Session() as session:
        result = in_thread(lambda: session.run(fill))
        assert [int(session.run(take)) for _ in range(10)] == list(range(10))
        assert result() is None


def test_many_may_be_more_than_the_queue_holds() -> None:
    queue = tf.FIFOQueue(2, tf.int32, [[]])
    fill, take = queue.enqueue_many([list(range(10))]), queue.dequeue_many(10)
    with tf.Session() as session:
        result = in_thread(lambda: session.run(fill))
        np.testing.assert_array_equal(session.run(take), range(10))
        result()


def test_closing_ends_waiting_enqueues_only_if_asked_to() -> None:
    queue = tf.FIFOQueue(1, tf.int32, [[]])
    fill, take = queue.enqueue_many([[1, 2]]), queue.dequeue()
    with tf.Session() as session:
        result = in_thread(lambda: session.run(fill))
        wait_until(lambda: session.run(queue.size()) == 1)
        session.run(queue.close())
        assert [session.run(take), session.run(take)] == [1, 2]
        assert result() is None
    again = tf.FIFOQueue(1, tf.int32, [[]])
    fill = again.enqueue_many([[1, 2]])
    with tf.Session() as session:
        result = in_thread(lambda: session.run(fill))
        wait_until(lambda: session.run(again.size()) == 1)
        session.run(again.close(cancel_pending_enqueues=True))
        with pytest.raises(tf.errors.CancelledError, match="Enqueue operation was cancelled"):
            result()
        assert session.run(again.dequeue()) == 1


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        pass


def test_closing_the_session_ends_every_wait() -> None:
    queue = tf.FIFOQueue(1, tf.int32, [[]])
    take, size = queue.dequeue(), queue.size()
    session = tf.Session()
    session.run(size)
    result = in_thread(lambda: session.run(take))
    state = next(r for r in session.resources.values() if hasattr(r, "cancel_all"))
    wait_until(lambda: bool(state._takes))
    session.close()
    with pytest.raises(tf.errors.CancelledError, match="session was closed"):
        result()


def test_a_dequeue_that_nobody_can_end_says_so() -> None:
    queue = tf.FIFOQueue(5, tf.int32, [[]], name="images")
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError) as caught:
            session.run(queue.dequeue())
        assert "'images' is empty and no thread fills it" in str(caught.value)
        assert "tf.train.start_queue_runners(sess=sess, coord=coord)" in str(caught.value)


def test_a_queue_whose_threads_have_ended_says_so() -> None:
    queue = tf.FIFOQueue(5, tf.int32, [[]])
    fill, take = queue.enqueue(1), queue.dequeue()
    with tf.Session() as session:
        in_thread(lambda: session.run(fill))()
        session.run(take)
        with pytest.raises(tf.errors.FailedPreconditionError, match="the threads that filled it have ended"):
            session.run(take)


def test_an_unfinished_dequeue_leaves_the_elements_in_their_order() -> None:
    queue = tf.FIFOQueue(5, tf.int32, [[]])
    with tf.Session() as session:
        session.run(queue.enqueue_many([[1, 2, 3]]))
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(queue.dequeue_many(4))
        np.testing.assert_array_equal(session.run(queue.dequeue_many(3)), [1, 2, 3])


def test_operation_timeout() -> None:
    queue = tf.FIFOQueue(5, tf.int32, [[]])
    session = tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=1))
    with session, pytest.raises(tf.errors.DeadlineExceededError, match="operation_timeout_in_ms"):
        session.run(queue.dequeue())


def test_patience_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATIENCE_VARIABLE, "soon")
    with pytest.raises(ValueError, match="'soon' is no number of seconds"):
        patience()
    monkeypatch.delenv(PATIENCE_VARIABLE)
    assert patience() == 60


def test_a_shuffling_queue_keeps_some_elements_until_it_is_closed() -> None:
    queue = tf.RandomShuffleQueue(20, 5, tf.int32, [[]], seed=1)
    take = queue.dequeue()
    with tf.Session() as session:
        session.run(queue.enqueue_many([list(range(8))]))
        seen = [int(session.run(take)) for _ in range(3)]
        with pytest.raises(
            tf.errors.FailedPreconditionError, match="holds 5 of the 6 elements that it needs"
        ):
            session.run(take)
        session.run(queue.close())
        seen += session.run(queue.dequeue_many(5)).tolist()
        assert sorted(seen) == list(range(8))
        assert seen != list(range(8))


def test_a_padding_queue_fills_up() -> None:
    queue = tf.PaddingFIFOQueue(5, [tf.float32, tf.string], [[None, 2], [None]])
    take = queue.dequeue_many(2)
    assert [t.shape.as_list() for t in take] == [[2, None, 2], [2, None]]
    with tf.Session() as session:
        session.run(queue.enqueue([np.ones([1, 2]), ["a"]]))
        session.run(queue.enqueue([np.ones([2, 2]), ["b", "c", "d"]]))
        numbers, words = session.run(take)
    np.testing.assert_array_equal(numbers, [[[1, 1], [0, 0]], [[1, 1], [1, 1]]])
    assert words.tolist() == [[b"a", b"", b""], [b"b", b"c", b"d"]]


def test_a_priority_queue_gives_the_smallest_first() -> None:
    queue = tf.PriorityQueue(5, tf.string, [[]])
    assert queue.dtypes == [tf.int64, tf.string]
    with tf.Session() as session:
        session.run(queue.enqueue_many([np.array([5, 1, 5]), ["a", "b", "c"]]))
        priorities, values = session.run(queue.dequeue_many(3))
    assert priorities.tolist() == [1, 5, 5]
    assert values.tolist() == [b"b", b"a", b"c"]


def test_from_list_chooses_a_queue() -> None:
    queues = [tf.FIFOQueue(2, tf.int32, [[]]) for _ in range(2)]
    which = tf.placeholder(tf.int32, [])
    chosen = tf.QueueBase.from_list(which, queues)
    take = chosen.dequeue()
    assert take.shape.as_list() == []
    with tf.Session() as session:
        for number, queue in enumerate(queues):
            session.run(queue.enqueue(number))
        assert session.run(take, {which: 1}) == 1
        assert session.run(take, {which: 0}) == 0
    with pytest.raises(TypeError, match="do not have matching component dtypes"):
        tf.QueueBase.from_list(0, [queues[0], tf.FIFOQueue(2, tf.float32)])


def test_what_does_not_fit_is_refused_while_building() -> None:
    with pytest.raises(ValueError, match="All shapes must be fully defined"):
        tf.FIFOQueue(2, tf.int32, [[None]])
    queue = tf.FIFOQueue(2, [tf.int32, tf.float32], [[], [3]])
    with pytest.raises(ValueError, match="2 components"):
        queue.enqueue([1])
    with pytest.raises(ValueError, match=r"not compatible|incompatible"):
        queue.enqueue([1, [1.0, 2.0]])
    with pytest.raises(ValueError, match="same length as dtypes"):
        tf.FIFOQueue(2, [tf.int32, tf.float32], [[]])


def test_what_does_not_fit_is_refused_while_running() -> None:
    queue = tf.FIFOQueue(2, tf.float32, [[3]])
    value = tf.placeholder(tf.float32)
    shapeless = tf.FIFOQueue(2, tf.float32)
    with tf.Session() as session:
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"Shape mismatch in tuple component 0. Expected \(3,\)"
        ):
            session.run(queue.enqueue(value), {value: [1.0, 2.0]})
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="require the components to have specified shapes"
        ):
            session.run(shapeless.dequeue_many(2))
        assert session.run(queue.dequeue_many(0)).shape == (0, 3)


def test_no_gradient_flows_through_a_queue() -> None:
    x = tf.constant(1.0)
    queue = tf.FIFOQueue(2, tf.float32, [[]])
    queue.enqueue(x)
    assert tf.gradients(queue.dequeue() * 2.0, [x]) == [None]
