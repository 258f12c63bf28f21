from __future__ import annotations

from typing import Any

import pytest
import torch
from policy_support import ACTION, CAMERAS, STATE, tiny_batch, tiny_policy

from vita_train.policy.config import FlowMatcherConfig, VitaConfig
from vita_train.policy.vita import VitaPolicy

LOSSES = {"loss", "flow_loss", "consistency_loss", "flow_action_recon_loss", "enc_action_recon_loss"}


@pytest.mark.parametrize(
    ("cameras", "dim", "count"),
    [(1, 7, 30_934_320), (2, 7, 31_196_464), (3, 7, 31_458_608), (3, 16, 31_560_128), (1, 21, 31_092_240)],
)
def test_parameter_counts(cameras: int, dim: int, count: int) -> None:
    keys = tuple(f"camera{i}" for i in range(cameras))
    with torch.device("meta"):
        policy = VitaPolicy(VitaConfig(image_keys=keys, state_dim=dim, action_dim=dim))
    assert sum(weight.numel() for weight in policy.parameters()) == count


def test_same_observation_gives_the_same_actions() -> None:
    policy, batch = tiny_policy().eval(), tiny_batch()
    with torch.inference_mode():
        first, second = (policy.predict(batch, batch[STATE]) for _ in range(2))
    assert first.shape == (4, 8, 2)
    assert torch.equal(first, second)


def test_loss_follows_the_generator() -> None:
    policy, batch = tiny_policy().train(), tiny_batch()

    def loss(seed: int) -> float:
        return policy.compute_loss(batch, torch.Generator().manual_seed(seed))["loss"].item()

    assert loss(1) == loss(1)
    assert loss(1) != loss(2)


def test_evaluation_loss_at_given_times_is_fixed() -> None:
    policy, batch = tiny_policy().eval(), tiny_batch()
    times = torch.linspace(0, 1, 4)
    first, second = (policy.compute_loss(batch, times=times) for _ in range(2))
    assert first.keys() == LOSSES
    assert all(torch.equal(first[name], second[name]) for name in LOSSES)


def test_padded_actions_do_not_reach_the_reconstruction() -> None:
    def losses(mask_padding: bool, wild: bool) -> dict[str, torch.Tensor]:
        policy, batch = tiny_policy(observer="small", mask_padding=mask_padding).eval(), tiny_batch()
        batch["action_is_pad"][:, 5:] = True
        # The encoder sees the padded chunk; without its weights only the reconstruction targets change.
        for weight in policy.action_encoder.parameters():
            weight.data.zero_()
        if wild:
            batch[ACTION][:, 5:] = 50.0
        return policy.compute_loss(batch, times=torch.full((4,), 0.5))

    masked, masked_wild, plain, plain_wild = (losses(mask, wild) for mask in (True, False) for wild in (False, True))
    for name in LOSSES:
        assert torch.equal(masked[name], masked_wild[name])
    name = "flow_action_recon_loss"
    assert not torch.equal(plain[name], plain_wild[name])


def test_half_precision_keeps_latents_and_losses_in_float32() -> None:
    policy, batch = tiny_policy().eval(), tiny_batch()
    times = torch.linspace(0, 1, 4)
    with torch.autocast("cpu", torch.bfloat16):
        z_obs = policy.encode_observation(batch, batch[STATE])
        assert z_obs.dtype == policy.flow(z_obs).dtype == policy.predict(batch, batch[STATE]).dtype == torch.float32
        half = policy.compute_loss(batch, times=times)
    whole = policy.compute_loss(batch, times=times)
    for name in LOSSES:
        assert half[name].dtype == torch.float32
        torch.testing.assert_close(half[name], whole[name], rtol=0.05, atol=0.05)


def test_gradient_reaches_every_weight() -> None:
    policy = tiny_policy().train()
    for name, weight in policy.named_parameters():
        if "time_modulator" in name:
            torch.nn.init.normal_(weight, std=0.1)
    policy.compute_loss(tiny_batch(), torch.Generator().manual_seed(0))["loss"].backward()  # type: ignore[no-untyped-call]
    idle = [name for name, weight in policy.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


@pytest.mark.parametrize(
    "changes",
    [
        {"flow_matcher": FlowMatcherConfig("exact", 0.0, 3)},
        {"flow_matcher": FlowMatcherConfig("conditional", 0.1, 3)},
        {"enc_contrastive_weight": 0.1, "flow_contrastive_weight": 0.1},
    ],
)
def test_other_settings_change_the_loss(changes: dict[str, Any]) -> None:
    batch = tiny_batch()

    def loss(policy: VitaPolicy) -> torch.Tensor:
        return policy.eval().compute_loss(batch, torch.Generator().manual_seed(0), torch.full((4,), 0.5))["loss"]

    changed = loss(tiny_policy(observer="small", **changes))
    assert torch.isfinite(changed)
    assert changed != loss(tiny_policy(observer="small"))


def test_one_small_batch_is_learnt_by_heart() -> None:
    # With eleven million weights of ResNet-18 it would take much longer and prove no more.
    policy, batch = tiny_policy(image_keys=CAMERAS[:1], observer="small").train(), tiny_batch()
    ramp = torch.linspace(0.5, 1.0, 8)[None, :, None]
    middle = policy.unnormalize_outputs[ACTION].mean
    batch[ACTION] = middle + batch[STATE][..., :2] * torch.tensor([1.4, 0.5]) * ramp
    optimizer = torch.optim.AdamW(policy.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        optimizer.zero_grad()
        policy.compute_loss(batch, generator)["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
    with torch.inference_mode():
        error = (policy.eval().predict(batch, batch[STATE]) - batch[ACTION]).abs().mean(dim=(0, 1))
    assert (error < 0.7 * (middle - batch[ACTION]).abs().mean(dim=(0, 1))).all()
