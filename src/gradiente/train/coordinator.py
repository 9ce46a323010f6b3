"""A coordinator of threads: each may ask all to stop, and an error in one reaches the one that waits for them."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from gradiente.graph.errors import OutOfRangeError
from gradiente.ops.queue_waiting import waiting
from gradiente.platform import tf_logging as logging


class Coordinator:
    """Stops a set of threads together, and hands on the error that stopped them.

    Threads look at ``should_stop()`` and end when it is True; any of them calls ``request_stop()``, with the error if
    there is one; ``join(threads)`` waits for all of them and raises that error.

    Args:
        clean_stop_exception_types: errors that are a proper end and not raised: by default OutOfRangeError, with
            which queues end.

    Source: TensorFlow 1's ``tf.train.Coordinator``.

    >>> coord = tf.train.Coordinator()
    >>> coord.request_stop()
    >>> coord.should_stop()
    True
    """

    def __init__(self, clean_stop_exception_types: Sequence[type[BaseException]] | None = None) -> None:
        self._clean = (
            (OutOfRangeError,) if clean_stop_exception_types is None else tuple(clean_stop_exception_types)
        )
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._joined = False
        self._registered: set[threading.Thread] = set()

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop.

        Args:
            ex: the error that is the reason, or ``sys.exc_info()``; the first one given is raised by ``join``.

        Raises:
            BaseException: ``ex`` itself, if ``join`` has returned already.
        """
        given: Any = ex
        error: Any = given[1] if isinstance(ex, tuple) else given
        if isinstance(error, self._clean):
            error = None
        with self._lock:
            if self._joined:
                if error is not None:
                    raise error
                return
            if not self._stop.is_set():
                if error is not None and self._error is None:
                    logging.info("Error reported to Coordinator: %s, %s", type(error), error)
                    self._error = error
                self._stop.set()

    def clear_stop(self) -> None:
        """Forget that a stop was asked for; the coordinator can be used again."""
        with self._lock:
            self._joined = False
            self._error = None
            self._stop.clear()

    def should_stop(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    @contextlib.contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Ask for a stop, with the error, when the ``with`` block raises one; the error goes no further."""
        try:
            yield
        except BaseException:
            self.request_stop(sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until a stop is asked for.

        Args:
            timeout: seconds to wait at most; None waits on.

        Returns:
            Whether a stop was asked for.
        """
        return self._stop.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """Add a thread to those that ``join`` waits for."""
        with self._lock:
            self._registered.add(thread)

    def join(
        self, threads: Iterable[threading.Thread] | None = None, stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:  # fmt: skip
        """Wait until all threads have ended, then raise the error that stopped them, if there was one.

        Args:
            threads: the threads; the registered ones are waited for besides.
            stop_grace_period_secs: how long threads may take to end once a stop was asked for.
            ignore_live_threads: don't object to threads that go on after that.

        Raises:
            RuntimeError: threads are still running after the grace period.
        """
        with self._lock:
            waits_for = self._registered | set(threads or ())

        def alive() -> list[threading.Thread]:
            return [t for t in waits_for if t.is_alive() and t is not threading.current_thread()]

        with waiting(lambda: self._stop.is_set() or not alive()):
            while alive() and not self._stop.wait(0.05):
                pass
        deadline = time.monotonic() + stop_grace_period_secs
        while (running := alive()) and time.monotonic() < deadline:
            running[0].join(0.05)
        self._end(running, ignore_live_threads)

    def _end(self, running: list[threading.Thread], ignore_live_threads: bool) -> None:
        with self._lock:
            self._joined = True
            self._registered = set()
            if self._error is not None:
                raise self._error
        if running:
            names = " ".join(t.name for t in running)
            if not ignore_live_threads:
                raise RuntimeError(
                    f"Coordinator stopped with threads still running: {names}. They must end when coord.should_stop() is "
                    "True (ignore_live_threads=True leaves them alone)."
                )
            logging.info("Coordinator stopped with threads still running: %s", names)

    @property
    def joined(self) -> bool:
        """Whether ``join`` has ended."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raise the error given to ``request_stop``, if there was one."""
        with self._lock:
            if self._error is not None:
                raise self._error


class LooperThread(threading.Thread):
    """A thread that runs a function again and again until its coordinator says stop.

    Args:
        coord: the coordinator; an error in the function stops all its threads.
        timer_interval_secs: the time from one start of the function to the next; None starts it again at once.
        target: the function; without it, override ``run_loop``.
        args: its arguments.
        kwargs: its keyword arguments.

    Raises:
        ValueError: if ``coord`` is no Coordinator, or there are arguments without a function.

    Source: TensorFlow 1's ``tf.train.LooperThread``.
    """

    def __init__(
        self, coord: Coordinator, timer_interval_secs: float | None, target: Callable[..., Any] | None = None,
        args: Sequence[Any] | None = None, kwargs: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(coord, Coordinator):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        if target is None and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        super().__init__(daemon=True)
        self._coord = coord
        self._interval = timer_interval_secs
        self._function = target
        self._arguments = tuple(args or ())
        self._keywords = kwargs or {}
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator, timer_interval_secs: float | None, target: Callable[..., Any],
        args: Sequence[Any] | None = None, kwargs: dict[str, Any] | None = None,
    ) -> LooperThread:  # fmt: skip
        """Start such a thread and return it."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        with self._coord.stop_on_exception():
            self.start_loop()
            next_start = time.monotonic()
            while not self._coord.should_stop():
                self.run_loop()
                if self._interval is not None:
                    next_start += self._interval
                    if self._coord.wait_for_stop(max(0.0, next_start - time.monotonic())):
                        break
            self.stop_loop()

    def start_loop(self) -> None:
        """Called once, before the first turn."""

    def stop_loop(self) -> None:
        """Called once, after the last turn."""

    def run_loop(self) -> None:
        """One turn: call the function."""
        if self._function is not None:
            self._function(*self._arguments, **self._keywords)
