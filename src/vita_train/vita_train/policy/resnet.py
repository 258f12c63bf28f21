"""ResNet-18 (He et al. 2015) without its classifier, with batch normalisation that never changes.

Parameter names are those of torchvision's ResNet, so weights made for it load. What the layers compute is arranged for
speed: batch normalisation multiplies into the weights of the convolution before it (``convolve``), and pixels lie
channels last, the order that the convolutions of CPU and GPU like best. Almost nothing but convolutions is left, and
activations keep autocast's half precision.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FrozenBatchNorm2d(nn.Module):
    """Batch normalisation with fixed statistics and fixed scale: a robot's small batches would only disturb them."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """What each channel is multiplied by, and what is then added to it: [C] each."""
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        return scale, self.bias - self.running_mean * scale

    def forward(self, x: Tensor) -> Tensor:
        """[M, C, H, W] to the same shape."""
        scale, shift = self.scale_and_shift()
        return x * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)


def convolve(x: Tensor, conv: nn.Conv2d, norm: FrozenBatchNorm2d) -> Tensor:
    """``norm(conv(x))`` for a convolution without bias, as one convolution of scaled weights; differentiable."""
    scale, shift = norm.scale_and_shift()
    return F.conv2d(x, conv.weight * scale.view(-1, 1, 1, 1), shift, conv.stride, conv.padding)


class Shortcut(nn.Sequential):
    """A convolution and its batch normalisation."""

    def forward(self, x: Tensor) -> Tensor:
        """[M, channels_in, H, W] to [M, channels, H / stride, W / stride]."""
        conv, norm = self
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, FrozenBatchNorm2d)
        return convolve(x, conv, norm)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = FrozenBatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = FrozenBatchNorm2d(channels)
        self.downsample: Shortcut | None = None
        if stride != 1 or channels_in != channels:
            shortcut = nn.Conv2d(channels_in, channels, 1, stride, bias=False)
            self.downsample = Shortcut(shortcut, FrozenBatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """[M, channels_in, H, W] to [M, channels, H / stride, W / stride]."""
        shortcut = x if self.downsample is None else self.downsample(x)
        # In place: the gradient of a convolution does not need what it gave.
        out = convolve(x, self.conv1, self.bn1).relu_()
        return convolve(out, self.conv2, self.bn2).add_(shortcut).relu_()


class ResNet18(nn.Module):
    """Images to one feature vector each.

    Attributes:
        features: numbers given for one image.
    """

    features = 512

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = FrozenBatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256, 1))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, 2), BasicBlock(512, 512, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Float [M, 3, H, W] to features [M, 512], averaged over the image."""
        x = convolve(x.contiguous(memory_format=torch.channels_last), self.conv1, self.bn1)
        x = self.maxpool(self.relu(x))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean(dim=(2, 3))
