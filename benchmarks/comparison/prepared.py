"""The policies made ready to serve, the plain ones by the same means as VITA's, so that their costs can be compared.

VITA as the product serves it, ``ServingPolicy``: packed layers, and all that depends on time alone computed once. A
flow under a condition leaves less to compute once: its blocks follow the observation too, at every step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.comparison.noise_flow import ConditionedFlowNet, NoiseFlowPolicy
from benchmarks.comparison.regression import RegressionPolicy
from vita_train.policy.flow import FlowBlock, euler_times
from vita_train.policy.serving import ServingPolicy
from vita_train.policy.vector_layers import VectorLayer, vector_layer
from vita_train.policy.vita import VitaPolicy

CPU = torch.device("cpu")


def prepare(policy: VitaPolicy) -> ServingPolicy:
    """Any variant made ready; the policy given stays as it is."""
    own = copy.deepcopy(policy)
    if isinstance(own, NoiseFlowPolicy):
        return _Prepared(own, PreparedNoiseFlow(own.velocity_net, own.config.flow_matcher.num_sampling_steps))
    if isinstance(own, RegressionPolicy):
        return _Prepared(own, own.flow)
    return ServingPolicy(own, CPU)


class _Prepared(ServingPolicy):
    """A plain policy: VITA's preparation, but for what leads from the vision latent to what is decoded."""

    def __init__(self, policy: VitaPolicy, flow: Callable[[Tensor], Tensor]) -> None:
        # Something with all of VITA's parts; those that the plain policies lack are never asked.
        whole = VitaPolicy(policy.config)
        whole.load_state_dict(policy.state_dict(), strict=False)
        whole.action_decoder = policy.action_decoder
        super().__init__(whole, CPU)
        self._plain_flow = flow

    def flow(self, z_obs: Tensor) -> Tensor:
        """From the vision latent [1, Z] to what the decoder takes."""
        return self._plain_flow(z_obs)


class PreparedNoiseFlow:
    """``NoiseFlowPolicy.flow`` for one sample."""

    @torch.no_grad()
    def __init__(self, net: ConditionedFlowNet, steps: int) -> None:
        """Prepares ``steps`` Euler steps over a network, which stays as it is."""
        self._size = net.out_proj.out_features
        self._times = net.time_embed(euler_times(steps, CPU))
        self._condition_proj = _layer(net.condition_proj)
        self._input_proj, self._out_proj = _layer(net.input_proj), _layer(net.out_proj)
        self._blocks = [
            (_layer(block.time_modulator[1]), _layer(block.mlp.fc1), _layer(block.mlp.fc2))
            for block in net.layers
            if isinstance(block, FlowBlock)
        ]
        self._norm = net.norm

    def __call__(self, z_obs: Tensor) -> Tensor:
        """Vision latent [1, Z] to the flat normalised chunk [1, T A]."""
        condition = self._condition_proj(z_obs[0])
        x = torch.randn(self._size)
        for time in self._times:
            follows = F.silu(time + condition)
            h = self._input_proj(x)
            for modulator, fc1, fc2 in self._blocks:
                gate, scale, shift = modulator(follows).chunk(3)
                y = F.layer_norm(h, h.shape, 1 + scale, shift, eps=1e-6)
                h = torch.addcmul(h, gate, fc2(F.gelu(fc1(y), approximate="tanh")))
            x = torch.add(x, self._out_proj(self._norm(h)), alpha=1 / len(self._times))
        return x[None]


def _layer(module: nn.Module) -> VectorLayer:
    assert isinstance(module, nn.Linear)
    return vector_layer(module, torch.float32)
