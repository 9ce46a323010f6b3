"""Damages a model's files in many ways, loads and uses each, and says what came of it and how much memory it took.

    python tools/fuzz_model_files.py runs/photos/model --count 500

Half of the mutations are raw: every one of them must be an error. The other half are sealed anew after the change, as
somebody who means harm would do: each must be an error or a model that works within the memory that it says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FILES = ("graph.pb", "weights.safetensors", "model.json")


def mutate(content: bytes, rng: random.Random) -> bytes:
    """A file's bytes, changed in one of the ways in which files come to harm."""
    data = bytearray(content)
    kind = rng.choice(("truncate", "flip", "flips", "insert", "delete", "zero", "numbers", "repeat", "empty"))
    at = rng.randrange(len(data))
    length = rng.randrange(1, 64)
    match kind:
        case "truncate":
            del data[at:]
        case "flip":
            data[at] ^= 1 << rng.randrange(8)
        case "flips":
            for _ in range(length):
                data[rng.randrange(len(data))] = rng.randrange(256)
        case "insert":
            data[at:at] = rng.randbytes(length)
        case "delete":
            del data[at : at + length]
        case "zero":
            data[at : at + length] = bytes(min(length, len(data) - at))
            data += b"\0"
        case "numbers":
            data[at : at + 8] = rng.choice(
                (b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"99999999", b"\0" * 7 + b"\1")
            )
        case "repeat":
            data[at:at] = data[at : at + length] * rng.randrange(2, 100)
        case _:
            data.clear()
    return bytes(data) if bytes(data) != content else content[:-1]


def _numbers(value: Any, rng: random.Random) -> Any:
    """A JSON value with one leaf replaced."""
    paths = list(_leaves(value, ()))
    path = rng.choice(paths)
    inside = value
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = rng.choice(
        (0, -1, 1 << 31, 1 << 62, 10**30, 1e308, None, "", "\x1b[2J", [], {}, ["a"] * 9, True, 0.5)
    )
    return value


def _leaves(value: Any, path: tuple[Any, ...]) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _leaves(inner, (*path, key))


def tamper(folder: Path, rng: random.Random) -> None:
    """Change a model's files as somebody who means harm: what they say, with sums that fit again."""
    import gradiente as tf

    kind = rng.choice(("json", "shape", "ints", "op", "input", "bytes", "weights", "attr", "stride"))
    graph_def: Any = tf.GraphDef.FromString((folder / "graph.pb").read_bytes())
    node = rng.choice(graph_def.node)
    large = rng.choice((0, -1, 1, 7, 1 << 20, 1 << 31, 1 << 40, (1 << 62) - 1))
    match kind:
        case "json":
            values = json.loads((folder / "model.json").read_text())
            (folder / "model.json").write_text(json.dumps(_numbers(values, rng)))
        case "shape":
            nodes = [n for n in graph_def.node if n.op in ("Const", "VariableV2", "Placeholder")]
            node = rng.choice(nodes)
            shape = node.attr["value"].tensor.tensor_shape if node.op == "Const" else node.attr["shape"].shape
            if shape.dim and rng.random() < 0.7:
                rng.choice(shape.dim).size = large
            else:
                shape.dim.add(size=large)
        case "ints":
            constants = [n for n in graph_def.node if n.op == "Const" and n.attr["dtype"].type == 3]
            if constants:
                tensor = rng.choice(constants).attr["value"].tensor
                ints = tf.make_ndarray(tensor).copy().reshape(-1)
                if len(ints):
                    ints[rng.randrange(len(ints))] = np.int64(large).astype(np.int32)
                tensor.CopyFrom(tf.make_tensor_proto(ints))
        case "op":
            node.op = rng.choice(("Tile", "Fill", "Pad", "BroadcastTo", "ResizeBilinear", "ReadFile", "PyFunc", "Range",
                                  "OneHot", "MatMul", "Identity", "While", "BatchToSpaceND"))  # fmt: skip
        case "input":
            if node.input:
                node.input[rng.randrange(len(node.input))] = rng.choice(graph_def.node).name
        case "bytes":
            name = rng.choice(FILES[:2])
            (folder / name).write_bytes(mutate((folder / name).read_bytes(), rng))
        case "weights":
            content = (folder / "weights.safetensors").read_bytes()
            size = int.from_bytes(content[:8], "little")
            header = json.loads(content[8 : 8 + size])
            text = json.dumps(_numbers(header, rng)).encode()
            changed = len(text).to_bytes(8, "little") + text + content[8 + size :]
            (folder / "weights.safetensors").write_bytes(changed)
        case "attr":
            if node.attr:
                name = rng.choice(sorted(node.attr))
                if rng.random() < 0.5:
                    del node.attr[name]
                else:
                    node.attr[name].CopyFrom(type(node.attr[name])(i=large))
        case _:
            for windowed in (n for n in graph_def.node if "strides" in n.attr):
                for name in ("strides", "ksize", "dilations"):
                    if name in windowed.attr:
                        values = windowed.attr[name].list.i
                        values[rng.randrange(len(values))] = large
    if kind not in ("json", "bytes", "weights"):
        (folder / "graph.pb").write_bytes(graph_def.SerializeToString())
    seal(folder)


def seal(folder: Path) -> None:
    """Write the sums of a model's files anew, so that nothing but what they say tells that they were changed."""
    from gradiente.classify.model.description import sum_of

    try:
        values = json.loads((folder / "model.json").read_bytes())
        values["sha256"] = {
            name: [hashlib.sha256((folder / file).read_bytes()).hexdigest()]
            for name, file in (("graph", "graph.pb"), ("weights", "weights.safetensors"))
        }
        values["sha256"]["model"] = sum_of(values)
    except (ValueError, TypeError, KeyError):
        return
    (folder / "model.json").write_text(json.dumps(values))


def attempt(folder: Path) -> tuple[str, int]:
    """Load and use a model.

    Returns:
        ``"loaded"`` or the error's first words, and the bytes that it says it needs.
    """
    from gradiente.classify import load
    from gradiente.classify.problems import ModelError, OutOfMemoryError, RunNotFoundError

    said = 0
    try:
        model = load(folder)
        count = 2
        said = sum(v.nbytes for v in model.weights.values()) + count * model._files.per_image
        rows = model.probabilities(np.zeros((count, *model.description.shape), np.uint8))
        model.close()
        return ("loaded" if np.isfinite(rows).all() else "loaded, gives no numbers"), said
    except (ModelError, RunNotFoundError, OutOfMemoryError) as error:
        return f"{type(error).__name__}: {str(error).replace(str(folder), '')[:60]}", said


def _memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise ValueError(field)


def _peak(call: Callable[[], tuple[str, int]]) -> tuple[tuple[str, int], int]:
    """What a call returns, and by how many bytes the process grew at most meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    result = call()
    return result, _memory("VmHWM") - before


def main() -> None:
    """Mutate, attempt and count; ends with status 1 if a raw mutation was not noticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    outcomes: Counter[str] = Counter()
    growth: list[tuple[int, str, int]] = []
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        for number in range(-2, options.count):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(options.model, folder)
            raw = number % 2 == 0
            if number >= 0 and raw:
                name = rng.choice(FILES)
                (folder / name).write_bytes(mutate((folder / name).read_bytes(), rng))
            elif number >= 0:
                tamper(folder, rng)
            (outcome, said), grew = _peak(lambda: attempt(folder))
            if number < 0:
                print(f"undamaged: {outcome}, says {said:,} bytes, grew by {grew:,}")
                continue
            outcomes[("raw" if raw else "sealed") + ": " + outcome.partition(" (")[0][:50]] += 1
            growth.append((grew, outcome, said))
            if raw and outcome.startswith("loaded"):
                wrong += 1
                print(f"mutation {number} was not noticed")
    for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]):
        print(f"{count:5}  {outcome}")
    print(
        "grew most:",
        *(f"{grew:,} bytes (says {said:,}): {what}" for grew, what, said in sorted(growth)[-5:]),
        sep="\n  ",
    )
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
