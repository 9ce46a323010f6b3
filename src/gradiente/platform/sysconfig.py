"""Where custom kernels find their headers and libraries (`tf.sysconfig`)."""

from __future__ import annotations

import os
from importlib.util import find_spec

CXX11_ABI_FLAG = 1
MONOLITHIC_BUILD = 1


def get_include() -> str:
    """Returns the folder of the XLA headers, with which a kernel in C++ is built."""
    return os.path.join(get_lib(), "include")


def get_lib() -> str:
    """Returns the folder of the XLA libraries."""
    spec = find_spec("jaxlib")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ModuleNotFoundError("tf.sysconfig: jaxlib is not installed.\n  Remedy: pip install gradiente")
    return next(iter(folders))


def get_compile_flags() -> list[str]:
    """Returns the flags with which a kernel in C++ is compiled."""
    return [f"-I{get_include()}", "-std=c++17"]


def get_link_flags() -> list[str]:
    """Returns the flags with which a kernel in C++ is linked: none, XLA finds its symbols itself."""
    return []
