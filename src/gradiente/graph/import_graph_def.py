"""Graphs read from GraphDef protocol buffers, also those that TensorFlow wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradiente.graph.build import convert_to_tensor, set_outputs
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.protos import attr_from_proto, is_trivial
from gradiente.graph.registry import REQUIRED, OpDef, op_def
from gradiente.graph.shapes import as_shape

_SAME_AS = {
    "StatelessIf": "If", "StatelessWhile": "While", "StatelessCase": "Case", "Variable": "VariableV2",
    "VarHandleOp": "VariableV2", "ReadVariableOp": "Identity", "AssignVariableOp": "Assign",
    "AssignAddVariableOp": "AssignAdd", "AssignSubVariableOp": "AssignSub", "VarIsInitializedOp": "IsVariableInitialized",
    "PlaceholderV2": "Placeholder", "Add": "AddV2", "Gather": "Gather",
}  # fmt: skip
"""Op types that are read as another type: resource variables become reference variables, stateless forms the plain ones."""


def _own_type(name: str) -> str:
    return _SAME_AS.get(name, name)


def _renamed(op_type: str, attribute: str) -> str:
    return _RENAMED_ATTRS.get(op_type, {}).get(attribute, attribute)


_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_IGNORED = frozenset(
    {"_class", "_output_shapes", "_XlaCompile", "_lower_using_switch_merge", "_stateful_parallelism"}
)
_RENAMED_ATTRS = {
    name: {"dtype": "T"}
    for name in ("ReadVariableOp", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp")
}


def import_graph_def(
    graph_def: Any, input_map: Mapping[str, Any] | None = None, return_elements: Sequence[str] | None = None,
    name: str | None = None, op_dict: Any = None, producer_op_list: Any = None,
) -> list[Any] | None:  # fmt: skip
    """Add the operations of a GraphDef to the default graph.

    Args:
        graph_def: the GraphDef.
        input_map: tensors of the default graph by the names of the GraphDef's tensors (``"x:0"``) that they replace.
        return_elements: names of operations and tensors of the GraphDef to return.
        name: put before all names; "import" by default, "" for nothing.
        op_dict: accepted for TensorFlow's signature.
        producer_op_list: accepted for TensorFlow's signature.

    Returns:
        The elements named in ``return_elements``, or None.

    Raises:
        ValueError: if the GraphDef has an op that gradiente lacks, is not consistent, or a name of ``input_map`` or
            ``return_elements`` is not in it.
        TypeError: if ``graph_def`` is no GraphDef.
    """
    del op_dict, producer_op_list
    if type(graph_def).__name__ != "GraphDef":
        raise TypeError(f"graph_def must be a GraphDef protocol buffer, not {type(graph_def).__name__}.")
    graph = get_default_graph()
    prefix = "import" if name is None else name.rstrip("/")
    with graph.name_scope(prefix or None) as scope:
        given = {_tensor_name(k): convert_to_tensor(v, as_ref=True) for k, v in (input_map or {}).items()}
        reader = _Reader(graph, graph_def.library, scope, given)
        reader.read(graph_def.node)
    unused = [k for k in given if k not in reader.used]
    if unused:
        raise ValueError(f"Attempted to map inputs that were not found in graph_def: [{', '.join(unused)}]")
    return None if return_elements is None else [reader.element(e) for e in return_elements]


def _tensor_name(name: str) -> str:
    return name if ":" in name or name.startswith("^") else f"{name}:0"


class _Reader:
    """Makes operations from NodeDefs, in an order in which inputs come first."""

    def __init__(self, graph: Graph, library: Any, scope: str, given: Mapping[str, Tensor]) -> None:
        self.graph = graph
        self.library = {f.signature.name: f for f in library.function}
        self.scope = scope
        self.given = given
        self.used: set[str] = set()
        self.operations: dict[str, Operation] = {}
        self.values: dict[str, list[Tensor]] = {}
        self._bodies: dict[str, FuncGraph] = {}

    def read(self, nodes: Sequence[Any]) -> None:
        """Make the operations of all nodes."""
        by_name = {n.name: n for n in nodes}
        missing = sorted({n.op for n in nodes if n.op not in _CALLS and op_def(_own_type(n.op)) is None})
        if missing:
            hint = " Graphs with loops of Enter, Exit and NextIteration must be written with control flow v2." if set(
                missing
            ) & {"Enter", "Exit", "NextIteration", "LoopCond"} else ""  # fmt: skip
            raise ValueError(f"The GraphDef has ops that gradiente lacks: {', '.join(missing)}.{hint}")
        for node in _ordered(nodes, by_name):
            self._add(node)

    def element(self, name: str) -> Any:
        """An imported operation or tensor by its name in the GraphDef."""
        if ":" not in name:
            if name not in self.operations:
                raise ValueError(f"Requested return_element {name!r} not found in graph_def.")
            return self.operations[name]
        return self.tensor(name)

    def tensor(self, name: str) -> Tensor:
        """A tensor by its name in the GraphDef: ``node``, ``node:1``."""
        full = _tensor_name(name)
        if full in self.given:
            self.used.add(full)
            return self.given[full]
        node, _, index = full.rpartition(":")
        outputs = self.values.get(node)
        if outputs is None or int(index) >= len(outputs):
            raise ValueError(f"{name!r} names no tensor of the graph_def.")
        return outputs[int(index)]

    def _input(self, name: str) -> Tensor:
        return self.tensor(name)

    def body(self, name: str) -> FuncGraph:
        """The function body of a name of the library."""
        if name not in self._bodies:
            if name not in self.library:
                raise ValueError(f"The GraphDef uses the function {name!r}, which its library lacks.")
            self._bodies[name] = _function(self.library[name], self)
        return self._bodies[name]

    def _add(self, node: Any) -> None:
        inputs = [self._input(i) for i in node.input if not i.startswith("^")]
        controls = [
            self.operations[i[1:]] for i in node.input if i.startswith("^") and i[1:] in self.operations
        ]
        if node.op in _CALLS:
            self._inline(node, inputs)
            return
        definition = op_def(_own_type(node.op))
        assert definition is not None
        attrs = _attrs(node, definition, inputs, self.body)
        full = f"{self.scope}{node.name}"
        if full in self.graph._operations:  # pyright: ignore[reportPrivateUsage] - the graph's own package
            full = self.graph.unique_name(node.name)
        else:
            self.graph.unique_name(node.name)
        with (
            self.graph.control_dependencies(None),
            self.graph.control_dependencies(controls),
            self.graph.device(node.device or None),
        ):
            try:
                op = self.graph.add_operation(definition, tuple(inputs), attrs, full, set_outputs)
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(
                    f"Node {node.name!r} ({node.op}) of the GraphDef is not consistent: {error}"
                ) from None
        for tensor, shape in zip(
            op.outputs,
            node.attr["_output_shapes"].list.shape if "_output_shapes" in node.attr else (),
            strict=False,
        ):
            if tensor.shape.is_compatible_with(as_shape(shape)):
                tensor.set_shape(shape)
        self.operations[node.name] = op
        self.values[node.name] = list(op.outputs)

    def _inline(self, node: Any, inputs: list[Tensor]) -> None:
        """A call becomes the called function's operations."""
        function = self.library.get(node.attr["f"].func.name)
        if function is None:
            raise ValueError(
                f"Node {node.name!r} calls {node.attr['f'].func.name!r}, which the library lacks."
            )
        with self.graph.name_scope(node.name) as scope:
            reader = _FunctionReader(self.graph, self, function, scope, inputs)
            reader.read(function.node_def)
        self.values[node.name] = [reader.result(function.ret[o.name]) for o in function.signature.output_arg]
        outputs = self.values[node.name]
        self.operations[node.name] = outputs[0].op if outputs else next(iter(reader.operations.values()))


class _FunctionReader(_Reader):
    """Reads a function's nodes, whose inputs are named ``argument`` or ``node:output:index``."""

    def __init__(
        self, graph: Graph, parent: _Reader, function: Any, scope: str, arguments: Sequence[Tensor]
    ) -> None:
        super().__init__(graph, _Library(parent), scope, {})
        self.library = parent.library
        self._bodies = parent._bodies
        self.arguments = {a.name: t for a, t in zip(function.signature.input_arg, arguments, strict=True)}

    def result(self, name: str) -> Tensor:
        """A tensor by the name that a function gives it."""
        return self._input(name)

    def _input(self, name: str) -> Tensor:
        if name in self.arguments:
            return self.arguments[name]
        node, _, rest = name.partition(":")
        if node not in self.values:
            raise ValueError(f"{name!r} names no value of the function.")
        outputs = self.values[node]
        output, _, index = rest.partition(":")
        if node not in self.operations or self.operations[node].outputs != tuple(outputs):
            return outputs[int(index or 0)]
        position = 0
        op = self.operations[node]
        for arg in op.op_def.outputs:
            if arg.name == output:
                return outputs[position + int(index or 0)]
            position += arg.count(op.attrs)
        return outputs[int(index or 0)]


class _Library:
    """An empty library, for a reader that shares its parent's."""

    def __init__(self, parent: _Reader) -> None:
        del parent
        self.function: list[Any] = []


def _function(function: Any, parent: _Reader) -> FuncGraph:
    body = FuncGraph(function.signature.name, parent.graph)
    shapes = {int(k): v for k, v in function.arg_attr.items()}
    for position, arg in enumerate(function.signature.input_arg):
        known = shapes[position].attr.get("_output_shapes") if position in shapes else None
        shape = known.list.shape[0] if known is not None and known.list.shape else None
        body.add_input(arg.type, as_shape(shape), arg.name)
    with body.as_default():
        reader = _FunctionReader(body, parent, function, "", body.inputs)
        reader.read(function.node_def)
        body.outputs = [reader.result(function.ret[o.name]) for o in function.signature.output_arg]
    return body


def _attrs(
    node: Any, definition: OpDef, inputs: Sequence[Tensor], body: Callable[[str], FuncGraph]
) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    for key, proto in node.attr.items():
        declared = definition.attrs.get(_renamed(node.op, key))
        if declared is not None:
            attrs[_renamed(node.op, key)] = attr_from_proto(declared.kind, proto, body)
        elif key == "_gradient_op_type":
            attrs[key] = proto.s.decode()
        elif (
            not key.startswith("_")
            and not is_trivial(proto)
            and node.op == definition.name
            and key not in _HARMLESS
        ):
            raise ValueError(
                f"Node {node.name!r} ({node.op}) has an attribute {key!r} that gradiente does not know."
            )
    for key, declared in definition.attrs.items():
        if key not in attrs:
            if key == "_loop_vars":
                attrs[key] = len(inputs)
            elif declared.default is not REQUIRED:
                attrs[key] = declared.default
            else:
                raise ValueError(f"Node {node.name!r} ({node.op}) lacks the attribute {key!r}.")
    return attrs


_HARMLESS = frozenset(
    {"output_shapes", "parallel_iterations", "use_cudnn_on_gpu", "allowed_devices", "debug_name"}
)


def _ordered(nodes: Sequence[Any], by_name: Mapping[str, Any]) -> list[Any]:
    """The nodes so that each comes after those it takes values from or waits for; the given order where that allows."""
    done: set[str] = set()
    ordered: list[Any] = []
    for start in nodes:
        stack: list[tuple[Any, bool]] = [(start, False)]
        waiting: set[str] = set()
        while stack:
            node, ready = stack.pop()
            if ready:
                waiting.discard(node.name)
                if node.name not in done:
                    done.add(node.name)
                    ordered.append(node)
                continue
            if node.name in done:
                continue
            if node.name in waiting:
                raise ValueError(
                    f"The GraphDef has a cycle through node {node.name!r}, which only v1 loops may have."
                )
            waiting.add(node.name)
            stack.append((node, True))
            for name in node.input:
                source = name.lstrip("^").partition(":")[0]
                if source in by_name and source not in done:
                    stack.append((by_name[source], False))
    return ordered
