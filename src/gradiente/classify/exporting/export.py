"""Exports a classifier for other programs, and checks that what was exported says what ``predict`` says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.exporting.graph import exported_graph
from gradiente.classify.exporting.onnx_file import onnx_model
from gradiente.classify.model.bringing import bring
from gradiente.classify.model.classifier import Classifier, load
from gradiente.classify.model.graph import IMAGES, PROBABILITIES
from gradiente.classify.problems import ExportError, SettingsError, UnreadableImageError
from gradiente.classify.run_folder import write_whole
from gradiente.classify.settings import MNIST, read_settings

FORMATS = {"onnx": "model.onnx", "graphdef": "model.pb"}
"""The formats and the files' names."""

_CHECKED = 24
_MOST_APART = 1e-3
_LEAST_AGREEING = 0.95


@dataclass(frozen=True)
class Parity:
    """How far what was exported agrees with ``predict``.

    Attributes:
        images: what it was compared on.
        count: how many images.
        network: the largest difference of a probability on images that had the network's size already.
        whole: the largest difference on the images as they are, which the exported graph resizes itself.
        agreeing: on how many of them both name the same class.
        runner: what ran the exported graph.
    """

    images: str
    count: int
    network: float
    whole: float
    agreeing: int
    runner: str


@dataclass(frozen=True)
class Exported:
    """An exported classifier: its file, and how far it agrees with ``predict``."""

    path: Path
    parity: Parity


def export(
    run: str | Path,
    format: str = "onnx",
    out: str | Path | None = None,
    images: Sequence[str | Path] = (),
) -> Exported:
    """Write a run's classifier for other programs.

    What is written takes ``images``, uint8 RGB ``[n, height, width, 3]`` of any size, and gives ``probabilities``, float32
    ``[n, classes]``; everything between, resizing included, is in the graph. The classes' names are in the file's metadata
    (ONNX) or in the constant ``classes`` (GraphDef).

    Args:
        run: the run's folder.
        format: ``"onnx"`` or ``"graphdef"``.
        out: the file; ``model.onnx`` or ``model.pb`` in the run's folder without it.
        images: what to compare on; images that the run was made with, where they are still there, without it.

    Returns:
        The file and the comparison.

    Raises:
        ExportError: the format can't hold the network, needs a package that is not installed, or what was written does not
            say what ``predict`` says. Nothing is written then.
        SettingsError: there is no such format.
        RunNotFoundError, ModelError: there is no such model, or its files can't be used.
        UnreadableImageError: an image to compare on can't be read.
        OSError: the file can't be written.
    """
    if format not in FORMATS:
        raise SettingsError(f"There is no format {format!r} to export to. There are {' and '.join(FORMATS)}.")
    model = load(run)
    graph_def = exported_graph(model)
    if format == "onnx":
        content = onnx_model(graph_def, model.classes, {"gradiente": version("gradiente")})
        runner, call = f"onnxruntime {version('onnxruntime')}", _onnx_runner(content)
    else:
        content = graph_def.SerializeToString(deterministic=True)
        runner, call = "gradiente", _graph_runner(content)
    what, chosen = _images(Path(run), model, images)
    parity = _compare(model, call, what, chosen, runner)
    path = Path(run) / FORMATS[format] if out is None else Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return Exported(path, parity)


Call = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]


def _onnx_runner(content: bytes) -> Call:
    try:
        import onnxruntime
    except ImportError as error:
        raise ExportError(
            "--format onnx needs the packages onnx and onnxruntime: pip install 'gradiente[onnx]'."
        ) from error
    library: Any = onnxruntime
    session = library.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda images: session.run([PROBABILITIES], {IMAGES: images})[0]


def _graph_runner(content: bytes) -> Call:
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.GraphDef.FromString(content), name="")
    session = tf.Session(graph=graph)
    return lambda images: session.run(f"{PROBABILITIES}:0", {f"{IMAGES}:0": images})


def _images(
    run: Path, model: Classifier, given: Sequence[str | Path]
) -> tuple[str, list[Path | npt.NDArray[np.uint8]]]:
    """The images to compare on, and what they are: those that were named, else some of the run's own."""
    if given:
        return ", ".join(map(str, given))[:200], _some([p for name in given for p in _inside(Path(name))])
    try:
        data = read_settings(run / "config.toml").data
    except SettingsError:
        data = ""
    if data == MNIST:
        from gradiente.images import mnist

        digits = mnist.load()[1].images[: 10 * _CHECKED : 10]
        return "MNIST", [np.repeat(image.reshape(28, 28, 1), 3, 2) for image in digits]
    if data and Path(data).is_dir():
        found = _some(_inside(Path(data)))
        if found:
            return data, found
    # Noise would tell less: after it was made smaller, little of it is left.
    rng = np.random.default_rng(0)
    sizes = [(s, s * 4 // 3) for s in (model.description.height, 97, 240, 500)]
    made = [rng.integers(0, 256, (8, 8, 3), np.uint8) for _ in range(2 * len(sizes))]
    return "generated images, as those of the run are not there any more", [
        bring(image, (*size, 3), "stretch") for image, size in zip(made, sizes * 2, strict=True)
    ]


def _inside(path: Path) -> list[Path]:
    from gradiente.images.layouts import find_images

    return find_images(path) if path.is_dir() else [path]


def _some(paths: list[Path]) -> list[Path | npt.NDArray[np.uint8]]:
    return [*paths[:: max(1, len(paths) // _CHECKED)][:_CHECKED]]


def _compare(
    model: Classifier, call: Call, what: str, images: Sequence[Path | npt.NDArray[np.uint8]], runner: str
) -> Parity:
    """Compare, and refuse what does not agree."""
    shape = model.description.shape
    network = whole = 0.0
    agreeing = count = 0
    for image in images:
        try:
            pixels = _at_its_size(image) if isinstance(image, Path) else image
        except UnreadableImageError:
            continue
        expected = model.predict([image])[0].probabilities
        brought = bring(pixels, shape, model.description.resize)[None]
        small = np.repeat(brought, 3, 3) if shape[2] == 1 else brought
        network = max(network, float(np.abs(call(small)[0] - model.probabilities(brought)[0]).max()))
        found = call(np.ascontiguousarray(pixels[None]))[0]
        whole = max(whole, float(np.abs(found - expected).max()))
        agreeing += int(found.argmax() == expected.argmax())
        count += 1
    if not count:
        raise ExportError(f"None of the images to compare on can be read: {what}.")
    parity = Parity(what, count, network, whole, agreeing, runner)
    if not network <= _MOST_APART:
        raise ExportError(
            "What was exported does not say what predict says: on images of the network's size, probabilities differ by "
            f"up to {network:.4f}. Nothing was written."
        )
    if agreeing < _LEAST_AGREEING * count:
        raise ExportError(
            f"What was exported does not say what predict says: it names another class for {count - agreeing} of {count} "
            f"images ({what}). Nothing was written."
        )
    return parity


def _at_its_size(path: Path) -> npt.NDArray[np.uint8]:
    """An image file as RGB pixels, all of them."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            width, height = ImageOps.exif_transpose(image).size
    except (OSError, ValueError) as error:
        raise UnreadableImageError(str(path), str(error)) from error
    return bring(path, (height, width, 3), "stretch")
