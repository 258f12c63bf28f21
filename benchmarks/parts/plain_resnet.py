"""ResNet-18 computed layer by layer, as the published code does: the other side of comparisons."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vita_train.policy.resnet import BasicBlock, ResNet18


class PlainResNet18(nn.Module):
    """The weights of a backbone, pixels in NCHW order, batch normalisation and ReLU each a pass of their own."""

    features = ResNet18.features

    def __init__(self, backbone: ResNet18) -> None:
        """Shares the weights of ``backbone``."""
        super().__init__()
        self.net = backbone

    def forward(self, x: Tensor) -> Tensor:
        """Float [M, 3, H, W] to features [M, 512]."""
        net = self.net
        x = F.max_pool2d(F.relu(net.bn1(net.conv1(x.contiguous()))), 3, 2, 1)
        for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
            for block in layer:
                assert isinstance(block, BasicBlock)
                x = _block(block, x)
        return x.mean(dim=(2, 3))


def _block(block: BasicBlock, x: Tensor) -> Tensor:
    shortcut = x
    if block.downsample is not None:
        for module in block.downsample:
            shortcut = module(shortcut)
    out = F.relu(block.bn1(block.conv1(x)))
    return F.relu(block.bn2(block.conv2(out)) + shortcut)
