"""Calling compiled programs, so that a session's state is right whatever becomes of the call.

JAX's own call takes dictionaries apart, looks at every argument's type and puts the results together again. That takes half
a microsecond an argument, and eight times as long where a large network has emptied the processor's caches, as a prediction
of EfficientNet-Lite0 does, which has 101 of them. Where a program only reads variables, and nobody has changed the state
since it ran last, all that was looked at already: ``Bound`` hands it their buffers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import starmap
from typing import Any, NamedTuple

from gradiente.graph.errors import InternalError, OpError, ResourceExhaustedError
from gradiente.runtime.backend import jax
from gradiente.runtime.effects import Key
from gradiente.runtime.large_pages import has_large_pages, move_to_large_pages

Values = dict[Key, Any]

Results = tuple[list[Any], Values, Any]
"""What a program gives: its outputs, the new values of what it writes, and whether its checks held."""


def call(program: Any, state: Values, written: Values, *arguments: Any) -> Results:
    """Call a compiled program, which takes the buffers of ``written`` for its own, and put their new values into ``state``.

    These must not be lost to a Ctrl-C, which Python raises when a call returns: ``extend`` has them in the list by then,
    and an interrupted update of the state is made again.
    """
    results: list[Any] = []
    kept = False
    try:
        with jax.enable_x64(True):
            results.extend(starmap(program, ((written, *arguments),)))
        _keep(state, written, results)
        kept = True
    except jax.errors.JaxRuntimeError as error:
        raise translated(error) from error
    finally:
        if not kept:
            _keep(state, written, results)
    return results[0]


def _keep(state: Values, written: Values, results: Sequence[Results]) -> None:
    if not written:
        return
    for _, new, _ in results:
        state.update({k: new[k] for k in written if k in new})
    if not results:
        for key in [k for k, v in written.items() if _is_gone(v)]:
            state.pop(key, None)


def _is_gone(value: Any) -> bool:
    """Whether the value's buffer was given to a program that failed."""
    return hasattr(value, "is_deleted") and value.is_deleted()


def translated(error: Exception) -> OpError:
    """XLA's error as TensorFlow's."""
    text = str(error).strip()
    if "RESOURCE_EXHAUSTED" in text or "out of memory" in text.lower():
        return ResourceExhaustedError(
            None, None, f"Out of memory while the program ran: {text.splitlines()[0]}. Use a smaller batch."
        )
    return InternalError(None, None, f"XLA failed: {text}")


@cache
def _one_device() -> bool:
    """Whether every array lies where every program runs, in the processor's own memory."""
    return jax.default_backend() == "cpu" and jax.local_device_count() == 1 == jax.process_count()


@cache
def _array_type() -> Any:
    array: object = jax.numpy.zeros(())
    return type(array)


def _are_arrays(values: Sequence[Any]) -> bool:
    """Whether these are JAX's arrays, as they lie in memory."""
    plain = _array_type()
    return not [v for v in values if type(v) is not plain]


def _shapes_of(values: Sequence[Any]) -> tuple[Any, ...]:
    """The shapes and types of arrays: what a program is compiled for."""
    return tuple([(v.shape, v.dtype) for v in values])


class _Program(NamedTuple):
    """A compiled program: what runs it on a list of arrays, and whether it has a result for its checks after its outputs."""

    execute: Callable[[list[Any]], Any]
    checked: bool


Programs = dict[Any, "_Program | None"]
"""By the shapes of variables and inputs; None for those that only JAX can call."""


class Bound:
    """The program of a function that writes no variable, with those that it reads.

    Args:
        jitted: JAX's function of (what it writes: nothing, what it reads, its inputs), which has run.
        programs: the function's programs, which this adds to.
        read: the variables that it read, by name, in the names' order.
        inputs: what it ran on.
    """

    def __init__(self, jitted: Any, programs: Programs, read: Values, inputs: Sequence[Any]) -> None:
        self.jitted = jitted
        self._programs = programs
        self._read = read
        self._values = list(read.values())
        self._ran = _shapes_of(inputs)
        self._array_type = _array_type()
        self._by_inputs: dict[Any, _Program] = {}

    def start(self, inputs: Sequence[Any]) -> Results | None:
        """What ``call`` does, if the variables are still these; None, and nothing done, if only ``call`` can do it."""
        plain = self._array_type
        # One line of Python, for each is dear where the caches are cold.
        shapes = tuple([(v.shape, v.dtype) if type(v) is plain else None for v in inputs])
        program = self._by_inputs.get(shapes)
        if program is None:
            program = self._program(shapes, inputs) if None not in shapes else None
            if program is None:
                return None
            self._by_inputs[shapes] = program
        try:
            found = program.execute([*self._values, *inputs]).disassemble_into_single_device_arrays()
        except jax.errors.JaxRuntimeError as error:
            raise translated(error) from error
        outputs = [on_devices[0] for on_devices in found]
        ok = outputs.pop() if program.checked else ()
        return outputs, {}, ok

    def _program(self, shapes: Any, inputs: Sequence[Any]) -> _Program | None:
        if not _one_device() or not _are_arrays(self._values):
            return None
        if not self._by_inputs:
            for value in self._values:
                if has_large_pages(value):
                    move_to_large_pages(value)
        key = _shapes_of(self._values), shapes
        if key not in self._programs:
            if shapes != self._ran:
                return None
            self._programs[key] = self._compiled(inputs)
        return self._programs[key]

    def _compiled(self, inputs: Sequence[Any]) -> _Program | None:
        """The program that JAX compiled for these arrays, if it can be called with them."""
        with jax.enable_x64(True):
            compiled = self.jitted.lower({}, self._read, list(inputs)).compile()
        executable = compiled.runtime_executable()
        # JAX leaves arguments out that a program does not need.
        taken = len(executable.get_parameter_layouts()) if hasattr(executable, "execute_sharded") else -1
        if taken != len(self._values) + len(inputs):
            return None
        return _Program(executable.execute_sharded, compiled.out_info[2] != ())
