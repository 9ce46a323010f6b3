from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from gradiente.cli.inspect import inspect


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in ("año", "bus"):
            (tmp_path / "photos" / part / name).mkdir(parents=True)
            for number in range(3):
                pixels = rng.integers(0, 255, (5, 5, 3), np.uint8)
                image = Image.fromarray(pixels).resize((60, 50), Image.Resampling.BICUBIC)
                image.save(tmp_path / "photos" / part / name / f"{number}.png")
    root = tmp_path / "photos"
    first = root / "train" / "año" / "0.png"
    (root / "test" / "bus" / "copy.png").write_bytes(first.read_bytes())
    Image.open(first).save(root / "test" / "año" / "near.jpg", quality=70)
    Image.new("RGB", (10, 60), "white").save(root / "train" / "bus" / "blank.png")
    Image.open(first).save(root / "train" / "bus" / "named.gif", "PNG")
    (root / "train" / "bus" / "broken.png").write_bytes(b"<html>")
    return root


def test_what_is_found(photos, capsys):
    before = {p: p.read_bytes() for p in photos.rglob("*") if p.is_file()}
    inspect(str(photos), as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["classes"] == {"año": {"train": 3, "test": 4}, "bus": {"train": 5, "test": 4}}
    assert found["images"] == 16
    assert [u["reason"] for u in found["unreadable"]] == [
        "it is an HTML page, as from a download that failed"
    ]
    assert [u["reason"] for u in found["odd"]] == ["it is a PNG file, whatever its name says"]
    (group,) = found["duplicates"]
    assert set(group["images"]) == {
        "train/año/0.png", "test/bus/copy.png", "test/año/near.jpg", "train/bus/named.gif"
    }  # fmt: skip
    assert (group["exact"], group["classes"], group["parts"]) == (False, ["año", "bus"], ["test", "train"])
    assert (found["blank"], found["tiny"]) == (["train/bus/blank.png"], ["train/bus/blank.png"])
    assert {p: p.read_bytes() for p in photos.rglob("*") if p.is_file()} == before


def test_text_and_page_in_both_languages(photos, tmp_path, capsys):
    inspect(str(photos))
    text = capsys.readouterr().out
    assert "16 images of 2 classes; recognised: one sub-folder per class, divided into train, test." in text
    assert "The same picture in different parts: 1 group;" in text
    assert "Pictures that are there more than once: a group of 4:" in text
    assert "A file that can't be read and is left out:" in text
    (photos / "train" / "beside.png").write_bytes(b"")
    inspect(str(photos), html=tmp_path / "out" / "page.html", lang="es")
    page = (tmp_path / "out" / "page.html").read_text()
    for shown in (capsys.readouterr().out, page):
        assert "una subcarpeta por clase, en las partes train, test" in shown
        assert "train: Queda fuera una imagen que no está en ninguna subcarpeta: beside.png." in shown
        assert "broken.png: es una página HTML, como la que deja una descarga fallida" in shown
        assert "named.gif: es un archivo PNG, diga lo que diga su nombre" in shown
    assert '<html lang="es">' in page
    assert "data:image/jpeg;base64," in page
    assert page.count("http") == page.count("http-equiv")


def test_errors_have_their_status(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        inspect(str(tmp_path / "none"))
    assert stopped.value.code == 3
    with pytest.raises(SystemExit) as stopped:
        inspect("mnist", lang="fr")
    assert stopped.value.code == 2
    capsys.readouterr()
