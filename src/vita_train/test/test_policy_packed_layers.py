from __future__ import annotations

import policy_support  # noqa: F401 - one thread
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_support import LIMIT, relative
from torch import nn

from vita_train.policy.keypoint_net import KeypointNet
from vita_train.policy.packed_layers import PackedConv2d, PackedLinear, can_pack, pack_convolutions

CPU = torch.device("cpu")
packing = pytest.mark.skipif(not can_pack(CPU, torch.float32), reason="this build of torch has no oneDNN")


@packing
@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 20), st.integers(1, 40), st.sampled_from([1, 3, 7]), st.integers(1, 2), st.booleans(), st.booleans()
)
def test_it_is_the_convolution(
    channels_in: int, channels: int, kernel: int, stride: int, bias: bool, channels_last: bool
) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, bias=bias).requires_grad_(False)
    packed = PackedConv2d(conv, torch.Size((2, channels_in, 13, 11)))
    # The size it was packed for, then others.
    for shape in ((2, 13, 11), (1, 13, 11), (3, 8, 9)):
        x = torch.randn(shape[0], channels_in, *shape[1:])
        x = x.contiguous(memory_format=torch.channels_last) if channels_last else x
        before = x.clone()
        torch.testing.assert_close(packed(x), conv(x), rtol=LIMIT, atol=LIMIT)
        assert torch.equal(x, before)


@packing
@settings(deadline=None, max_examples=25)
@given(st.integers(1, 70), st.integers(1, 70))
def test_it_is_the_linear_layer(inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(inputs, outputs).requires_grad_(False), torch.randn(inputs)
    torch.testing.assert_close(PackedLinear(layer)(x), layer(x), rtol=LIMIT, atol=LIMIT)


@packing
def test_every_convolution_of_a_network_is_packed() -> None:
    torch.manual_seed(0)
    net, x = KeypointNet().requires_grad_(False), torch.randn(2, 3, 32, 40)
    expected = net(x)
    pack_convolutions(net, x)
    kinds = [type(module) for module in net.modules()]
    assert (kinds.count(PackedConv2d), kinds.count(nn.Conv2d)) == (4, 0)
    assert relative(net(x), expected) <= LIMIT


def test_packing_is_for_float32_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not can_pack(torch.device("cuda"), torch.float32)
    assert not can_pack(CPU, torch.bfloat16)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not can_pack(CPU, torch.float32)
