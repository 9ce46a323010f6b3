"""Neural networks (``tf.nn``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.nn_activation import crelu as crelu
from gradiente.ops.nn_activation import elu as elu
from gradiente.ops.nn_activation import leaky_relu as leaky_relu
from gradiente.ops.nn_activation import relu as relu
from gradiente.ops.nn_activation import relu6 as relu6
from gradiente.ops.nn_activation import selu as selu
from gradiente.ops.nn_activation import softplus as softplus
from gradiente.ops.nn_activation import softsign as softsign
from gradiente.ops.nn_activation import swish as swish
from gradiente.ops.nn_batch_norm import fused_batch_norm as fused_batch_norm
from gradiente.ops.nn_bias import bias_add as bias_add
from gradiente.ops.nn_bias import relu_layer as relu_layer
from gradiente.ops.nn_bias import xw_plus_b as xw_plus_b
from gradiente.ops.nn_candidates import log_uniform_candidate_sampler as log_uniform_candidate_sampler
from gradiente.ops.nn_candidates import uniform_candidate_sampler as uniform_candidate_sampler
from gradiente.ops.nn_convolutions import atrous_conv2d as atrous_conv2d
from gradiente.ops.nn_convolutions import atrous_conv2d_transpose as atrous_conv2d_transpose
from gradiente.ops.nn_convolutions import conv2d as conv2d
from gradiente.ops.nn_convolutions import conv2d_backprop_filter as conv2d_backprop_filter
from gradiente.ops.nn_convolutions import conv2d_backprop_input as conv2d_backprop_input
from gradiente.ops.nn_convolutions import conv2d_transpose as conv2d_transpose
from gradiente.ops.nn_convolutions import depthwise_conv2d as depthwise_conv2d
from gradiente.ops.nn_convolutions import depthwise_conv2d_native as depthwise_conv2d_native
from gradiente.ops.nn_convolutions import separable_conv2d as separable_conv2d
from gradiente.ops.nn_convolutions_nd import conv1d as conv1d
from gradiente.ops.nn_convolutions_nd import conv1d_transpose as conv1d_transpose
from gradiente.ops.nn_convolutions_nd import conv3d as conv3d
from gradiente.ops.nn_convolutions_nd import conv3d_backprop_filter_v2 as conv3d_backprop_filter_v2
from gradiente.ops.nn_convolutions_nd import conv3d_transpose as conv3d_transpose
from gradiente.ops.nn_convolutions_nd import convolution as convolution
from gradiente.ops.nn_cross_entropy import (
    sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits,
)
from gradiente.ops.nn_cross_entropy import (
    softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits,
)
from gradiente.ops.nn_cross_entropy import (
    softmax_cross_entropy_with_logits_v2 as softmax_cross_entropy_with_logits_v2,
)
from gradiente.ops.nn_cross_entropy import (
    sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits,
)
from gradiente.ops.nn_cross_entropy import (
    weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits,
)
from gradiente.ops.nn_dropout import dropout as dropout
from gradiente.ops.nn_embedding import embedding_lookup as embedding_lookup
from gradiente.ops.nn_lrn import local_response_normalization as local_response_normalization
from gradiente.ops.nn_lrn import lrn as lrn
from gradiente.ops.nn_norm import batch_norm_with_global_normalization as batch_norm_with_global_normalization
from gradiente.ops.nn_norm import batch_normalization as batch_normalization
from gradiente.ops.nn_norm import l2_loss as l2_loss
from gradiente.ops.nn_norm import l2_normalize as l2_normalize
from gradiente.ops.nn_norm import log_poisson_loss as log_poisson_loss
from gradiente.ops.nn_norm import moments as moments
from gradiente.ops.nn_norm import normalize_moments as normalize_moments
from gradiente.ops.nn_norm import sufficient_statistics as sufficient_statistics
from gradiente.ops.nn_norm import weighted_moments as weighted_moments
from gradiente.ops.nn_norm import zero_fraction as zero_fraction
from gradiente.ops.nn_pooling import avg_pool as avg_pool
from gradiente.ops.nn_pooling import avg_pool1d as avg_pool1d
from gradiente.ops.nn_pooling import avg_pool3d as avg_pool3d
from gradiente.ops.nn_pooling import max_pool as max_pool
from gradiente.ops.nn_pooling import max_pool1d as max_pool1d
from gradiente.ops.nn_pooling import max_pool3d as max_pool3d
from gradiente.ops.nn_pooling import max_pool_with_argmax as max_pool_with_argmax
from gradiente.ops.nn_pooling import pool as pool
from gradiente.ops.nn_sampling import nce_loss as nce_loss
from gradiente.ops.nn_sampling import sampled_softmax_loss as sampled_softmax_loss
from gradiente.ops.nn_softmax import log_softmax as log_softmax
from gradiente.ops.nn_softmax import softmax as softmax
from gradiente.ops.sigmoid import sigmoid as sigmoid
from gradiente.ops.sigmoid import tanh as tanh
from gradiente.ops.space import depth_to_space as depth_to_space
from gradiente.ops.space import space_to_batch as space_to_batch
from gradiente.ops.space import space_to_depth as space_to_depth
from gradiente.ops.topk import in_top_k as in_top_k
from gradiente.ops.topk import top_k as top_k

__getattr__ = _missing_in("nn")
