"""The coordinator of threads."""

from __future__ import annotations

import threading

import pytest

import gradiente as tf


def started(*threads: threading.Thread) -> list[threading.Thread]:
    for thread in threads:
        thread.start()
    return list(threads)


def test_threads_end_when_one_asks_for_a_stop() -> None:
    coord = tf.train.Coordinator()
    seen: list[str] = []

    def works() -> None:
        coord.wait_for_stop()
        seen.append("stopped")

    threads = started(threading.Thread(target=works), threading.Thread(target=coord.request_stop))
    coord.join(threads)
    assert coord.should_stop()
    assert coord.joined
    assert seen == ["stopped"]


def test_the_first_error_is_raised_by_join() -> None:
    coord = tf.train.Coordinator()

    def fails() -> None:
        with coord.stop_on_exception():
            raise ValueError("first")

    threads = started(threading.Thread(target=fails))
    with pytest.raises(ValueError, match="first"):
        coord.join(threads)
    with pytest.raises(RuntimeError, match="later"):
        coord.request_stop(RuntimeError("later"))


def test_the_end_of_the_input_is_no_error() -> None:
    coord = tf.train.Coordinator()
    coord.request_stop(tf.errors.OutOfRangeError(None, None, "end"))
    coord.join([])
    coord.raise_requested_exception()
    coord.clear_stop()
    assert not coord.should_stop()
    assert not coord.joined
    coord.request_stop(KeyError("asked"))
    with pytest.raises(KeyError, match="asked"):
        coord.raise_requested_exception()


def test_a_thread_that_goes_on_is_named() -> None:
    release = threading.Event()
    (thread,) = started(threading.Thread(target=release.wait, name="the-slow-one", daemon=True))
    coord = tf.train.Coordinator()
    coord.register_thread(thread)
    coord.request_stop()
    try:
        with pytest.raises(RuntimeError, match="threads still running: the-slow-one"):
            coord.join(stop_grace_period_secs=0)
        coord.join([thread], stop_grace_period_secs=0, ignore_live_threads=True)
    finally:
        release.set()
        thread.join()


def test_a_looper_runs_until_the_stop() -> None:
    coord = tf.train.Coordinator()
    turns: list[int] = []

    def turn(step: int) -> None:
        turns.append(step)
        if len(turns) == 3:
            coord.request_stop()

    looper = tf.train.LooperThread.loop(coord, None, turn, args=(7,))
    coord.join([looper])
    assert turns == [7, 7, 7]


def test_a_loopers_error_stops_all() -> None:
    coord = tf.train.Coordinator()

    def fails() -> None:
        raise ValueError("in a turn")

    tf.train.LooperThread.loop(coord, 0.0, fails)
    with pytest.raises(ValueError, match="in a turn"):
        coord.join()
    with pytest.raises(ValueError, match="must be a Coordinator"):
        tf.train.LooperThread(None, None)
