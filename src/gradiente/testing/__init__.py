"""Tests of TensorFlow programs (`tf.test`)."""

from gradiente.testing.devices import gpu_device_name as gpu_device_name
from gradiente.testing.devices import is_built_with_cuda as is_built_with_cuda
from gradiente.testing.devices import is_built_with_xla as is_built_with_xla
from gradiente.testing.devices import is_gpu_available as is_gpu_available
from gradiente.testing.gradient_checker import compute_gradient as compute_gradient
from gradiente.testing.gradient_checker import compute_gradient_error as compute_gradient_error
from gradiente.testing.main import main as main
from gradiente.testing.test_case import TestCase as TestCase
from gradiente.testing.test_case import get_temp_dir as get_temp_dir
