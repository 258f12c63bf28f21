from __future__ import annotations

import math

import policy_support  # noqa: F401 - one thread
import pytest
import torch
from torch import Tensor, nn

from vita_train.policy.config import FlowMatcherConfig, FlowNetConfig, VitaConfig
from vita_train.policy.flow_nets import build_flow_net
from vita_train.policy.mean_flow_net import MeanFlowNet, MeanFlowOut, integrate_mean

NAMES = [
    *(f"{part}_embed.{layer}.{kind}" for part in "th" for layer in (0, 2) for kind in ("weight", "bias")),
    *(f"input_proj.{kind}" for kind in ("weight", "bias")),
    *(f"layers.{block}.{layer}.{kind}" for block in (0, 1) for layer in (0, 3) for kind in ("weight", "bias")),
    *(f"{part}_head.{kind}" for part in "uv" for kind in ("weight", "bias")),
]


def alive(seed: int = 0, dim: int = 6, hidden: int = 10) -> MeanFlowNet:
    """A network whose heads and biases are not 0, in double precision."""
    torch.manual_seed(seed)
    net = MeanFlowNet(dim, hidden, 2, 2.0).double()
    for name, weight in net.named_parameters():
        if "head" in name or name.endswith("bias"):
            nn.init.normal_(weight, std=0.3)
    return net


class Decay(nn.Module):
    """dz/dt = rate z, whose mean velocity is known: u = z (1 - exp(-rate h)) / h."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor, t: Tensor, h: Tensor) -> MeanFlowOut:
        # The series of (1 - exp(-y)) / y: no 0 / 0 where the interval has no length.
        y = -self.rate * h
        share = sum((y**k / math.factorial(k + 1) for k in range(1, 18)), torch.ones_like(y))
        u = self.rate * share[:, None] * x
        return MeanFlowOut(u, self.rate * x + 0 * t[:, None], x[:, None])


def test_size_and_names_of_the_default_network() -> None:
    matcher, net_config = FlowMatcherConfig("improved_mean"), FlowNetConfig("simple_mean_flow_net")
    config = VitaConfig(("camera",), state_dim=7, action_dim=7, flow_matcher=matcher, flow_net=net_config)
    with torch.device("meta"):
        net = build_flow_net(config)
    assert sum(weight.numel() for weight in net.parameters() if weight.requires_grad) == 9_714_176
    assert list(alive().state_dict()) == NAMES


def test_it_starts_without_motion_and_with_a_state_that_knows_the_time() -> None:
    torch.manual_seed(0)
    net, x = MeanFlowNet(6, 10, 2, 2.0), torch.randn(3, 6)
    early, late = (net(x, torch.full((3,), t), torch.full((3,), 0.1)) for t in (0.2, 0.9))
    assert not early.u.any()
    assert not early.v.any()
    assert early.features.shape == (3, 2, 10)
    assert not torch.equal(early.features, late.features)
    assert all(not weight.any() for name, weight in net.named_parameters() if name.endswith("bias"))


def test_it_is_its_definition() -> None:
    net, generator = alive(), torch.Generator().manual_seed(0)
    x, t, h = torch.randn(4, 6, generator=generator).double(), torch.rand(4).double(), torch.rand(4).double()
    w = dict(net.named_parameters())

    def linear(name: str, x: Tensor) -> Tensor:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def silu(x: Tensor) -> Tensor:
        return x / (1 + torch.exp(-x))

    c = sum(linear(f"{name}.2", silu(linear(f"{name}.0", value[:, None]))) for name, value in
            (("t_embed", t), ("h_embed", h)))  # fmt: skip
    hidden = linear("input_proj", x)
    states = []
    for block in range(2):
        hidden = hidden + linear(f"layers.{block}.3", silu(linear(f"layers.{block}.0", hidden + c)))
        states.append(hidden)
    out = net(x, t, h)
    torch.testing.assert_close(out.u, linear("u_head", hidden))
    torch.testing.assert_close(out.v, linear("v_head", hidden))
    torch.testing.assert_close(out.features, torch.stack(states, dim=1))


def test_one_shared_time_equals_one_for_each_sample() -> None:
    net, x = alive(), torch.randn(5, 6).double()
    shared, each = (torch.full((size,), 0.3).double() for size in (1, 5))
    torch.testing.assert_close(net(x, shared, shared).u, net(x, each, each).u)


def test_half_precision_tells_neighbouring_times_apart() -> None:
    net = alive().float()
    with torch.autocast("cpu", torch.bfloat16):
        one, other = (net.condition(torch.tensor([t]), torch.zeros(1)) for t in (0.9, 0.9002))
    assert one.dtype == torch.float32
    assert not torch.equal(one, other)


def test_dropout_only_while_training() -> None:
    torch.manual_seed(0)
    net, x, t = MeanFlowNet(6, 10, 2, 2.0, dropout=0.5), torch.randn(3, 6), torch.full((3,), 0.5)
    assert not torch.equal(net(x, t, t).features, net(x, t, t).features)
    net.eval()
    assert torch.equal(net(x, t, t).features, net(x, t, t).features)


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_mean_velocities_lead_where_the_flow_leads_in_any_number_of_steps(steps: int) -> None:
    x = torch.tensor([[1.0, -2.0]])
    out = integrate_mean(Decay(0.8), x, steps)  # type: ignore[arg-type]
    torch.testing.assert_close(out, x * math.exp(-0.8))


def test_gradient_flows_through_all_intervals() -> None:
    net, x = alive().float(), torch.randn(3, 6).requires_grad_()
    integrate_mean(net, x, 3).square().sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    idle = {name.split(".")[0] for name, weight in net.named_parameters() if weight.grad is None}
    assert idle == {"v_head"}
