"""Damages a model's files in many ways, loads and uses each, and says what came of it and how much memory it took.

    python tools/fuzz_model_files.py runs/photos/model --count 500

Each is loaded and used in a process of its own, in which XLA has started; what loading takes and what running takes is
measured apart, as the latter is mostly XLA's compiler.

Half of the mutations are raw: every one of them must be an error. The other half are sealed anew after the change, as
somebody who means harm would do: each must be an error or a model that works within the memory that it says.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import random
import select
import shutil
import signal
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

FILES = ("graph.pb", "weights.safetensors", "model.json")

IMAGES = 2
"""How many images are classified."""

_SECONDS = 120


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


def attempt(folder: Path, loaded: Callable[[], None] = lambda: None) -> str:
    """Load and use a model.

    Args:
        folder: the model.
        loaded: called between the two.

    Returns:
        What came of it, or the error's first words.
    """
    from gradiente.classify import load
    from gradiente.classify.problems import ModelError, OutOfMemoryError, RunNotFoundError

    stage = "not loaded"
    try:
        model = load(folder)
        stage = "not run"
        loaded()
        rows = model.probabilities(np.zeros((IMAGES, *model.description.shape), np.uint8))
        model.close()
        return "loaded and run" if np.isfinite(rows).all() else "loaded and run, gives no numbers"
    except (ModelError, RunNotFoundError, OutOfMemoryError) as error:
        return f"{stage}: {type(error).__name__}: {str(error).replace(str(folder), '')[:60]}"


@dataclass(frozen=True)
class Outcome:
    """What came of a model, in a process of its own.

    Attributes:
        said: as of ``attempt``, or how the process died.
        loading: by how many bytes the process grew at most while it loaded the model, or refused it.
        running: and while it classified images with it, compilation included; 0 if it did not.
    """

    said: str
    loading: int = 0
    running: int = 0


def in_a_process(folder: Path) -> Outcome:
    """Load and use a model in a child of this process, which must not have started XLA yet."""
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(readable)
            os.write(writable, json.dumps(asdict(_measured(folder))).encode())
            status = 0
        except BaseException as error:
            os.write(
                writable, json.dumps({"said": f"UNEXPECTED {type(error).__name__}: {error}"[:200]}).encode()
            )
        finally:
            os._exit(status)
    os.close(writable)
    said = b""
    while select.select([readable], [], [], _SECONDS)[0]:
        piece = os.read(readable, 1 << 16)
        if not piece:
            break
        said += piece
    else:
        os.kill(child, signal.SIGKILL)
    os.close(readable)
    _, status = os.waitpid(child, 0)
    if not said:
        return Outcome(f"UNEXPECTED end of the process: {status}")
    return Outcome(**json.loads(said))


def _measured(folder: Path) -> Outcome:
    import jax.numpy as jnp

    jnp.zeros(1).block_until_ready()  # XLA itself is no part of what a model takes
    peaks: list[int] = []
    started = _restarted()

    def loaded() -> None:
        nonlocal started
        peaks.append(_memory("VmHWM") - started)
        started = _restarted()

    said = attempt(folder, loaded)
    peaks.append(_memory("VmHWM") - started)
    return Outcome(said, *peaks)


def _restarted() -> int:
    """The memory that this process has, from which on its peak is counted anew."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise ValueError(field)


def stated(folder: Path, otherwise: int) -> int:
    """The bytes that a model says it takes for its weights and ``IMAGES`` images; ``otherwise`` if it says nothing."""
    try:
        said = json.loads((folder / "model.json").read_bytes())["memory"]
        return int(said["weights"]) + IMAGES * int(said["per_image"])
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return otherwise


def main() -> None:
    """Mutate, attempt and count; ends with status 1 for a raw mutation that was not noticed, a crash, or too much memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    import gradiente.classify.model.classifier  # so that each child has it already

    del gradiente
    rng = random.Random(options.seed)
    found: defaultdict[str, list[tuple[int, Outcome]]] = defaultdict(list)
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        good = in_a_process(options.model)
        need = stated(options.model, 0)
        print(
            f"undamaged: {good.said}. It says that it needs {_mib(need)} MiB for its weights and {IMAGES} images."
        )
        print(f"It takes {_mib(good.loading)} MiB to load, {_mib(good.running)} MiB to compile and run.\n")
        for number in range(options.count):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(options.model, folder)
            raw = number % 2 == 0
            if raw:
                name = rng.choice(FILES)
                (folder / name).write_bytes(mutate((folder / name).read_bytes(), rng))
            else:
                tamper(folder, rng)
            outcome = in_a_process(folder)
            says = stated(folder, need)
            kind = ("raw" if raw else "sealed") + ": " + outcome.said.partition(" (")[0][:58]
            found[kind].append((says, outcome))
            most = max(outcome.loading - good.loading, outcome.running - good.running)
            if (
                (raw and outcome.said.startswith("loaded"))
                or "UNEXPECTED" in outcome.said
                or most > 2 * max(says, need)
            ):
                wrong += 1
                print(f"number {number} is wrong: {outcome}, says {_mib(says)} MiB")
    print(f"{'files':>5}  {'loading, MiB':>14}  {'running, MiB':>14}  outcome")
    print(f"{'':>5}  {'median':>6}  {'most':>6}  {'median':>6}  {'most':>6}")
    for kind, all_of in sorted(found.items(), key=lambda item: -len(item[1])):
        loading, running = ([getattr(o, name) for _, o in all_of] for name in ("loading", "running"))
        cells = [
            f"{_mib(v):>6}" for values in (loading, running) for v in (statistics.median(values), max(values))
        ]
        print(f"{len(all_of):5}  {'  '.join(cells)}  {kind}")
    beyond = max(
        (max(o.loading - good.loading, o.running - good.running) / max(says, need), kind)
        for kind, all_of in found.items() for says, o in all_of
    )  # fmt: skip
    print(
        f"\nMost beyond the undamaged model: {beyond[0]:.2f} times what the file says it needs ({beyond[1]})."
    )
    if wrong:
        raise SystemExit(1)


def _mib(count: float) -> str:
    return f"{count / (1 << 20):.1f}"


if __name__ == "__main__":
    main()
