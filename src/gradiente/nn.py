"""Neural networks (``tf.nn``)."""

from __future__ import annotations

from gradiente.ops.nn_activation import crelu as crelu
from gradiente.ops.nn_activation import elu as elu
from gradiente.ops.nn_activation import leaky_relu as leaky_relu
from gradiente.ops.nn_activation import relu as relu
from gradiente.ops.nn_activation import relu6 as relu6
from gradiente.ops.nn_activation import selu as selu
from gradiente.ops.nn_activation import softplus as softplus
from gradiente.ops.nn_activation import softsign as softsign
from gradiente.ops.nn_cross_entropy import sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits
from gradiente.ops.nn_cross_entropy import softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits
from gradiente.ops.nn_cross_entropy import softmax_cross_entropy_with_logits_v2 as softmax_cross_entropy_with_logits_v2
from gradiente.ops.nn_cross_entropy import sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits
from gradiente.ops.nn_cross_entropy import weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits
from gradiente.ops.nn_softmax import log_softmax as log_softmax
from gradiente.ops.nn_softmax import softmax as softmax
from gradiente.ops.sigmoid import sigmoid as sigmoid
from gradiente.ops.sigmoid import tanh as tanh
