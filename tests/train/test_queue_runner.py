"""Queue runners."""

from __future__ import annotations

from typing import Any

import pytest

import gradiente as tf


def counting(limit: int) -> tuple[Any, Any, Any]:
    """A queue, the operation that adds 0, 1, ... up to ``limit`` to it, and what gives its elements."""
    counter = tf.Variable(0, trainable=False)
    queue = tf.FIFOQueue(3, tf.int32, [[]])
    return queue, queue.enqueue(counter.count_up_to(limit)), queue.dequeue()


def test_the_queue_is_closed_at_the_end_of_the_input() -> None:
    queue, fill, take = counting(5)
    runner = tf.train.QueueRunner(queue, [fill, fill])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        threads = runner.create_threads(session, start=True)
        assert len(threads) == 2
        assert sorted(int(session.run(take)) for _ in range(5)) == list(range(5))
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(take)
        for thread in threads:
            thread.join()
        assert runner.exceptions_raised == []


def test_a_stop_ends_threads_that_wait() -> None:
    queue, fill, _ = counting(100)
    runner = tf.train.QueueRunner(queue, [fill])
    coord = tf.train.Coordinator()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        threads = runner.create_threads(session, coord, start=True)
        assert len(threads) == 2
        assert runner.create_threads(session, coord) == []
        coord.request_stop()
        coord.join(threads)
        with pytest.raises(tf.errors.CancelledError):
            session.run(fill)


def test_an_error_without_a_coordinator_is_kept_and_told() -> None:
    queue = tf.FIFOQueue(3, tf.float32, [[]])
    fill = queue.enqueue(tf.Variable(1.0, name="missing"))
    runner = tf.train.QueueRunner(queue, [fill])
    with tf.Session() as session:
        for thread in runner.create_threads(session, start=True):
            thread.join()
        assert isinstance(runner.exceptions_raised[0], tf.errors.FailedPreconditionError)
        with pytest.raises(
            tf.errors.FailedPreconditionError, match=r"thread that filled it failed \(.*missing"
        ):
            session.run(queue.dequeue())


def test_all_runners_of_the_graph_are_started() -> None:
    queue, fill, take = counting(3)
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [fill]))
    assert tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)[0].queue is queue
    with pytest.raises(ValueError, match="No default session"):
        tf.train.start_queue_runners()
    with pytest.raises(TypeError, match="must be a"):
        tf.train.start_queue_runners(sess=3)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        threads = tf.train.start_queue_runners()
        assert all(t.daemon for t in threads)
        assert [int(session.run(take)) for _ in range(3)] == [0, 1, 2]
        for thread in threads:
            thread.join()


def test_a_runner_as_a_message() -> None:
    queue, fill, take = counting(3)
    runner = tf.train.QueueRunner(queue, [fill], queue_closed_exception_types=[tf.errors.OutOfRangeError])
    message = runner.to_proto()
    assert message.queue_name == queue.name
    assert message.queue_closed_exception_types == [11]
    again = tf.train.QueueRunner.from_proto(message)
    assert again.enqueue_ops == [fill]
    assert again.name == queue.name
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        again.create_threads(session, start=True)
        assert session.run(take) == 0
    assert runner.to_proto(export_scope="elsewhere") is None


def test_what_is_missing_is_said() -> None:
    queue, fill, _ = counting(3)
    with pytest.raises(ValueError, match="Must provide queue and enqueue_ops"):
        tf.train.QueueRunner(queue)
    with pytest.raises(ValueError, match="mutually exclusive"):
        tf.train.QueueRunner(queue, [fill], queue_runner_def=tf.train.QueueRunner(queue, [fill]).to_proto())
