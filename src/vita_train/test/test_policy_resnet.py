"""The backbone's arrangement for speed computes what its layers say one by one, gradients included."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from serving_support import randomized
from torch import Tensor, nn

from vita_train.policy.resnet import BasicBlock, FrozenBatchNorm2d, ResNet18, convolve


def layer_by_layer(net: ResNet18, x: Tensor) -> Tensor:
    """The published network as it is drawn: convolution, batch normalisation, ReLU."""
    x = F.max_pool2d(F.relu(net.bn1(net.conv1(x))), 3, 2, 1)
    for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
        for block in layer:
            assert isinstance(block, BasicBlock)
            shortcut = x
            if block.downsample is not None:
                for module in block.downsample:
                    shortcut = module(shortcut)
            x = F.relu(block.bn1(block.conv1(x)))
            x = F.relu(block.bn2(block.conv2(x)) + shortcut)
    return x.mean(dim=(2, 3))


def backbone() -> ResNet18:
    torch.manual_seed(0)
    net = randomized(ResNet18(), 1)
    assert isinstance(net, ResNet18)
    return net


def test_values_and_gradients_are_those_of_the_layers() -> None:
    net = backbone()
    x = torch.randn(2, 3, 40, 48)
    results = []
    for compute in (net, lambda images: layer_by_layer(net, images)):
        net.zero_grad(set_to_none=True)
        pixels = x.clone().requires_grad_()
        features = compute(pixels)
        features.square().sum().backward()
        gradients = {name: weight.grad for name, weight in net.named_parameters()}
        results.append({"features": features.detach(), "pixels": pixels.grad, **gradients})
    ours, expected = results
    assert all(weight.requires_grad for weight in net.parameters())
    for name, value in expected.items():
        assert value is not None
        torch.testing.assert_close(ours[name], value, rtol=1e-4, atol=5e-6 * float(value.abs().max()), msg=name)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1)])
def test_one_convolution_does_the_work_of_two_layers(stride: int, padding: int) -> None:
    conv = nn.Conv2d(3, 4, 3, stride, padding, bias=False)
    norm = FrozenBatchNorm2d(4)
    generator = torch.Generator().manual_seed(0)
    norm.load_state_dict({name: torch.rand(4, generator=generator) + 0.1 for name in norm.state_dict()})
    x = torch.randn(2, 3, 9, 7, generator=generator)
    torch.testing.assert_close(convolve(x, conv, norm), norm(conv(x)))


def test_activations_keep_the_half_precision_of_autocast() -> None:
    net = backbone()
    seen: list[torch.dtype] = []
    for layer in (net.layer1, net.layer4):
        layer.register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        net(torch.randn(1, 3, 32, 32))
    assert seen == [torch.bfloat16, torch.bfloat16]


def test_the_input_is_left_as_it_is() -> None:
    x = torch.randn(1, 3, 32, 32)
    before = x.clone()
    backbone()(x)
    assert torch.equal(x, before)
