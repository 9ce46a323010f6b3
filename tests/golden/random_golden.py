"""The values of ``random.npz``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

GOLDEN = dict(np.load(Path(__file__).parent / "random.npz"))
