"""Training: optimizers, schedules, checkpoints, threads that read data (``tf.train``)."""

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.formats.example import BytesList as BytesList
from gradiente.formats.example import Example as Example
from gradiente.formats.example import Feature as Feature
from gradiente.formats.example import FeatureList as FeatureList
from gradiente.formats.example import FeatureLists as FeatureLists
from gradiente.formats.example import Features as Features
from gradiente.formats.example import FloatList as FloatList
from gradiente.formats.example import Int64List as Int64List
from gradiente.formats.example import SequenceExample as SequenceExample
from gradiente.graph.graph_def import write_graph as write_graph
from gradiente.train.adadelta import AdadeltaOptimizer as AdadeltaOptimizer
from gradiente.train.adagrad import AdagradDAOptimizer as AdagradDAOptimizer
from gradiente.train.adagrad import AdagradOptimizer as AdagradOptimizer
from gradiente.train.adam import AdamOptimizer as AdamOptimizer
from gradiente.train.checkpoint_state import checkpoint_exists as checkpoint_exists
from gradiente.train.checkpoint_state import (
    generate_checkpoint_state_proto as generate_checkpoint_state_proto,
)
from gradiente.train.checkpoint_state import get_checkpoint_mtimes as get_checkpoint_mtimes
from gradiente.train.checkpoint_state import get_checkpoint_state as get_checkpoint_state
from gradiente.train.checkpoint_state import latest_checkpoint as latest_checkpoint
from gradiente.train.checkpoint_state import remove_checkpoint as remove_checkpoint
from gradiente.train.checkpoint_state import update_checkpoint_state as update_checkpoint_state
from gradiente.train.checkpoint_utils import NewCheckpointReader as NewCheckpointReader
from gradiente.train.checkpoint_utils import init_from_checkpoint as init_from_checkpoint
from gradiente.train.checkpoint_utils import list_variables as list_variables
from gradiente.train.checkpoint_utils import load_checkpoint as load_checkpoint
from gradiente.train.checkpoint_utils import load_variable as load_variable
from gradiente.train.coordinator import Coordinator as Coordinator
from gradiente.train.coordinator import LooperThread as LooperThread
from gradiente.train.ftrl import FtrlOptimizer as FtrlOptimizer
from gradiente.train.gradient_descent import GradientDescentOptimizer as GradientDescentOptimizer
from gradiente.train.input import input_producer as input_producer
from gradiente.train.input import limit_epochs as limit_epochs
from gradiente.train.input import match_filenames_once as match_filenames_once
from gradiente.train.input import range_input_producer as range_input_producer
from gradiente.train.input import slice_input_producer as slice_input_producer
from gradiente.train.input import string_input_producer as string_input_producer
from gradiente.train.input_batches import batch as batch
from gradiente.train.input_batches import batch_join as batch_join
from gradiente.train.input_batches import maybe_batch as maybe_batch
from gradiente.train.input_batches import maybe_batch_join as maybe_batch_join
from gradiente.train.input_batches import maybe_shuffle_batch as maybe_shuffle_batch
from gradiente.train.input_batches import maybe_shuffle_batch_join as maybe_shuffle_batch_join
from gradiente.train.input_batches import shuffle_batch as shuffle_batch
from gradiente.train.input_batches import shuffle_batch_join as shuffle_batch_join
from gradiente.train.learning_rate_decay import cosine_decay as cosine_decay
from gradiente.train.learning_rate_decay import cosine_decay_restarts as cosine_decay_restarts
from gradiente.train.learning_rate_decay import exponential_decay as exponential_decay
from gradiente.train.learning_rate_decay import inverse_time_decay as inverse_time_decay
from gradiente.train.learning_rate_decay import linear_cosine_decay as linear_cosine_decay
from gradiente.train.learning_rate_decay import natural_exp_decay as natural_exp_decay
from gradiente.train.learning_rate_decay import noisy_linear_cosine_decay as noisy_linear_cosine_decay
from gradiente.train.learning_rate_decay import piecewise_constant as piecewise_constant
from gradiente.train.learning_rate_decay import polynomial_decay as polynomial_decay
from gradiente.train.momentum import MomentumOptimizer as MomentumOptimizer
from gradiente.train.moving_averages import ExponentialMovingAverage as ExponentialMovingAverage
from gradiente.train.optimizer import Optimizer as Optimizer
from gradiente.train.proximal import ProximalAdagradOptimizer as ProximalAdagradOptimizer
from gradiente.train.proximal import ProximalGradientDescentOptimizer as ProximalGradientDescentOptimizer
from gradiente.train.queue_runner import QueueRunner as QueueRunner
from gradiente.train.queue_runner import add_queue_runner as add_queue_runner
from gradiente.train.queue_runner import start_queue_runners as start_queue_runners
from gradiente.train.rmsprop import RMSPropOptimizer as RMSPropOptimizer
from gradiente.train.saver import Saver as Saver
from gradiente.train.saver import export_meta_graph as export_meta_graph
from gradiente.train.saver import import_meta_graph as import_meta_graph
from gradiente.train.summary_io import SummaryWriter as SummaryWriter
from gradiente.train.summary_io import summary_iterator as summary_iterator
from gradiente.train.sync_replicas import SyncReplicasOptimizer as SyncReplicasOptimizer
from gradiente.train.training_util import assert_global_step as assert_global_step
from gradiente.train.training_util import create_global_step as create_global_step
from gradiente.train.training_util import get_global_step as get_global_step
from gradiente.train.training_util import get_or_create_global_step as get_or_create_global_step
from gradiente.train.training_util import global_step as global_step

__getattr__ = _missing_in("train")
