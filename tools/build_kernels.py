"""The build's own step: compile the CPU kernels with CMake and put them into the package.

Hatchling calls it for wheels and for editable installs. The package works without the kernels, so a machine without a C++
compiler gets a pure package, and a warning that says what it lacks.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = "gradiente_kernels.so"
PLACE = Path("src", "gradiente", "kernels")

LOST = (
    "gradiente's CPU kernels could not be built: {reason}. The package is complete without them, but convolution and "
    "pooling on the CPU take several times longer. Install a C++ compiler (g++ or clang++) and install gradiente again."
)


def compile_kernels(root: Path, prefix: Path) -> str | None:
    """Compile the library and put it into ``prefix``; the reason why not, where that fails."""
    cmake = shutil.which("cmake")
    if cmake is None:
        return "CMake is missing"
    build = root / "build" / "package"
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    if (build / "CMakeCache.txt").is_file():
        # An earlier build may have used a CMake or a Ninja of an environment that is gone.
        (build / "CMakeCache.txt").unlink()
    options: list[str] = []
    if sys.platform == "darwin":
        options.append(f"-DCMAKE_OSX_ARCHITECTURES={_macos_architecture()}")
    for command in (
        [cmake, "-S", str(root), "-B", str(build), *generator, *options],
        [cmake, "--build", str(build), "--config", "Release", "--parallel"],
        [cmake, "--install", str(build), "--prefix", str(prefix), "--config", "Release"],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.stderr.write(done.stdout)
            return f"`{' '.join(command[:2])}` failed; its output is above"
    return None if (prefix / LIBRARY).is_file() else "there is no C++ compiler"


def _macos_architecture() -> str:
    """The one that ARCHFLAGS names (``-arch arm64``, as cibuildwheel sets it), or the machine's."""
    flags = os.environ.get("ARCHFLAGS", "").split()
    return flags[flags.index("-arch") + 1] if "-arch" in flags else platform.machine()


def wheel_tag() -> str:
    """The library is no Python extension: one wheel serves every Python 3 on a platform."""
    name = sysconfig.get_platform()
    if sys.platform == "darwin":
        name = f"macosx-11.0-{_macos_architecture()}"
    return f"py3-none-{name.replace('-', '_').replace('.', '_')}"


class KernelsHook(BuildHookInterface[Any]):
    """Hatchling's build hook."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        # An editable install runs from the source tree, so the library goes there.
        prefix = root / PLACE if version == "editable" else root / "build" / "wheel"
        (prefix / LIBRARY).unlink(missing_ok=True)
        reason = compile_kernels(root, prefix)
        if reason is not None:
            self.app.display_warning(LOST.format(reason=reason))
            return
        build_data["pure_python"] = False
        build_data["tag"] = wheel_tag()
        if version != "editable":
            build_data["force_include"][str(prefix / LIBRARY)] = f"gradiente/kernels/{LIBRARY}"
