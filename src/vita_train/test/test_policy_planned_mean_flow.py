from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_support import CAMERAS, tiny_observation, tiny_spec, tiny_stats
from serving_support import LIMIT, random_observation, random_policy, relative
from test_policy_mean_flow_net import alive

from vita_train.policy.checkpoint import save_checkpoint
from vita_train.policy.config import FlowMatcherConfig, FlowNetConfig
from vita_train.policy.inference import load_policy
from vita_train.policy.mean_flow_net import integrate_mean
from vita_train.policy.planned_mean_flow import PlannedMeanFlow
from vita_train.policy.serving import ServingPolicy
from vita_train.policy.vita import VitaPolicy

CPU = torch.device("cpu")


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(2, 40), st.integers(0, 99))
def test_it_is_the_integration(steps: int, latent: int, hidden: int, seed: int) -> None:
    net = alive(seed, latent, hidden).float()
    x = torch.randn(1, latent, generator=torch.Generator().manual_seed(seed))
    planned = PlannedMeanFlow(net, steps)
    with torch.inference_mode():
        expected = integrate_mean(net, x, steps)[0]
        torch.testing.assert_close(planned(x[0]), expected, rtol=1e-6, atol=1e-6 * float(1 + expected.abs().max()))


def test_it_needs_the_network_no_longer() -> None:
    net = alive(dim=16, hidden=32).float()
    planned, x = PlannedMeanFlow(net, 2), torch.ones(16)
    before = planned(x)
    with torch.no_grad():
        for weight in net.parameters():
            weight.fill_(7.0)
    assert torch.equal(planned(x), before)
    assert not before.requires_grad


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_near_and_adds_up_in_float32(dtype: torch.dtype) -> None:
    net, x = alive(dim=64, hidden=64).float(), torch.randn(64, generator=torch.Generator().manual_seed(0))
    half, whole = PlannedMeanFlow(net, 3, dtype)(x), PlannedMeanFlow(net, 3)(x)
    assert 0 < relative(half, whole) < 0.05


def policy(name: str) -> VitaPolicy:
    net = FlowNetConfig("simple_mean_flow_net", 32, 2, 2.0)
    made = random_policy(observer="small", flow_matcher=FlowMatcherConfig(name, num_sampling_steps=2), flow_net=net)
    generator = torch.Generator().manual_seed(1)
    torch.nn.init.normal_(made.get_parameter("flow_net.u_head.weight"), std=0.3, generator=generator)
    return made


@pytest.mark.parametrize("name", ["mean", "improved_mean"])
@torch.inference_mode()
def test_a_policy_is_served_this_way(name: str) -> None:
    trained, serving = policy(name), ServingPolicy(policy(name), CPU)
    observation = random_observation(dict.fromkeys(CAMERAS, (32, 40)))
    assert relative(serving.predict(*observation), trained.predict(*observation)) <= LIMIT


def test_a_checkpoint_of_one_is_served(tmp_path: Path) -> None:
    trained = policy("mean")
    save_checkpoint(tmp_path / "step_0000000001", trained, tiny_spec(), tiny_stats(), step=1)
    observation = tiny_observation()
    images = {key: torch.from_numpy(image[None, None]) for key, image in observation.images.items()}
    with torch.inference_mode():
        expected = trained.predict(images, torch.from_numpy(observation.state[None, None]))[0].numpy()
    actions = load_policy(tmp_path).predict_chunk(observation).actions
    assert np.abs(actions - expected).max() <= LIMIT * np.abs(expected).max()
