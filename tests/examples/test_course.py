"""The course's programs run unmodified: their only framework import is `tensorflow`."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COURSE = Path(__file__).resolve().parents[2] / "examples" / "course"
PROGRAMS = sorted(path.name for path in COURSE.glob("*.py"))


def run(program: str, *args: str) -> str:
    command = [sys.executable, "-m", "gradiente", "run", str(COURSE / program), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def accuracy(output: str) -> float:
    return float(output.split()[-1])


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_only_framework_is_tensorflow(program):
    tree = ast.parse((COURSE / program).read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    packages = {module.split(".")[0] for module in modules}
    assert packages - set(sys.stdlib_module_names) <= {"numpy", "tensorflow"}
    assert "tensorflow" in packages


def test_backpropagation_equals_the_closed_forms():
    for sizes in ([], ["2", "3", "1"]):
        differences = re.findall(r"largest difference (\S+)", run("backpropagation.py", *sizes))
        assert len(differences) >= 10
        assert max(map(float, differences)) < 1e-6


def test_softmax_regression_reaches_about_92_percent():
    assert 0.90 < accuracy(run("mnist_softmax.py")) < 0.935


def test_a_perceptron_of_three_layers_learns():
    output = run("mnist_perceptron.py", "--layers=3", "--width=64", "--steps=600")
    assert "3 layers of 64" in output
    assert accuracy(output) > 0.92


def test_the_experts_network_learns():
    assert accuracy(run("mnist_experts.py", "--steps=60", "--batch=50")) > 0.4


def test_the_network_of_the_slides():
    output = run("cs231n_32x32.py", "--steps=150", "--limit=4000")
    assert "(32 - 5 + 2*2)/1 + 1 = 32" in output
    assert "(32 - 2 + 2*0)/2 + 1 = 16" in output
    assert accuracy(output) > 0.75


def test_the_network_of_the_slides_with_a_folder_of_images(tmp_path):
    rng = np.random.default_rng(0)
    for label, colour in enumerate([(220, 40, 40), (40, 40, 220)]):
        folder = tmp_path / f"class{label}"
        folder.mkdir()
        for i in range(15):
            pixels = np.clip(np.array(colour) + rng.normal(0, 20, [40, 36, 3]), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.{'png' if i % 2 else 'jpg'}")
    output = run("cs231n_32x32.py", f"--data={tmp_path}", "--steps=40", "--batch=16")
    assert "classes: class0, class1" in output
    assert accuracy(output) == 1.0


def fragment(category: int, rng: np.random.Generator) -> Image.Image:
    """A page fragment like the course's: transparent paper with a figure above (2), below (3) or everywhere (4)."""
    pixels = np.zeros([60, 200, 4], np.uint8)
    rows = {1: slice(0, 0), 2: slice(0, 25), 3: slice(35, 60), 4: slice(0, 60)}[category]
    pixels[rows, :, :3] = rng.integers(0, 120, 3)
    pixels[rows, :, 3] = 255
    return Image.fromarray(pixels)


def test_the_fragments_project_on_made_images(tmp_path):
    rng = np.random.default_rng(0)
    lines = []
    for i in range(48):
        fragment(i % 4 + 1, rng).save(tmp_path / f"im-{i}.png")
        lines.append(f"im-{i}.png -> {i % 4 + 1}\n")
    (tmp_path / "categories.txt").write_text("".join(lines))
    output = run("fragments.py", str(tmp_path), "60")
    assert "im-16.png -> 1" in output
    assert len(re.findall(r"^im-\d+\.png -> [1-4]$", output, re.MULTILINE)) == 12
    assert output.splitlines()[-1] == "P = 100.0 %"


@pytest.mark.shared_data
def test_the_fragments_project_on_the_courses_images(shared_data):
    output = run("fragments.py", str(shared_data / "fragments"), "250")
    percent = re.search(r"P = ([\d.]+) %", output)
    assert percent
    assert float(percent[1]) > 85.0
