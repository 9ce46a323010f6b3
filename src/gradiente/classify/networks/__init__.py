"""The networks, by name: each a function in TensorFlow 1's style from images to logits."""

from __future__ import annotations

from gradiente.classify.networks.by_name import NETWORKS as NETWORKS
from gradiente.classify.networks.by_name import Network as Network
from gradiente.classify.networks.by_name import find_network as find_network
from gradiente.classify.networks.cnn import cnn as cnn
from gradiente.classify.networks.cs231n import cs231n as cs231n
from gradiente.classify.networks.efficientnet_lite0 import efficientnet_lite0 as efficientnet_lite0
from gradiente.classify.networks.perceptron import perceptron as perceptron
from gradiente.classify.networks.resnet20 import resnet20 as resnet20
from gradiente.classify.networks.softmax import softmax as softmax
