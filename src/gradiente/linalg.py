"""Linear algebra (``tf.linalg``)."""

from __future__ import annotations

from gradiente.ops.elementwise import inv as inv
from gradiente.ops.matmul import matmul as matmul
from gradiente.ops.matmul import matvec as matvec
from gradiente.ops.reshape import transpose as transpose
