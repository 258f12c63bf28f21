"""ResNet-18 for serving: the same function with batch normalisation inside the convolutions.

Statistics and scale of a frozen batch normalisation are constants, so they multiply into the weights before it
and become its bias. What is left is convolutions, additions and ReLU, which overwrite their input where they can.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vita_train.policy.resnet import BasicBlock, FrozenBatchNorm2d, ResNet18


class FoldedBlock(nn.Module):
    """A ``BasicBlock`` without batch normalisation."""

    def __init__(self, block: BasicBlock) -> None:
        super().__init__()
        self.conv1 = folded(block.conv1, block.bn1)
        self.conv2 = folded(block.conv2, block.bn2)
        self.downsample: nn.Conv2d | None = None
        if block.downsample is not None:
            shortcut, norm = block.downsample
            assert isinstance(shortcut, nn.Conv2d)
            assert isinstance(norm, FrozenBatchNorm2d)
            self.downsample = folded(shortcut, norm)

    def forward(self, x: Tensor) -> Tensor:
        """See ``BasicBlock``; ``x`` is left as it is."""
        shortcut = x if self.downsample is None else self.downsample(x)
        out: Tensor = self.conv2(self.conv1(x).relu_())
        return out.add_(shortcut).relu_()


class FoldedResNet18(nn.Module):
    """What a ``ResNet18`` computes, faster and without gradients.

    Attributes:
        features: numbers given for one image.
    """

    features = ResNet18.features

    def __init__(self, backbone: ResNet18) -> None:
        """Copies the weights of a backbone, which stays as it is."""
        super().__init__()
        self.stem = folded(backbone.conv1, backbone.bn1)
        blocks = [block for layer in _layers(backbone) for block in layer]
        self.blocks = nn.Sequential(*(FoldedBlock(block) for block in blocks if isinstance(block, BasicBlock)))

    def forward(self, x: Tensor) -> Tensor:
        """Float [M, 3, H, W], best in channels_last order, to features [M, 512]."""
        # The largest of four is the same before and after ReLU, which has a quarter of the work after.
        x = F.max_pool2d(self.stem(x), 3, 2, 1).relu_()
        features: Tensor = self.blocks(x)
        return features.mean(dim=(2, 3))


@torch.no_grad()
def folded(conv: nn.Conv2d, norm: FrozenBatchNorm2d) -> nn.Conv2d:
    """One convolution that does what ``conv`` and then ``norm`` do; weights in channels_last order."""
    # In double precision, so that the product is rounded once.
    scale = norm.weight.double() * (norm.running_var.double() + norm.eps).rsqrt()
    weight = conv.weight.double() * scale.view(-1, 1, 1, 1)
    bias = norm.bias.double() - norm.running_mean.double() * scale
    with torch.device("meta"):
        result = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding)  # type: ignore[arg-type]
    result.weight = nn.Parameter(weight.float().contiguous(memory_format=torch.channels_last), requires_grad=False)
    result.bias = nn.Parameter(bias.float(), requires_grad=False)
    return result


def _layers(backbone: ResNet18) -> tuple[nn.Sequential, ...]:
    return backbone.layer1, backbone.layer2, backbone.layer3, backbone.layer4
