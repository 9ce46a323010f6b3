"""Prediction with ONNX Runtime: the networks as PyTorch exports them, in the memory format that ONNX Runtime is made for."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import onnxruntime
import torch
from in_torch import prediction_network
from networks import NETWORKS, Array


def predictor(network: str) -> Callable[[Array], Array]:
    """The logits of images (NHWC), which are brought into order the first time that they are seen."""
    session = onnxruntime.InferenceSession(_exported(network), providers=["CPUExecutionProvider"])
    seen: dict[int, Array] = {}

    def predict(images: Array) -> Array:
        if id(images) not in seen:
            seen[id(images)] = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        return session.run(None, {"images": seen[id(images)]})[0]

    return predict


def _exported(network: str) -> bytes:
    height, width, channels = NETWORKS[network].shape
    file = io.BytesIO()
    torch.onnx.export(
        prediction_network(network), (torch.zeros(2, channels, height, width),), file, dynamo=False, input_names=["images"],
        output_names=["logits"], dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
    )  # fmt: skip
    return file.getvalue()
