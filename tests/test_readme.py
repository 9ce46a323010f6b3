"""The README's tour runs from top to bottom, pasted as it stands, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    ("readme", "loss", "picture"),
    [("README.md", "losses", "graph.svg"), ("README.es.md", "perdidas", "grafo.svg")],
)
def test_the_tour_runs_as_pasted(
    readme: str,
    loss: str,
    picture: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(readme):
        exec(compile(block, readme, "exec"), names)
    names["sess"].close()
    printed = capsys.readouterr().out
    assert 0.90 < float(printed.split()[0]) < 0.94
    assert [float(v) for v in re.findall(r"float32\(([\d.]+)\)", printed)] == [27, 27, 18]
    losses = names[loss]
    assert losses[0] == pytest.approx(2.3026, abs=1e-3)
    assert losses[-50:].mean() < 0.4
    assert "segment 0 (device)" in printed
    assert "HloModule" in printed
    assert (tmp_path / picture).read_text(encoding="utf-8").startswith("<svg")


def test_both_languages_show_the_same_steps():
    english, spanish = (blocks(name) for name in ("README.md", "README.es.md"))
    assert [len(re.sub(r"#.*", "", b).split("\n")) for b in english] == [
        len(re.sub(r"#.*", "", b).split("\n")) for b in spanish
    ]
