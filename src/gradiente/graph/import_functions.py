"""The functions of a GraphDef's library: bodies of If, Case and While, and calls, which become the function's operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradiente.graph.dtypes import as_dtype, resource
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph
from gradiente.graph.import_bodies import inside, make_branch, make_loop, new_body
from gradiente.graph.import_nodes import Reader, check_types, declaration, in_order, naming, node_name
from gradiente.graph.operation import Operation, Tensor

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_BRANCHES = ("If", "StatelessIf", "Case", "StatelessCase")
_LOOPS = ("While", "StatelessWhile")


def add_node(reader: Reader, node: Any) -> None:
    """Make the operation, or the operations, of a node."""
    if node.op in CALLS or (declaration(node.op) is None and node.op in reader.library):
        _add_call(reader, node)
    elif node.op in _BRANCHES:
        _add_branch(reader, node)
    elif node.op in _LOOPS:
        _add_loop(reader, node)
    else:
        reader.add(node)


def check_library(library: Mapping[str, Any], nodes: Sequence[Any]) -> None:
    """Raise ValueError, naming them, for the op types of nodes, and of functions they use, that gradiente lacks."""
    types: set[str] = set()
    seen: set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        used = [
            f
            for a in node.attr.values()
            for f in ([a.func.name] if a.func.name else [g.name for g in a.list.func])
        ]
        if node.op in library and declaration(node.op) is None:
            used.append(node.op)
        elif node.op not in CALLS:
            types.add(node.op)
        for name in used:
            if name in library and name not in seen:
                seen.add(name)
                pending.extend(library[name].node_def)
    check_types(types)


class FunctionReader(Reader):
    """Reads a function's nodes, whose inputs are named ``argument`` or ``node:output:index``."""

    def __init__(
        self, parent: Reader, graph: Graph, function: Any, scope: str, arguments: Sequence[Tensor]
    ) -> None:
        super().__init__(graph, parent.library, scope, {})
        self._function = function
        self._shared = parent._shared
        names = [a.name for a in function.signature.input_arg]
        if len(names) != len(arguments):
            raise ValueError(
                f"function {function.signature.name!r} takes {len(names)} inputs, not {len(arguments)}."
            )
        self._arguments = dict(zip(names, arguments, strict=True))
        self._types = {n.name: n.op for n in function.node_def}

    def read(self) -> list[Tensor]:
        """Make all nodes' operations and return the function's results."""
        nodes = list(self._function.node_def)
        by_name = {n.name: n for n in nodes}
        found = in_order(
            nodes, lambda n: [by_name[s] for s in map(node_name, n.input) if s in by_name], lambda n: n.name
        )
        for node in found:
            add_node(self, node)
        with naming(self._function.signature.name, "function"):
            return [self.tensor(self._function.ret[o.name]) for o in self._function.signature.output_arg]

    def controlled(self) -> list[Operation]:
        """The operations that a call of the function runs though no result needs them."""
        return [
            self.operation(self._function.control_ret[k]) for k in self._function.signature.control_output
        ]

    def operation(self, name: str) -> Operation:
        """An operation by its name; an argument's is that of its tensor."""
        return self._arguments[name].op if name in self._arguments else super().operation(name)

    def tensor(self, name: str) -> Tensor:
        """A tensor by the name that the function gives it."""
        if name in self._arguments:
            return self._arguments[name]
        node, _, rest = name.partition(":")
        output, _, index = rest.partition(":")
        outputs = self.values.get(node)
        if outputs is None or not (index or "0").isdigit():
            raise ValueError(f"{name!r} names no value of the function {self._function.signature.name!r}.")
        position = self._position(node, output) + int(index or 0)
        if position >= len(outputs):
            raise ValueError(f"{name!r}: {node!r} has {len(outputs)} outputs.")
        return outputs[position]

    def _position(self, node: str, output: str) -> int:
        """Where the tensors of an output argument of a node begin."""
        position = 0
        op = self.operations[node]
        if op.outputs == tuple(self.values[node]):
            for arg in op.op_def.outputs:
                if arg.name == output:
                    return position
                position += arg.count(op.attrs)
        function = self.library.get(self._types[node])
        if function is not None:
            names = [o.name for o in function.signature.output_arg]
            return names.index(output) if output in names else 0
        return 0


def _function(reader: Reader, attr: Any) -> Any:
    function = reader.library.get(attr.name)
    if function is None:
        raise ValueError(f"it uses the function {attr.name!r}, which the library lacks.")
    return function


def _body(
    reader: Reader,
    function: Any,
    body: FuncGraph,
    outer: Sequence[Tensor],
    inputs: Sequence[Tensor],
    fixed: set[int],
) -> list[Tensor]:
    """Fill a body with a function's operations."""
    for arg, tensor in zip(function.signature.input_arg, inputs, strict=False):
        dtype = as_dtype(arg.type)
        if dtype is not resource and dtype.base_dtype is not tensor.dtype.base_dtype:
            raise ValueError(
                f"the function {function.signature.name!r} takes {dtype.name} as {arg.name!r}, not {tensor.dtype.name}."
            )
    arguments = [
        inside(body, o, t) if i in fixed else t for i, (o, t) in enumerate(zip(outer, inputs, strict=True))
    ]
    with body.as_default():
        inner = FunctionReader(reader, body, function, "", arguments)
        results = [body.capture(t) for t in inner.read()]
        effects = inner.controlled()
        if effects and results:
            from gradiente.graph.build import apply

            with body.control_dependencies(effects):
                results[0] = apply("Identity", results[0])
    return results


def _add_branch(reader: Reader, node: Any) -> None:
    selector, *inputs = reader.inputs(node)
    with naming(node.name, node.op):
        kind = node.op.removeprefix("Stateless")
        if kind == "If":
            chosen = [node.attr["then_branch"].func, node.attr["else_branch"].func]
        else:
            chosen = list(node.attr["branches"].list.func)
        if not chosen:
            raise ValueError("it has no branches.")
        bodies: list[FuncGraph] = []
        for i, attr in enumerate(chosen):
            body = new_body(reader, node.name, ("true", "false")[i] if kind == "If" else f"branch{i}")
            declared = [body.add_input(t.dtype, t.shape) for t in inputs]
            fixed = set(range(len(inputs)))
            body.outputs = _body(reader, _function(reader, attr), body, inputs, declared, fixed)
            bodies.append(body)
        outputs = make_branch(reader, kind, node.name, selector, bodies, inputs, reader.controls(node))
    _keep(reader, node, outputs)


def _add_loop(reader: Reader, node: Any) -> None:
    start = reader.inputs(node)
    with naming(node.name, node.op):
        cond, body = (_function(reader, node.attr[k].func) for k in ("cond", "body"))
        fixed = _invariant(body)
        outputs = make_loop(
            reader, node.name, start,
            lambda graph, inputs: _body(reader, cond, graph, start, inputs, fixed),
            lambda graph, inputs: _with_fixed(_body(reader, body, graph, start, inputs, fixed), inputs, fixed),
            count_turns=_draws(body, reader.library), controls=reader.controls(node),
        )  # fmt: skip
    _keep(reader, node, outputs)


def _keep(reader: Reader, node: Any, outputs: list[Tensor]) -> None:
    made = outputs[0].op if outputs else reader.graph.get_operations()[-1]
    reader.keep(node.name, made, outputs)


def _with_fixed(outputs: list[Tensor], inputs: Sequence[Tensor], fixed: set[int]) -> list[Tensor]:
    return [inputs[i] if i in fixed else t for i, t in enumerate(outputs)]


def _invariant(function: Any) -> set[int]:
    """The positions of the arguments that a loop's body returns as they are."""
    nodes = {n.name: n for n in function.node_def}
    found: set[int] = set()
    for i, (arg, result) in enumerate(
        zip(function.signature.input_arg, function.signature.output_arg, strict=False)
    ):
        name = function.ret[result.name]
        seen: set[str] = set()
        while name != arg.name:
            node = nodes.get(node_name(name))
            if node is None or node.op != "Identity" or len(node.input) != 1 or node.name in seen:
                break
            seen.add(node.name)
            name = node.input[0]
        else:
            found.add(i)
    return found


def _draws(function: Any, library: Mapping[str, Any]) -> bool:
    """Whether a function draws random numbers."""
    pending, seen = [function], {function.signature.name}
    while pending:
        for node in pending.pop().node_def:
            definition = declaration(node.op)
            if definition is not None and definition.random:
                return True
            for attr in node.attr.values():
                for name in [attr.func.name, *(f.name for f in attr.list.func)]:
                    if name in library and name not in seen:
                        seen.add(name)
                        pending.append(library[name])
    return False


def _add_call(reader: Reader, node: Any) -> None:
    """A call becomes the called function's operations."""
    inputs = reader.inputs(node)
    with naming(node.name, node.op):
        function = (
            reader.library[node.op] if node.op in reader.library else _function(reader, node.attr["f"].func)
        )
        if function.signature.name in reader.calls:
            raise ValueError(f"the function {function.signature.name!r} calls itself.")
        inner = FunctionReader(reader, reader.graph, function, f"{reader.scope}{node.name}/", inputs)
        inner.calls = (*reader.calls, function.signature.name)
        inner.waits = (*reader.waits, *reader.controls(node))
        results = inner.read()
    made = results[0].op if results else next(iter(inner.operations.values()), None)
    effects = inner.controlled()
    if effects:
        from gradiente.graph.build import apply_op

        with reader.graph.control_dependencies(effects):
            made = apply_op("NoOp", name=f"{reader.scope}{node.name}/done/")
    if made is None:
        raise ValueError(
            f"Node {node.name!r} ({node.op}) of the GraphDef calls a function that does nothing."
        )
    reader.keep(node.name, made, results)
