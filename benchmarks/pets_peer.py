"""Time to the same accuracy on photographs of cats and dogs: PyTorch with the same weights, images and split.

The usual fine-tuning loop: images loaded with Pillow, mirrored at random, AdamW on the whole network with a cosine schedule;
after each epoch the test part. It stops as soon as it has the accuracy asked for.

    python benchmarks/pets_peer.py ../shared/data/pets RUN/split.csv --accuracy 0.985

``split.csv`` is that of a run of ``gradiente train``; the ``metrics.json`` beside it has the time and the accuracy that this is
compared with. Both times are without start and imports, and end with the tested model: gradiente's own includes looking
at all files for damage and copies, dividing them, and the temperature, which the peer does not do. With the report it is the
second ratio.
"""

import argparse
import csv
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch_efficientnet_lite0 import pretrained


def load(root, rows):
    images = [
        np.asarray(
            Image.open(root / row["image"]).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
        )
        for row in rows
    ]
    classes = sorted({row["class"] for row in rows})
    return torch.tensor(np.stack(images)).permute(0, 3, 1, 2), torch.tensor(
        [classes.index(r["class"]) for r in rows]
    )


def prepared(images):
    return ((images.float() - 127) / 128).contiguous(memory_format=torch.channels_last)


def accuracy(network, images, labels):
    network.eval()
    with torch.inference_mode():
        logits = torch.cat([network(prepared(part)) for part in images.split(32)])
    return (logits.argmax(1) == labels).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pets", type=Path)
    parser.add_argument("split", type=Path)
    parser.add_argument("--accuracy", type=float, default=0.985)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.perf_counter()
    torch.manual_seed(options.seed)
    with open(options.split, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    x, y = load(options.pets, [row for row in rows if row["part"] == "train"])
    held, held_labels = load(options.pets, [row for row in rows if row["part"] == "test"])
    print(f"{len(x)} images loaded: {time.perf_counter() - started:.1f} s", flush=True)
    network = pretrained()
    network._fc = torch.nn.Linear(1280, int(y.max()) + 1)
    network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.lr)
    steps = options.epochs * (len(x) // 32)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(1, options.epochs + 1):
        network.train()
        order = torch.randperm(len(x))
        for start in range(0, len(x) - 31, 32):
            at = order[start : start + 32]
            flipped = torch.where((torch.rand(32) < 0.5)[:, None, None, None], x[at].flip(3), x[at])
            loss = F.cross_entropy(network(prepared(flipped)), y[at])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        right = accuracy(network, held, held_labels)
        print(f"epoch {epoch}: test {100 * right:.2f} %, {time.perf_counter() - started:.1f} s", flush=True)
        if right >= options.accuracy:
            compare(options.split.with_name("metrics.json"), time.perf_counter() - started)
            return


def compare(path, peer):
    metrics = json.loads(path.read_text(encoding="utf-8"))
    tested, total = metrics["seconds"]["tested"], metrics["seconds"]["total"]
    right = metrics["test"]["accuracy"]
    print(
        f"gradiente: test {100 * right:.2f} %, {tested:.1f} s to the tested model, {total:.1f} s with the report"
    )
    print(f"ratio to the peer: {tested / peer:.2f}; with the report {total / peer:.2f}")


if __name__ == "__main__":
    main()
