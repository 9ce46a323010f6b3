"""Build the experts' network and take one training step: what a user waits for.

python first_step.py gradiente|tensorflow|torch|flax
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from worker import training_step

training_step(sys.argv[1], "experts", "run", 50)(1)
