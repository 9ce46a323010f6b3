"""The graph: a set of operations, their names, and the scopes that apply to the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from gradiente.graph.collections import Collections
from gradiente.graph.names import Names
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import OpDef
from gradiente.graph.source import user_line


class _Controller:
    """One ``with control_dependencies(...)`` block: the operations to wait for, and those made inside it."""

    __slots__ = ("clears", "made", "waits_for")

    def __init__(self, waits_for: tuple[Operation, ...], clears: bool) -> None:
        self.waits_for = waits_for
        self.clears = clears
        self.made: set[Operation] = set()


class Graph(Names, Collections):
    """A dataflow graph: operations, and the tensors that flow between them.

    Operations join the default graph as they are made. ``with graph.as_default():`` makes a graph the default; a
    default graph always exists. Source: TensorFlow 1's ``tf.Graph``.
    """

    def __init__(self) -> None:
        Names.__init__(self)
        Collections.__init__(self)
        self._operations: dict[str, Operation] = {}
        self._controllers: list[_Controller] = []
        self._device_stack: list[Any] = []
        self._gradient_overrides: dict[str, str] = {}
        self._finalized = False
        self._seed: int | None = None
        self._version = 0
        self.outer_graph: Graph | None = None

    # --- operations -------------------------------------------------------------------------------------------------

    def add_operation(
        self,
        op_def: OpDef,
        inputs: tuple[Tensor, ...],
        attrs: dict[str, Any],
        name: str,
        draft: Callable[[Operation], None],
    ) -> Operation:
        """Add an operation under a name that is already unique. Only ``gradiente.graph.build`` calls this.

        Args:
            op_def: its declaration.
            inputs: its inputs, all of this graph.
            attrs: its attributes.
            name: the unique full name.
            draft: sets the outputs (it runs the shape rule); if it raises, nothing is added.
        """
        with self._lock:
            self._check_not_finalized(f"{op_def.name} {name!r}")
            override = self._gradient_overrides.get(op_def.name) if self._gradient_overrides else None
            if override:
                attrs = {**attrs, "_gradient_op_type": override}
            op = Operation(
                self, name, op_def, inputs, self._control_inputs(inputs) if self._controllers else (),
                MappingProxyType(attrs), self._device(op_def.name) if self._device_stack else "", user_line(),
                len(self._operations),
            )  # fmt: skip
            draft(op)
            self._operations[name] = op
            self._version += 1
            for controller in self._controllers:
                controller.made.add(op)
            return op

    def create_op(
        self, op_type: str, inputs: Iterable[Any], dtypes: Iterable[Any] | None = None,
        input_types: Iterable[Any] | None = None, name: str | None = None, attrs: Mapping[str, Any] | None = None,
        op_def: Any = None, compute_shapes: bool = True, compute_device: bool = True,
    ) -> Operation:  # fmt: skip
        """Add an operation of any type that TensorFlow names (``"MatMul"``).

        Args:
            op_type: its type's name.
            inputs: its input tensors in one flat list.
            dtypes: the types of its outputs, which are checked.
            input_types: the types of its inputs, which are checked.
            name: its name; the type's name by default. One that ends in "/" is used as it is.
            attrs: its attributes, as AttrValue protocol buffers or plain values; what follows from the inputs is found.
            op_def: accepted, as are ``compute_shapes`` and ``compute_device``.
            compute_shapes: see ``op_def``.
            compute_device: see ``op_def``.

        Raises:
            TypeError: if an input is no tensor, or the types given are not those found.
            ValueError: if there is no such type, or the inputs don't fit it.

        Source: TensorFlow 1's ``tf.Graph.create_op``.
        """
        from gradiente.graph.create_op import create_op

        del op_def, compute_shapes, compute_device
        return create_op(self, op_type, inputs, dtypes, input_types, name, attrs)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """If the block fails, take away the operations that it added."""
        before, names = len(self._operations), dict(self._names_in_use)
        try:
            yield
        except BaseException:
            for name in list(self._operations)[before:]:
                del self._operations[name]
            self._names_in_use = names
            raise

    def _is_taken(self, name: str) -> bool:
        return name in self._operations

    def _check_not_finalized(self, what: str) -> None:
        if self._finalized:
            raise RuntimeError(
                f"Graph is finalized and cannot be modified: {what} can't be added at {user_line()}. Build the whole "
                "graph before it is finalized (a Supervisor and a MonitoredSession finalize it too)."
            )

    def _control_inputs(self, inputs: tuple[Tensor, ...]) -> tuple[Operation, ...]:
        direct = {t.op for t in inputs}
        waits: dict[Operation, None] = {}
        for controller in reversed(self._controllers):
            if controller.clears:
                break
            if not controller.made.isdisjoint(direct):
                continue
            for op in controller.waits_for:
                if op not in direct:
                    waits[op] = None
        return tuple(waits)

    def _device(self, op_type: str) -> str:
        del op_type
        device = ""
        for entry in self._device_stack:
            device = "" if entry is None else str(entry) if not callable(entry) else device
        return device

    @property
    def version(self) -> int:
        """A number that grows whenever an operation is added."""
        return self._version

    @property
    def finalized(self) -> bool:
        """Whether the graph is read-only."""
        return self._finalized

    def finalize(self) -> None:
        """Make the graph read-only: adding to it raises RuntimeError from now on."""
        self._finalized = True

    def get_operations(self) -> list[Operation]:
        """The operations, in the order in which they were made."""
        return list(self._operations.values())

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of that name.

        Raises:
            TypeError: if ``name`` is no string.
            ValueError: if ``name`` is a tensor's name.
            KeyError: if there is none.
        """
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
            raise TypeError(f"Operation names are strings, not {type(name).__name__}.")
        if ":" in name:
            raise ValueError(f"{name!r} names a tensor; an operation's name has no ':index'.")
        if name not in self._operations:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.{self._near(name)}")
        return self._operations[name]

    def get_tensor_by_name(self, name: str) -> Tensor:
        """The tensor ``"operation:index"``.

        Raises:
            TypeError: if ``name`` is no string.
            ValueError: if it is not of that form.
            KeyError: if there is none.
        """
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
            raise TypeError(f"Tensor names are strings, not {type(name).__name__}.")
        op_name, colon, index = name.rpartition(":")
        if not colon or not index.isdigit():
            raise ValueError(
                f"{name!r} is not a tensor's name, which is '<operation>:<output index>', for instance '{name}:0'."
            )
        if op_name not in self._operations:
            raise KeyError(
                f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, does not exist "
                f"in the graph.{self._near(op_name)}"
            )
        outputs = self._operations[op_name].outputs
        if int(index) >= len(outputs):
            raise KeyError(
                f"The name {name!r} refers to a Tensor which does not exist. The operation, {op_name!r}, exists but only "
                f"has {len(outputs)} output{'s' if len(outputs) != 1 else ''}."
            )
        return outputs[int(index)]

    def _near(self, name: str) -> str:
        import difflib

        near = difflib.get_close_matches(name, self._operations, n=3)
        return f" Near it: {', '.join(near)}." if near else ""

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """``obj`` (an Operation, a Tensor, a variable, or a name) as an element of this graph.

        Raises:
            TypeError: if it is none of these.
            ValueError: if it belongs to another graph.
            KeyError: if no element has that name.
        """
        convert = getattr(obj, "_as_graph_element", None)
        if convert is not None:
            obj = convert()
        if isinstance(obj, str):
            if ":" in obj and allow_tensor:
                return self.get_tensor_by_name(obj)
            if ":" not in obj and allow_operation:
                return self.get_operation_by_name(obj)
            raise ValueError(
                f"{obj!r} does not name {'a tensor (operation:index)' if allow_tensor else 'an operation'}."
            )
        if (isinstance(obj, Tensor) and allow_tensor) or (isinstance(obj, Operation) and allow_operation):
            if obj.graph is not self:
                raise ValueError(
                    f"{obj!r} is not an element of this graph: it was made in another one at {_line(obj)}."
                )
            return obj
        wanted = " or ".join(n for n, ok in (("Tensor", allow_tensor), ("Operation", allow_operation)) if ok)
        raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")

    # --- scopes -----------------------------------------------------------------------------------------------------

    @contextmanager
    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> Iterator[None]:
        """Make the operations of the block wait for ``control_inputs`` (operations, tensors or variables).

        None clears the dependencies of the blocks around this one.
        """
        waits: list[Operation] = []
        for item in control_inputs or ():
            convert = getattr(item, "_as_graph_element", None)
            element = convert() if convert is not None else getattr(item, "op", item)
            if isinstance(element, Tensor):
                element = element.op
            if not isinstance(element, Operation):
                raise TypeError(f"A control input is an Operation or a Tensor, not {item!r}.")
            if element.graph is not self:
                if self._waits_outside(element):
                    continue
                raise ValueError(
                    f"Control input {element.name!r} is of another graph; it was made at {element.source}."
                )
            waits.append(element)
        controller = _Controller(tuple(waits), clears=control_inputs is None)
        self._controllers.append(controller)
        try:
            yield
        finally:
            self._controllers.remove(controller)

    def _waits_outside(self, op: Operation) -> bool:
        """Whether ``op``, a control input from another graph, is waited for by the operation whose body this is."""
        del op
        return False

    @contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """Note a device for the operations of the block. It is a hint: XLA places the whole program."""
        self._device_stack.append(device_name_or_function)
        try:
            yield
        finally:
            self._device_stack.pop()

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Accepted and without effect: XLA places the whole program."""
        del op, ignore_existing
        yield

    @contextmanager
    def gradient_override_map(self, op_type_map: Mapping[str, str]) -> Iterator[None]:
        """In the block, operations of type ``key`` get the gradient rule registered under ``value``.

        Raises:
            TypeError: if keys and values are not strings.
        """
        if not all(isinstance(k, str) and isinstance(v, str) for k, v in op_type_map.items()):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
            raise TypeError("gradient_override_map maps op types to registered gradient names, both strings.")
        old = self._gradient_overrides
        self._gradient_overrides = {**old, **op_type_map}
        try:
            yield
        finally:
            self._gradient_overrides = old

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Accepted and without effect: a session's variables are its own."""
        yield container_name

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Make this the default graph in the block."""
        _default.stack.append(self)
        try:
            yield self
        finally:
            stack = _default.stack
            del stack[len(stack) - 1 - stack[::-1].index(self)]

    # --- other ------------------------------------------------------------------------------------------------------

    @property
    def seed(self) -> int | None:
        """The graph-level random seed."""
        return self._seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        self._seed = seed

    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any:
        """The graph as a GraphDef protocol buffer, which TensorFlow can load.

        Args:
            from_version: only the operations added after ``version`` had this value.
            add_shapes: write what is known of the output shapes as ``_output_shapes``.

        Raises:
            ValueError: if the graph has operations that TensorFlow's ops can't express, such as those of a TensorArray.
        """
        from gradiente.graph.graph_def import graph_def

        return graph_def(self, from_version or 0, add_shapes)

    def is_feedable(self, tensor: Any) -> bool:
        """Whether a run may feed ``tensor``: every tensor can be fed."""
        del tensor
        return True

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """Whether a run may fetch it: everything can be fetched."""
        del tensor_or_op
        return True

    def _repr_html_(self) -> str:
        from gradiente.graph.dot import to_svg

        return to_svg(self)


def _line(obj: Operation | Tensor) -> str:
    return str((obj.op if isinstance(obj, Tensor) else obj).source)


class _DefaultGraphs(threading.local):
    def __init__(self) -> None:
        self.stack: list[Graph] = []


_default = _DefaultGraphs()
_global_default: list[Graph] = [Graph()]


def get_default_graph() -> Graph:
    """The graph that new operations join: the innermost ``as_default()`` of this thread, or the global default."""
    stack = _default.stack
    return stack[-1] if stack else _global_default[0]


def reset_default_graph() -> None:
    """Replace the global default graph by an empty one.

    Raises:
        AssertionError: inside a ``with graph.as_default():`` block.
    """
    if _default.stack:
        raise AssertionError("Do not use tf.reset_default_graph() inside a `with graph.as_default():` block.")
    _global_default[0] = Graph()
