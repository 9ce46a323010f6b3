"""Sessions: they run graphs, and keep the variables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from gradiente.graph.default_session import push_default_session, remove_default_session
from gradiente.graph.errors import CancelledError, FailedPreconditionError, OpError
from gradiente.graph.evaluate import Ref
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.operation import Tensor
from gradiente.graph.types import is_dict
from gradiente.runtime import debug
from gradiente.runtime.config import ConfigProto
from gradiente.runtime.feeds import feed_items, feed_value
from gradiente.runtime.fetches import Fetches, fetch_key
from gradiente.runtime.habits import Habits
from gradiente.runtime.run import Runner
from gradiente.runtime.state import State, checked, exported

if TYPE_CHECKING:
    from gradiente.runtime.loop import StepLoop

EXECUTORS = ("xla", "python")


class Session:
    """Runs operations of a graph and keeps its variables' values.

    Args:
        target: accepted for TensorFlow's signature; only the empty string, this process.
        graph: the graph; the default graph without it.
        config: a ConfigProto; ``device_count={"GPU": 0}`` keeps the session on the CPU.
        executor: ``"xla"`` compiles what is asked for and runs it outside Python; ``"python"`` runs the same graph step
            by step in NumPy: the reference, and the debugger.

    A session may be used from several threads at once. Source: TensorFlow 1's ``tf.Session``.
    """

    def __init__(
        self, target: str = "", graph: Graph | None = None, config: Any = None, executor: str = "xla"
    ) -> None:
        if target:
            raise ValueError(f"target={target!r}: gradiente runs in this process only; leave target empty.")
        if executor not in EXECUTORS:
            raise ValueError(f"executor={executor!r}: it is one of {', '.join(map(repr, EXECUTORS))}.")
        if graph is not None and not isinstance(graph, Graph):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
            raise TypeError(f"graph must be a tf.Graph, not {type(graph).__name__}.")
        self._graph = graph or get_default_graph()
        self._config = config if config is not None else ConfigProto()
        self.executor = executor
        self._cpu_only = dict(getattr(self._config, "device_count", None) or {}).get("GPU") == 0
        self._closed = False
        self._lock = threading.RLock()
        self._values = State()
        self._cache: dict[Any, tuple[Fetches, Runner]] = {}
        self._bodies: dict[Any, Runner] = {}
        self._resources: dict[Any, Any] = {}
        self._habits = Habits()
        self._contexts: list[Any] = []

    @property
    def graph(self) -> Graph:
        """The graph that the session runs."""
        return self._graph

    @property
    def graph_def(self) -> Any:
        """The graph as a GraphDef."""
        from gradiente.graph.graph_def import graph_def

        return graph_def(self._graph, private=True)

    @property
    def sess_str(self) -> str:
        """The target."""
        return ""

    # --- running ----------------------------------------------------------------------------------------------------

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Run what ``fetches`` needs and return the values.

        Args:
            fetches: a tensor, an operation, a variable, a name, or any nesting of lists, tuples and dicts of these.
            feed_dict: values by tensor: for placeholders, or to replace any other tensor.
            options: a RunOptions.
            run_metadata: a RunMetadata.

        Returns:
            The same nesting with NumPy arrays (scalars for rank 0; None for operations). They are the caller's own.

        Raises:
            RuntimeError: if the session is closed.
            TypeError, ValueError: if a fetch or a feed does not fit the graph.
            OpError: a subclass, if an operation fails.
        """
        del options, run_metadata
        self._check_open()
        feeds: Any = feed_dict or {}
        # If these keys are known, they are tensors: no need to look at each.
        found = self._cache.get((fetch_key(fetches), frozenset(feeds))) if is_dict(feeds) else None
        if found is None:
            feeds = dict(feed_items(self._graph, feeds))
            found = self._runner(fetches, feeds)
        parsed, runner = found
        return self._fetched(parsed, runner, [feed_value(t, feeds[t]) for t in runner.plan.feeds])

    def _fetched(self, parsed: Fetches, runner: Runner, values: Sequence[Any]) -> Any:
        try:
            if not self._cpu_only:
                return parsed.rebuild(runner.fetch(self, values))
            with self.placement():
                return parsed.rebuild(runner.fetch(self, values))
        except FailedPreconditionError as error:
            if not self._closed:
                raise
            raise CancelledError(
                None,
                error.op,
                "The session was closed while it ran. Join the threads that use it before you close it.",
            ) from error

    def placement(self) -> AbstractContextManager[Any]:
        """Where the session's programs run: JAX's default device, or the CPU if ``device_count`` asks for no GPU."""
        if not self._cpu_only:
            return nullcontext()
        from gradiente.runtime.backend import jax

        return jax.default_device(jax.local_devices(backend="cpu")[0])

    def _runner(self, fetches: Any, feeds: Mapping[Tensor, Any]) -> tuple[Fetches, Runner]:
        key = (fetch_key(fetches), frozenset(feeds))
        found = self._cache.get(key)
        if found is None:
            self._habits.before_planning(self._graph)
            started = time.perf_counter()
            parsed = Fetches(self._graph, fetches)
            runner = Runner(self._graph, parsed.tensors, parsed.operations, list(feeds), habits=self._habits)
            if debug.enabled("plan"):
                debug.tell("plan", runner.plan.as_text())
            if debug.enabled("time"):
                debug.tell("time", f"plan {1e3 * (time.perf_counter() - started):.1f} ms")
            found = self._cache[key] = (parsed, runner)
        return found

    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function that runs ``fetches`` with the least overhead.

        Args:
            fetches: as for ``run``.
            feed_list: the tensors that the function's arguments feed, in order.
            accept_options: let the function take ``options`` and ``run_metadata``.

        Returns:
            ``function(*feed_values) -> values``.
        """
        tensors = [self._graph.as_graph_element(t, allow_operation=False) for t in feed_list or ()]
        if len(set(tensors)) != len(tensors):
            raise ValueError(
                f"feed_list names a tensor twice: {', '.join(t.name for t in tensors)}. Name each once."
            )
        parsed, runner = self._runner(fetches, dict.fromkeys(tensors))
        order = [tensors.index(t) for t in runner.plan.feeds]

        def call(*values: Any, options: Any = None, run_metadata: Any = None) -> Any:
            self._check_open()
            if (options is not None or run_metadata is not None) and not accept_options:
                raise TypeError("Make the callable with accept_options=True to pass options.")
            if len(values) != len(tensors):
                raise TypeError(
                    f"The callable takes {len(tensors)} values, one for each tensor of feed_list, not {len(values)}."
                )
            fed = [
                feed_value(t, values[position]) for t, position in zip(runner.plan.feeds, order, strict=True)
            ]
            return self._fetched(parsed, runner, fed)

        return call

    def make_loop(
        self, fetches: Any, data: Mapping[Any, Any], batch_size: int, shuffle: bool = True, seed: int = 0,
        constants: Mapping[Any, Any] | None = None, positions: Sequence[int] | npt.NDArray[Any] | None = None,
    ) -> StepLoop:  # fmt: skip
        """A loop that runs ``fetches`` many times in one executable, on batches of data that lives on the device.

        Args:
            fetches: as for ``run``; usually the training operation and the loss.
            data: the examples by placeholder, all equally many; placed on the device once.
            batch_size: examples in each step.
            shuffle: take the examples in a new random order every epoch.
            seed: of that order.
            constants: values by placeholder that are the same in every step, such as a dropout's keep_prob.
            positions: the positions of the examples that make an epoch, where it is not each one once. Rare classes can
                be balanced by repeating theirs.

        Returns:
            A StepLoop: ``loop.run(steps)`` gives the fetches' values stacked, ``loop.order`` says which examples each
            step takes. The numbers are those of single runs on the same batches.

        Raises:
            ValueError: if part of the step must run on the host.
        """
        from gradiente.runtime.loop import StepLoop

        def by_tensor(values: Mapping[Any, Any] | None) -> dict[Tensor, Any]:
            return dict(feed_items(self._graph, values)) if values else {}

        return StepLoop(
            self, fetches, by_tensor(data), batch_size, shuffle, seed, by_tensor(constants), positions
        )

    def run_function(self, body: FuncGraph, arguments: Sequence[Any], count: int | None = None) -> list[Any]:
        """Run the body of a loop or branch that runs on the host; arguments are values or handles of variables."""
        refs = tuple((t, v.key) for t, v in zip(body.inputs, arguments, strict=True) if isinstance(v, Ref))
        key = (body, refs, count)
        runner = self._bodies.get(key)
        if runner is None:
            runner = Runner(self._graph, body.outputs[:count], (), body.inputs, dict(refs), habits=None)
            self._bodies[key] = runner
        return runner.run(self, list(arguments))

    # --- state ------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The values of the variables and counters; hold ``lock`` while using it."""
        return self._values

    @property
    def lock(self) -> threading.RLock:
        """Guards the state."""
        return self._lock

    def export_state(self) -> dict[str, npt.NDArray[Any]]:
        """All that the session keeps from run to run, as arrays of the caller's own: what ``import_state`` takes.

        These are the variables by name, the optimizers' among them, and under ``"count:..."`` how often each random
        operation ran. A session over an equal graph that is given them goes on bit for bit as this one would.

        Raises:
            RuntimeError: if the session is closed.
            ValueError: if it holds something that is no array of numbers: strings in a variable.
        """
        self._check_open()
        with self._lock:
            return exported(self._values)

    def import_state(self, state: Mapping[str, Any]) -> None:
        """Take up what another session's ``export_state`` gave.

        Args:
            state: arrays by name. Variables and counts that it does not name keep what they have.

        Raises:
            RuntimeError: if the session is closed.
            KeyError: if the graph has no such variable or random operation.
            ValueError: if a value is of another shape or type than its variable; nothing is changed then.
        """
        self._check_open()
        arrays = checked(self._graph, state)
        if self.executor != "python":
            from gradiente.runtime.device import place

            with self.placement():
                arrays = {key: place(array) for key, array in arrays.items()}
        with self._lock:
            self._values.update(arrays)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(
                "Attempted to use a closed Session. Make a new one, or work inside its `with` block."
            )

    def resource(self, key: Any, make: Callable[[], Any]) -> Any:
        """An object of the session that host operations share (a queue, a reader), made at its first use."""
        with self._lock:
            if key not in self._resources:
                self._resources[key] = make()
            return self._resources[key]

    @property
    def resources(self) -> dict[Any, Any]:
        """The objects that host operations share."""
        return self._resources

    # --- life -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Free the variables and cancel what waits on the session's queues; running it again is an error."""
        self._closed = True
        for resource in list(self._resources.values()):
            cancel = getattr(resource, "cancel_all", None)
            if cancel is not None:
                cancel()
        with self._lock:
            self._values.clear()
        self._cache.clear()
        self._bodies.clear()

    @property
    def closed(self) -> bool:
        """Whether the session is closed."""
        return self._closed

    def list_devices(self) -> list[str]:
        """The names of the devices that XLA sees."""
        from gradiente.runtime.backend import jax

        return [f"/device:{d.platform.upper()}:{d.id}" for d in jax.devices()]

    def as_default(self) -> Any:
        """Make this the default session in a ``with`` block, without closing it at its end."""
        from gradiente.graph.default_session import default_session

        return default_session(self)

    def as_text(self, fetches: Any, feed_dict: Any = None, stage: str = "plan") -> str:
        """What a run would do, as text.

        Args:
            fetches: as for ``run``.
            feed_dict: as for ``run``; values are needed for the stages after ``"plan"``.
            stage: ``"plan"``, ``"stablehlo"`` (the program handed to XLA), ``"hlo"`` (what XLA made of it).
        """
        feeds = dict(feed_items(self._graph, feed_dict)) if feed_dict else {}
        runner = self._runner(fetches, feeds)[1]
        if stage == "plan":
            return runner.plan.as_text()
        return runner.program_text(self, [feed_value(t, feeds[t]) for t in runner.plan.feeds], stage)

    def __enter__(self) -> Session:
        graph = self._graph.as_default()
        graph.__enter__()
        self._contexts.append(graph)
        push_default_session(self)
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        remove_default_session(self)
        self._contexts.pop().__exit__(kind, value, traceback)
        if isinstance(value, OpError) and debug.enabled("plan"):
            debug.tell("plan", f"the session ended with {type(value).__name__}")
        if not self._contexts:
            self.close()


class InteractiveSession(Session):
    """A session that is the default from its making until ``close``, for interactive use."""

    def __init__(
        self, target: str = "", graph: Graph | None = None, config: Any = None, executor: str = "xla"
    ) -> None:
        super().__init__(target, graph, config, executor)
        push_default_session(self)
        self._graph_context = self._graph.as_default() if graph is not None else None
        if self._graph_context is not None:
            self._graph_context.__enter__()

    def close(self) -> None:
        """Stop being the default session, and free the variables."""
        if not self._closed:
            remove_default_session(self)
            if self._graph_context is not None:
                self._graph_context.__exit__(None, None, None)
                self._graph_context = None
        super().close()
