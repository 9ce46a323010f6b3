"""Ops that only gradiente has, written with TensorFlow's.

A loop's history becomes a loop that writes rows into arrays; numbers of runs become random numbers, and random ops inside
bodies the stateless ones, seeded by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiente.graph.counted import PREFIX
from gradiente.graph.functions import FuncGraph
from gradiente.graph.operation import Operation
from gradiente.graph.proto_types import FunctionDef, NodeDef
from gradiente.graph.protos import make_tensor_proto
from gradiente.graph.registry import ArgDef
from gradiente.graph.types import is_list

_STATELESS = {
    "RandomUniform": "StatelessRandomUniform", "RandomStandardNormal": "StatelessRandomNormal",
    "TruncatedNormal": "StatelessTruncatedNormal", "RandomUniformInt": "StatelessRandomUniformInt",
}  # fmt: skip


@dataclass
class Written:
    """What an operation becomes.

    Attributes:
        nodes: the NodeDefs; the one of the operation's name has its outputs.
        outputs: the output arguments of that one.
        functions: FunctionDefs that the nodes use.
    """

    nodes: list[Any]
    outputs: tuple[ArgDef, ...]
    functions: list[Any]


class Writer:
    """Writes one operation.

    Args:
        op: the operation.
        inputs: the names of its inputs.
        in_function: whether it is in a function's body, where a node's output is named with its argument.
    """

    def __init__(self, op: Operation, inputs: Sequence[str], in_function: bool) -> None:
        self.op = op
        self.inputs = list(inputs)
        self.nodes: list[Any] = []
        self.functions: list[Any] = []
        self._in_function = in_function

    def node(self, op_type: str, name: str, inputs: Sequence[str], **attrs: Any) -> Any:
        """Add a node; ``name`` "" is the operation's own."""
        full = f"{self.op.name}/{name}" if name else self.op.name
        node: Any = NodeDef(name=full, op=op_type, device=self.op.device, input=list(inputs))
        _set_attrs(node, attrs)
        self.nodes.append(node)
        return node

    def named(self, node: Any, output: str, index: int = 0) -> str:
        """The name of a node's output as an input of others."""
        if self._in_function:
            return f"{node.name}:{output}:{index}"
        return f"{node.name}:{index}" if index else node.name

    def constant(self, name: str, value: Any) -> str:
        """Add a constant and return its name."""
        array = np.asarray(value)
        node = self.node("Const", name, [])
        node.attr["value"].tensor.CopyFrom(make_tensor_proto(array))
        node.attr["dtype"].type = node.attr["value"].tensor.dtype
        return self.named(node, "output")

    def done(self, *outputs: ArgDef) -> Written:
        """The result; the operation's control inputs go to the first node."""
        controls = [f"^{c.name}" for c in self.op.control_inputs]
        for node in self.nodes:
            if not any(i.startswith("^") for i in node.input):
                node.input.extend(controls)
        return Written(self.nodes, outputs, self.functions)


def _set_attrs(node: Any, attrs: dict[str, Any]) -> None:
    for key, value in attrs.items():
        entry = node.attr[key]
        if isinstance(value, bool):
            entry.b = value
        elif isinstance(value, int):
            entry.i = value
        elif isinstance(value, str):
            entry.func.name = value
        elif isinstance(value, bytes):
            entry.s = value
        elif is_list(value):
            entry.list.SetInParent()
            entry.list.type.extend(t.as_datatype_enum for t in value)
        else:
            entry.type = value.base_dtype.as_datatype_enum


def rewritten(op: Operation, inputs: Sequence[str], in_function: bool) -> Written | None:
    """An operation of a type that only gradiente has with TensorFlow's ops; None if it can't be."""
    rule = _RULES.get(op.type)
    if rule is None and op.type.startswith(PREFIX) and op.type.removeprefix(PREFIX) in _STATELESS:
        rule = _counted
    return None if rule is None else rule(Writer(op, inputs, in_function))


def _as(op_type: str, output: str, *type_attrs: str) -> Callable[[Writer], Written]:
    def rule(w: Writer) -> Written:
        types = {key: t.dtype for key, t in zip(type_attrs, w.op.inputs, strict=False)}
        w.node(op_type, "", w.inputs, **types)
        return w.done(ArgDef(output, type_attr="T"))

    return rule


def _capacity(w: Writer) -> Written:
    """At least one row, so that there is something to take a row from even in a loop that is compiled and never run."""
    w.node("Maximum", "", [*w.inputs, w.constant("one", np.int32(1))], T=_int32())
    return w.done(ArgDef("z", type_attr="T"))


def _rows_add(w: Writer) -> Written:
    total, indices, values = w.inputs
    kind = w.op.inputs[1].dtype
    wide = w.node("ExpandDims", "indices", [indices, w.constant("axis", np.int32(-1))], T=kind)
    _set_attrs(wide, {"Tdim": _int32()})
    w.node(
        "TensorScatterAdd",
        "",
        [total, w.named(wide, "output"), values],
        T=w.op.inputs[0].dtype,
        Tindices=kind,
    )
    return w.done(ArgDef("output", type_attr="T"))


def _int32() -> Any:
    from gradiente.graph.dtypes import int32

    return int32


def _case_check(w: Writer) -> Written:
    """The conditions, once it is checked how many of them hold."""
    from gradiente.graph.dtypes import bool_, int32, string

    count = len(w.inputs)
    packed = w.node("Pack", "preds", w.inputs, T=bool_, N=count)
    ones = w.node("Cast", "ones", [w.named(packed, "output")], SrcT=bool_, DstT=int32)
    total = w.node("Sum", "count", [w.named(ones, "y"), w.constant("axis", np.int32(0))], T=int32, Tidx=int32)
    checks: list[str] = []
    for wanted, compare, what in (
        (
            w.op.attrs["exclusive"],
            "LessEqual",
            "more than one condition evaluated as True, but exclusive=True.",
        ),
        (w.op.attrs["exhaustive"], "GreaterEqual", "none of the conditions evaluated as True."),
    ):
        if wanted:
            name = compare.lower()
            test = w.node(
                compare, name, [w.named(total, "output"), w.constant(f"{name}_one", np.int32(1))], T=int32
            )
            text = w.constant(f"{name}_text", np.array(f"case(): {what}".encode(), object))
            check = w.node("Assert", f"{name}_assert", [w.named(test, "z"), text], T=[string], summarize=3)
            checks.append(f"^{check.name}")
    w.node("IdentityN", "", [*w.inputs, *checks], T=[bool_] * count)
    return w.done(ArgDef("output", type_list_attr="T"))


def _run_counter(w: Writer) -> Written:
    from gradiente.graph.dtypes import int32, int64

    limits = [w.constant("from", np.int64(0)), w.constant("to", np.int64(2**62))]
    shape = w.constant("shape", np.zeros(0, np.int32))
    w.node(
        "RandomUniformInt", "", [shape, *limits], T=int32, Tout=int64, seed=int(w.op.attrs["seed"]),
        seed2=int(w.op.attrs["seed2"]),
    )  # fmt: skip
    return w.done(ArgDef("output", type_attr="Tout"))


def _counted(w: Writer) -> Written:
    from gradiente.graph.dtypes import int64

    op_type = w.op.type.removeprefix(PREFIX)
    *arguments, run = w.inputs
    attrs = w.op.attrs
    own = w.constant("op_seed", np.int64(attrs["seed"] * 1_000_003 + attrs["seed2"]))
    seed = w.node("Pack", "seed", [run, own], T=int64, N=2)
    out = attrs["Tout"] if op_type == "RandomUniformInt" else attrs["dtype"]
    inputs = [arguments[0], w.named(seed, "output"), *arguments[1:]]
    w.node(_STATELESS[op_type], "", inputs, T=attrs["T"], Tseed=int64, dtype=out)
    return w.done(ArgDef("output", type_attr="dtype"))


def _history(w: Writer) -> Written:
    """The loop again, with the turn and one array of rows for each saved variable as further variables."""
    from gradiente.graph.dtypes import int32

    op, (capacity, *start) = w.op, w.inputs
    saved: list[int] = op.attrs["saved"]
    types = [t.dtype.base_dtype for t in op.inputs[1:]]
    bodies: list[FuncGraph] = [op.attrs["cond"], op.attrs["body"]]
    if any(b.shapes_vary for b in bodies):
        raise ValueError(
            f"Operation {op.name!r}, made at {op.source}, goes back through a loop whose shapes change from turn to turn: "
            "a GraphDef can't hold that."
        )
    zero = w.constant("zero", np.int32(0))
    size = w.node("ExpandDims", "size", [capacity, zero], T=int32, Tdim=int32)
    rows: list[str] = []
    for k, i in enumerate(saved):
        inner = w.node("Shape", f"shape_{k}", [start[i]], T=types[i], out_type=int32)
        parts = [w.named(size, "output"), w.named(inner, "output"), zero]
        shape = w.node("ConcatV2", f"rows_shape_{k}", parts, T=int32, N=2, Tidx=int32)
        fill = w.constant(f"fill_{k}", np.zeros((), types[i].np))
        made = w.node("Fill", f"rows_{k}", [w.named(shape, "output"), fill], T=types[i], index_type=int32)
        rows.append(w.named(made, "output"))
    all_types = [int32, *types, *(types[i] for i in saved)]
    cond, body = (_history_function(op, kind, types, all_types) for kind in ("cond", "body"))
    w.functions += [cond, body]
    loop = w.node(
        "StatelessWhile" if all(b.pure for b in bodies) else "While", "loop", [zero, *start, *rows], T=all_types,
        cond=cond.signature.name, body=body.signature.name,
    )  # fmt: skip
    first = 1 + len(types)
    w.node(
        "IdentityN",
        "",
        [w.named(loop, "output", first + k) for k in range(len(saved))],
        T=[types[i] for i in saved],
    )
    return w.done(ArgDef("output", type_list_attr="T"))


def _history_function(op: Operation, kind: str, types: Sequence[Any], all_types: Sequence[Any]) -> Any:
    """The condition or the body of the loop that keeps the rows, as a function that calls the loop's own."""
    from gradiente.graph.dtypes import int32

    function: Any = FunctionDef()
    own: FuncGraph = op.attrs[kind]
    function.signature.name = f"{own.name}_rows_{op.name.replace('/', '_')}"
    for i, dtype in enumerate(all_types):
        function.signature.input_arg.add(name=f"a{i}", type=dtype.as_datatype_enum)
    values = [f"a{1 + i}" for i in range(len(types))]
    results = [t.dtype.base_dtype for t in own.outputs]
    call = function.node_def.add(name="call", op="PartitionedCall" if own.pure else "StatefulPartitionedCall")
    call.input.extend(values)
    _set_attrs(call, {"Tin": list(types), "Tout": results, "f": own.name})
    function.signature.is_stateful = not own.pure
    if kind == "cond":
        function.signature.output_arg.add(name="go", type=results[0].as_datatype_enum)
        function.ret["go"] = "call:output:0"
        return function

    def constant(name: str, value: Any) -> str:
        node = function.node_def.add(name=name, op="Const")
        node.attr["value"].tensor.CopyFrom(make_tensor_proto(value))
        node.attr["dtype"].type = node.attr["value"].tensor.dtype
        return f"{name}:output:0"

    after = function.node_def.add(name="after", op="AddV2", input=["a0", constant("one", np.int32(1))])
    _set_attrs(after, {"T": int32})
    index = function.node_def.add(
        name="index", op="Reshape", input=["a0", constant("sizes", np.array([1, 1], np.int32))]
    )
    _set_attrs(index, {"T": int32, "Tshape": int32})
    outputs = ["after:z:0", *(f"call:output:{i}" for i in range(len(types)))]
    for k, i in enumerate(op.attrs["saved"]):
        row = function.node_def.add(
            name=f"row_{k}", op="ExpandDims", input=[values[i], constant(f"axis_{k}", np.int32(0))]
        )
        _set_attrs(row, {"T": types[i], "Tdim": int32})
        kept = function.node_def.add(
            name=f"keep_{k}", op="TensorScatterUpdate",
            input=[f"a{1 + len(types) + k}", "index:output:0", f"row_{k}:output:0"],
        )  # fmt: skip
        _set_attrs(kept, {"T": types[i], "Tindices": int32})
        outputs.append(f"keep_{k}:output:0")
    for i, (dtype, source) in enumerate(zip(all_types, outputs, strict=True)):
        function.signature.output_arg.add(name=f"r{i}", type=dtype.as_datatype_enum)
        function.ret[f"r{i}"] = source
    return function


_RULES: dict[str, Callable[[Writer], Written]] = {
    "_Capacity": _capacity,
    "_Row": _as("Gather", "output", "Tparams", "Tindices"),
    "_ZeroSum": _as("ZerosLike", "y", "T"),
    "_RowsAdd": _rows_add,
    "_CaseCheck": _case_check,
    "_RunCounter": _run_counter,
    "_WhileHistory": _history,
}
