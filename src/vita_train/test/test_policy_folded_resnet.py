from __future__ import annotations

import copy

import pytest
import torch
from serving_support import LIMIT, randomized, relative

from vita_train.policy.folded_resnet import FoldedResNet18, folded
from vita_train.policy.resnet import FrozenBatchNorm2d, ResNet18


def backbone(seed: int) -> ResNet18:
    torch.manual_seed(seed)
    net = randomized(ResNet18(), seed)
    assert isinstance(net, ResNet18)
    return net


@pytest.mark.parametrize(("count", "height", "width"), [(1, 32, 40), (3, 45, 37), (2, 1, 1)])
@torch.inference_mode()
def test_features_are_those_of_the_backbone(count: int, height: int, width: int) -> None:
    net = backbone(count)
    before = copy.deepcopy(net.state_dict())
    images = torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(0))
    expected = net(images)
    folded_net = FoldedResNet18(net)
    assert relative(folded_net(images), expected) <= LIMIT
    assert relative(folded_net(images.contiguous(memory_format=torch.channels_last)), expected) <= LIMIT
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_folding_loses_nothing_that_a_normalisation_can_do() -> None:
    generator = torch.Generator().manual_seed(0)
    conv, norm = torch.nn.Conv2d(3, 4, 3, 2, 1, bias=False), FrozenBatchNorm2d(4)
    # A channel that is switched off, one turned over, one that hardly varied, an ordinary one.
    norm.weight.copy_(torch.tensor([0.0, -1.3, 1.0, 0.7]))
    norm.running_var.copy_(torch.tensor([1.0, 2.0, 0.0, 0.3]))
    norm.bias.copy_(torch.tensor([0.5, -0.2, 0.1, 0.0]))
    norm.running_mean.copy_(torch.tensor([0.3, 0.1, 0.0, -0.4]))
    x = torch.randn(2, 3, 9, 7, generator=generator)
    with torch.inference_mode():
        expected, ours = norm(conv(x)), folded(conv, norm)(x)
        for channel in range(4):
            assert relative(ours[:, channel], expected[:, channel]) <= LIMIT
