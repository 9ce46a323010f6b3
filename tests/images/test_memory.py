from __future__ import annotations

from pathlib import Path

import pytest

from gradiente.images import memory

GIB = 1 << 30


@pytest.mark.parametrize(
    ("limit", "usage", "kept"),
    [
        ("memory.max", "memory.current", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
    ],
)
def test_a_containers_memory_is_free_but_for_what_programs_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, usage: str, kept: str
) -> None:
    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    monkeypatch.setattr(memory, "_CONTAINER", tmp_path)
    of_machine = memory.free_memory()
    assert of_machine > GIB // 8
    write(limit, f"{GIB // 16}\n")
    write(usage, f"{GIB // 20}\n")
    write(str(Path(limit).parent / "memory.stat"), f"anon 5\n{kept} {GIB // 40}\nactive_file 7\n")
    assert memory.free_memory() == GIB // 16 - GIB // 20 + GIB // 40
    write(limit, "max\n" if limit == "memory.max" else f"{(1 << 63) - 4096}\n")
    assert memory.free_memory() == pytest.approx(of_machine, rel=0.5)
