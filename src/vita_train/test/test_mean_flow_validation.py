"""What is looked at while training, of a policy whose flow goes by whole intervals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from policy_support import CAMERAS, STATE, tiny_batch, tiny_policy

from vita_train.policy.config import FlowMatcherConfig, FlowNetConfig
from vita_train.validation_examples import decode, decoded_flow


@pytest.mark.parametrize("steps", [1, 3])
@torch.inference_mode()
def test_the_latents_of_all_intervals_are_decoded(steps: int) -> None:
    policy = tiny_policy(
        image_keys=CAMERAS[:1],
        observer="small",
        flow_matcher=FlowMatcherConfig("mean", num_sampling_steps=steps),
        flow_net=FlowNetConfig("simple_mean_flow_net", 32, 2, 2.0),
    ).eval()
    torch.nn.init.normal_(policy.get_parameter("flow_net.u_head.weight"), std=0.3)
    batch = tiny_batch()
    flow = decoded_flow(policy, batch)
    assert flow.shape == (4, steps + 1, 8, 2)
    z_obs = policy.encode_observation(batch, batch[STATE])
    np.testing.assert_allclose(flow[:, 0], decode(policy, z_obs), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(flow[:, -1], policy.predict(batch, batch[STATE]), rtol=1e-5, atol=1e-6)
