"""What a model's graph may be made of, and how much memory running it takes: both are settled before anything is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradiente as tf
from gradiente.classify.problems import ModelError

_ELEMENTWISE = """
    Abs Acos Acosh Add AddN AddV2 Asin Asinh Atan Atan2 Atanh BiasAdd Cast Ceil ClipByValue Cos Cosh Div DivNoNan
    Elu Equal Erf Erfc Exp Expm1 Floor FloorDiv FloorMod Greater GreaterEqual Inv IsFinite IsInf IsNan LeakyRelu
    Less LessEqual Log Log1p LogicalAnd LogicalNot LogicalOr Maximum Minimum Mod Mul MulNoNan Neg NotEqual Pow
    RealDiv Reciprocal Relu Relu6 Rint Round Rsqrt Select SelectV2 Selu Sigmoid Sign Sin Sinh Softplus Softsign
    Sqrt Square SquaredDifference Sub Tan Tanh TruncateDiv TruncateMod Xdivy Xlogy
"""
_REDUCTIONS = """
    All Any ArgMax ArgMin Cumprod Cumsum EuclideanNorm L2Loss LogSoftmax Max Mean Min Prod Softmax Sum
"""
_SHAPES = """
    BatchToSpace BatchToSpaceND BroadcastTo Concat ConcatV2 DepthToSpace EnsureShape ExpandDims Fill Gather
    GatherNd GatherV2 Identity IdentityN MatrixBandPart MatrixDiag MatrixDiagPart MirrorPad OneHot OnesLike Pack
    Pad PadV2 PreventGradient Range Rank Reshape Reverse ReverseSequence ReverseV2 Roll Shape ShapeN Size Slice
    SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Squeeze StopGradient StridedSlice Tile Transpose Unpack
    ZerosLike
"""
_LAYERS = """
    AvgPool BatchMatMul BatchMatMulV2 Conv2D Conv2DBackpropInput DepthwiseConv2dNative Einsum ExtractImagePatches
    FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN MatMul MaxPool TopK TopKV2
"""
_IMAGES = """
    AdjustContrastv2 AdjustHue AdjustSaturation CropAndResize HSVToRGB RGBToHSV ResizeArea ResizeBicubic
    ResizeBilinear ResizeNearestNeighbor
"""

ALLOWED_OPS = frozenset(
    f"Placeholder Const VariableV2 NoOp {_ELEMENTWISE} {_REDUCTIONS} {_SHAPES} {_LAYERS} {_IMAGES}".split()
)
"""What networks for images are made of: each gives values that depend on its inputs alone.

Operations that read or write files, call Python, draw random numbers, wait, branch or repeat are not among them.
"""

LARGEST_GRAPH = 16 << 20
"""The most bytes of a GraphDef."""

_MOST_NODES = 50_000
_MOST_CONSTANTS = 16 << 20
_MOST_PER_IMAGE = 1 << 30
_IMAGES_COUNTED = 256


def check_nodes(graph_def: Any, what: str) -> None:
    """Check what a GraphDef's nodes are, before anything is made of them.

    Args:
        graph_def: the GraphDef.
        what: how messages call it.

    Raises:
        ModelError: it has too many nodes, functions, an operation that no network for images needs, or constants that take
            more memory than the file has bytes.
    """
    if len(graph_def.node) > _MOST_NODES:
        raise ModelError(
            f"{what} has {len(graph_def.node):,} operations; a network has up to {_MOST_NODES:,}."
        )
    if len(graph_def.library.function):
        raise ModelError(
            f"{what} has functions of its own, which no model of gradiente has. It is not loaded."
        )
    constants = 0
    for node in graph_def.node:
        if node.op not in ALLOWED_OPS:
            raise ModelError(
                f"{what} has an operation {node.op!r:.100} ({node.name!r:.100}), which a model must not have: its "
                "operations give values that depend on the images alone, and use no files, no random numbers and no loops."
            )
        if node.op == "Const":
            constants += _constant_bytes(node)
            if constants > _MOST_CONSTANTS:
                raise ModelError(
                    f"{what} has a constant {node.name!r:.100} that is too large: all of them may take "
                    f"{_MOST_CONSTANTS >> 20} MiB. Weights are kept as variables."
                )


def _constant_bytes(node: Any) -> int:
    """What a constant takes: one value in a file may stand for a tensor of any size."""
    elements = 1
    for dimension in node.attr["value"].tensor.tensor_shape.dim:
        elements *= max(0, dimension.size)
    return 16 * elements


def bytes_per_image(graph_def: Any, images: str, output: str) -> int:
    """The memory for intermediate values that classifying one image takes, when up to 256 go in together.

    Args:
        graph_def: the GraphDef.
        images: its placeholder.
        output: the operation that is asked for.

    Returns:
        The most that is alive at one time when the operations run one after the other, in bytes.

    Raises:
        ModelError: a tensor's shape depends on values, or an image takes more than 1 GiB.
        ValueError, TypeError, LookupError: the graph can't be built.
    """
    sized = tf.GraphDef()
    sized.CopyFrom(graph_def)
    for node in sized.node:
        if node.name == images:
            node.attr["shape"].shape.dim[0].size = _IMAGES_COUNTED
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(sized, name="")
        needed = list(_needed(graph.get_operation_by_name(output)))
    last: dict[Any, int] = {}
    for at, op in enumerate(needed):
        last.update(dict.fromkeys(op.inputs, at))
    alive = most = 0
    for at, op in enumerate(needed):
        # A variable has its memory, which its file stands for, and reading one makes no other.
        if op.type in ("VariableV2", "Const") or (
            op.type == "Identity" and op.inputs[0].op.type == "VariableV2"
        ):
            continue
        alive += sum(_size(tensor) for tensor in op.outputs)
        most = max(most, alive)
        if most > _IMAGES_COUNTED * _MOST_PER_IMAGE:
            raise ModelError(
                f"The model's graph takes more than {_MOST_PER_IMAGE >> 20} MiB for one image, from {op.name!r:.100} "
                f"({op.type}) on, whose output is of the shape {op.outputs[0].shape}."
            )
        for tensor in {*op.inputs, *op.outputs}:
            if last.get(tensor, at) == at and tensor.op.type not in ("VariableV2", "Const"):
                alive -= _size(tensor) if not _is_read(tensor.op) else 0
    return -(-most // _IMAGES_COUNTED)


def _is_read(op: Any) -> bool:
    return op.type == "Identity" and op.inputs[0].op.type == "VariableV2"


def _needed(output: Any) -> Iterator[Any]:
    """The operations that one needs, each after those that it needs."""
    done: set[Any] = set()
    stack = [(output, False)]
    while stack:
        op, ready = stack.pop()
        if ready:
            yield op
        elif op not in done:
            done.add(op)
            stack.append((op, True))
            stack += [(tensor.op, False) for tensor in op.inputs if tensor.op not in done]


def _size(tensor: Any) -> int:
    if not tensor.shape.is_fully_defined():
        raise ModelError(
            f"The model's graph has a tensor {tensor.name!r:.100} ({tensor.op.type}) whose shape, {tensor.shape}, "
            "depends on values, so that the memory it takes can't be told. Reshape and resize to sizes that are known."
        )
    return tensor.shape.num_elements() * max(1, tensor.dtype.size)
