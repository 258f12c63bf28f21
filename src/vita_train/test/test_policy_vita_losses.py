from __future__ import annotations

from typing import Any

import pytest
import torch
from policy_support import ACTION, CAMERAS, STATE, tiny_batch, tiny_config, tiny_policy
from torch import Tensor

from vita_train.policy.config import ActionAutoencoderConfig, FlowMatcherConfig, FlowNetConfig
from vita_train.policy.vita import VitaPolicy

MEAN_NET = FlowNetConfig("simple_mean_flow_net", hidden_dim=32, num_layers=2, mlp_ratio=2.0)
FLOWS: dict[str, dict[str, Any]] = {
    "conditional": {"flow_matcher": FlowMatcherConfig("conditional", 0.1, 3)},
    "exact": {"flow_matcher": FlowMatcherConfig("exact", 0.0, 3)},
    "target": {"flow_matcher": FlowMatcherConfig("target", 0.0, 3)},
    "schrodinger": {"flow_matcher": FlowMatcherConfig("schrodinger", 0.1, 3)},
    "mean": {"flow_matcher": FlowMatcherConfig("mean", num_sampling_steps=1), "flow_net": MEAN_NET},
    "improved_mean": {"flow_matcher": FlowMatcherConfig("improved_mean", num_sampling_steps=1), "flow_net": MEAN_NET},
}
FLOW, FLC, FLD, AE_LOSS = "flow_loss", "consistency_loss", "flow_action_recon_loss", "enc_action_recon_loss"
ALL = {FLOW, FLC, FLD, AE_LOSS}


def autoencoder(**changes: Any) -> dict[str, Any]:
    return {"action_ae": ActionAutoencoderConfig(enc_hidden_dim=32, dec_hidden_dim=32, num_layers=2, **changes)}


def policy(**changes: Any) -> VitaPolicy:
    """One whose backbone is small: no loss depends on which it is."""
    return tiny_policy(image_keys=CAMERAS[:1], observer="small", **changes).train()


def losses(policy: VitaPolicy, seed: int = 0) -> dict[str, Tensor]:
    return policy.compute_loss(tiny_batch(), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ALL),
        ({"decode_flow_latents": False}, {FLOW, AE_LOSS}),
        (autoencoder(freeze_encoder=True), {FLOW, AE_LOSS}),
        (autoencoder(freeze_decoder=True), {FLOW, AE_LOSS}),
        (autoencoder(freeze_decoder=True) | {"flow_contrastive_weight": 0.1}, {FLOW, AE_LOSS, "flow_contrastive_loss"}),
        (
            autoencoder(freeze_encoder=True, freeze_decoder=True, use_variational=True)
            | {"enc_contrastive_weight": 0.1, "flow_contrastive_weight": 0.1},
            {FLOW, "enc_contrastive_loss"},
        ),
        (
            {"enc_contrastive_weight": 0.1, "flow_contrastive_weight": 0.2},
            ALL | {"enc_contrastive_loss", "flow_contrastive_loss"},
        ),
        (autoencoder(use_variational=True), ALL | {"kl_loss"}),
        (autoencoder(recon_loss_type="l2"), ALL),
        (FLOWS["mean"], ALL),
        (FLOWS["improved_mean"], ALL | {"velocity_loss"}),
    ],
)
def test_the_losses_are_those_that_the_settings_ask_for(changes: dict[str, Any], names: set[str]) -> None:
    assert losses(policy(**changes)).keys() == {"loss"} | names


def test_the_loss_is_the_weighted_sum() -> None:
    made = policy(
        **autoencoder(enc_recon_weight=0.25, flow_recon_weight=0.75, use_variational=True, kl_weight=0.01),
        **FLOWS["improved_mean"],
        consistency_weight=2.0,
        enc_contrastive_weight=0.1,
        flow_contrastive_weight=0.2,
    )
    values = losses(made)
    weights = {FLOW: 1.0, FLC: 2.0, FLD: 0.75, AE_LOSS: 0.25, "kl_loss": 0.01}
    weights |= {"enc_contrastive_loss": 0.1, "flow_contrastive_loss": 0.2}
    assert values.keys() == {"loss", "velocity_loss", *weights}
    expected = sum((weight * values[name] for name, weight in weights.items()), torch.zeros(()))
    torch.testing.assert_close(values["loss"], expected)


def test_an_infinite_loss_without_weight_does_no_harm() -> None:
    made = policy(**autoencoder(use_variational=True)).eval()
    with torch.no_grad():
        made.get_parameter("action_encoder.latent_proj.bias")[32:] = 1e3  # the logarithm of the variance
    values = losses(made)
    assert torch.isinf(values["kl_loss"])
    assert torch.isfinite(values["loss"])


def test_the_flow_is_not_followed_where_no_loss_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = policy(decode_flow_latents=False)

    def refuse(_self: VitaPolicy, _z_obs: Tensor) -> Tensor:
        raise AssertionError("the flow was followed")

    monkeypatch.setattr(VitaPolicy, "flow", refuse)
    assert torch.isfinite(losses(made)["loss"])


def test_squared_reconstruction_weighs_large_errors() -> None:
    one, two = (policy(**autoencoder(recon_loss_type=kind)).eval() for kind in ("l1", "l2"))
    batch = tiny_batch()
    actions = one.normalize_targets[ACTION].normalize(batch[ACTION])
    difference = one.action_decoder(one.action_encoder(actions)) - actions
    torch.testing.assert_close(losses(one)[AE_LOSS], difference.abs().mean())
    torch.testing.assert_close(losses(two)[AE_LOSS], difference.square().mean())


def test_a_variational_policy_draws_latents_only_while_training() -> None:
    made, times = policy(**autoencoder(use_variational=True)), torch.full((4,), 0.5)

    def reconstruction(seed: int) -> float:
        return made.compute_loss(tiny_batch(), torch.Generator().manual_seed(seed), times)[AE_LOSS].item()

    assert reconstruction(1) != reconstruction(2)
    assert reconstruction(1) == reconstruction(1)
    made.eval()
    assert reconstruction(1) == reconstruction(2)


@pytest.mark.parametrize("frozen", [{"freeze_encoder"}, {"freeze_decoder"}, {"freeze_encoder", "freeze_decoder"}])
def test_what_is_frozen_gets_no_gradient_and_vision_does(frozen: set[str]) -> None:
    made = policy(**autoencoder(**dict.fromkeys(frozen, True)))
    losses(made)["loss"].backward()  # type: ignore[no-untyped-call]
    for part in ("encoder", "decoder"):
        has = [weight.grad is not None for weight in made.get_submodule(f"action_{part}").parameters()]
        assert not any(has) if f"freeze_{part}" in frozen else all(has)
    assert made.obs_encoder.weight.grad is not None
    assert made.obs_encoder.weight.grad.any()


@pytest.mark.parametrize("name", FLOWS)
def test_every_flow_follows_the_generator_and_needs_no_gradient(name: str) -> None:
    made = policy(**FLOWS[name]).eval()
    for head in ("flow_net.u_head.weight", "flow_net.v_head.weight"):
        if head in made.state_dict():
            torch.nn.init.normal_(made.get_parameter(head), std=0.3)  # 0 to begin with, which says nothing of time
    first = losses(made, 1)
    with torch.no_grad():
        second, other = losses(made, 1), losses(made, 2)
    torch.testing.assert_close(first, second)
    assert not torch.equal(first[FLOW], other[FLOW])


def test_given_times_and_noise_make_losses_comparable() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(4, tiny_config().latent_dim, generator=generator)
    made, times = policy(**FLOWS["schrodinger"]).eval(), torch.full((4,), 0.25)
    first, second = (made.compute_loss(tiny_batch(), None, times, noise) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not torch.equal(first[FLOW], made.compute_loss(tiny_batch(), None, times, -noise)[FLOW])


@pytest.mark.parametrize("name", FLOWS)
def test_every_flow_learns_a_small_batch(name: str) -> None:
    made, batch = policy(**FLOWS[name]), tiny_batch()
    middle = made.unnormalize_outputs[ACTION].mean
    batch[ACTION] = middle + batch[STATE][:, :, :2] * torch.linspace(0.5, 1.0, 8)[None, :, None]
    optimizer = torch.optim.AdamW(made.parameters(), lr=5e-3)

    def loss() -> float:
        with torch.no_grad():
            value = made.eval().compute_loss(batch, torch.Generator().manual_seed(5))["loss"]
        made.train()
        return float(value)

    before, generator = loss(), torch.Generator().manual_seed(0)
    for _ in range(20):
        optimizer.zero_grad()
        made.compute_loss(batch, generator)["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        optimizer.step()
    assert loss() < 0.9 * before
