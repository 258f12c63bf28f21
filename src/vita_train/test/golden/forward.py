"""Every golden array, computed with our policy, under the name that the golden files give it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from golden.weights import fill, golden_stats
from vita_train.policy.config import VitaConfig
from vita_train.policy.flow import integrate
from vita_train.policy.losses import info_nce
from vita_train.policy.vita import VitaPolicy
from vita_train.schedule import ema_decay, lr_multiplier

Arrays = Mapping[str, NDArray[np.generic]]

CAMERAS = ("observation.images.image", "observation.images.wrist_right_image")
STATE, ACTION = "observation.state", "action"
STAGES = ("relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
WARMUP_STEPS, TOTAL_STEPS = 500, 25000
PARTS = ("observer", "obs_encoder", "action_encoder", "action_decoder", "flow_net")


def golden_policy() -> VitaPolicy:
    """The policy of the golden arrays, in evaluation mode: the crop is central."""
    config = VitaConfig(image_keys=CAMERAS, state_dim=7, action_dim=7)
    stats = {key: golden_stats(key, (3, 1, 1)) for key in CAMERAS}
    stats |= {key: golden_stats(key, (7,)) for key in (STATE, ACTION)}
    return fill(VitaPolicy(config, stats)).eval()


def vision_arrays(policy: VitaPolicy, images: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    """What the images [B, H, W, 3] of the given cameras become inside the backbone, and their features [B * N, 512]."""
    out: dict[str, Tensor] = {}
    backbone = policy.observer.backbone

    def keep(name: str) -> object:
        def hook(_module: object, _inputs: object, output: Tensor) -> None:
            out[f"backbone_{name}_pooled"] = output.mean(dim=(2, 3))

        return hook

    hooks = [backbone.get_submodule(name).register_forward_hook(keep(name)) for name in STAGES]  # type: ignore[arg-type]
    cameras = [policy.observer.prepare(images[key][:, None], policy.normalize_inputs[key]) for key in images]
    prepared = torch.stack(cameras, dim=2).flatten(0, 2)
    features: Tensor = backbone(prepared)
    for hook in hooks:
        hook.remove()
    out["prepared_images_sub16"] = prepared[:, :, ::16, ::16]
    flat = prepared.flatten(1)
    out["prepared_images_mean_std"] = torch.stack((flat.mean(dim=1), flat.std(dim=1)), dim=1)
    return out, features


def latent_arrays(policy: VitaPolicy, features: Tensor, given: Arrays) -> dict[str, Tensor]:
    """Everything behind the visual features [B * N, 512], including losses and gradient norms."""
    state, action, times, loss_t = (
        torch.from_numpy(np.asarray(given[name])) for name in ("in_state", "in_action", "velocity_t", "loss_t")
    )
    net, steps = policy.flow_net, policy.config.flow_matcher.num_sampling_steps
    out: dict[str, Tensor] = {}
    out["norm_state"] = policy.normalize_inputs[STATE].normalize(state)
    out["norm_action"] = policy.normalize_targets[ACTION].normalize(action)
    out["obs_features"] = torch.cat((out["norm_state"], features.reshape(len(state), -1)), dim=1)
    out["z_obs"] = z_obs = policy.obs_encoder(out["obs_features"])
    out["z_act"] = z_act = policy.action_encoder(out["norm_action"])

    latents: list[Tensor] = []
    velocities: list[Tensor] = []

    def recorded(x: Tensor, t: Tensor) -> Tensor:
        latents.append(x)
        velocities.append(net(x, t))
        return velocities[-1]

    z_pred = integrate(recorded, z_obs, steps)
    out["euler_latents"], out["euler_velocities"] = torch.stack([*latents, z_pred]), torch.stack(velocities)
    out["velocity_at_z_obs"] = torch.stack([net(z_obs, t.expand(len(z_obs))) for t in times])
    out["time_embed_at_t"] = net.time_embed(times)
    out["chunk_normalised"] = policy.action_decoder(z_pred)
    out["chunk"] = policy.unnormalize_outputs[ACTION].unnormalize(out["chunk_normalised"])
    out["chunk_first8"] = out["chunk"][:, : policy.config.action_horizon]
    out["recon_normalised"] = policy.action_decoder(z_act)
    out["infonce_zobs_zact"], out["infonce_zobs_zpred"] = info_nce(z_obs, z_act), info_nce(z_obs, z_pred)

    losses = policy.latent_losses(z_obs, {ACTION: action}, times=loss_t)
    out["loss_total"], out["loss_flow"], out["loss_flc"] = (
        losses[name] for name in ("loss", "flow_loss", "consistency_loss")
    )
    out["loss_fld_l1"], out["loss_ae_l1"] = losses["flow_action_recon_loss"], losses["enc_action_recon_loss"]
    policy.zero_grad()
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    return out | _gradient_norms(policy, given)


def schedule_arrays(given: Arrays) -> dict[str, Tensor]:
    rates = [lr_multiplier(int(step), WARMUP_STEPS, TOTAL_STEPS) for step in given["lr_steps"]]
    decays = [ema_decay(int(number)) for number in given["ema_steps"]]
    return {
        "lr_multiplier": torch.tensor(rates, dtype=torch.float64),
        "ema_decay": torch.tensor(decays, dtype=torch.float64),
    }


def relative_error(ours: Tensor, golden: NDArray[np.generic]) -> float:
    """The largest difference, relative to the largest golden value."""
    values, expected = ours.detach().double().numpy(), np.asarray(golden, dtype=np.float64)
    assert values.shape == expected.shape
    return float(np.abs(values - expected).max() / np.abs(expected).max())


def _gradient_norms(policy: VitaPolicy, given: Arrays) -> dict[str, Tensor]:
    norms = {
        name: parameter.grad.double().norm()
        for name, parameter in policy.named_parameters()
        if parameter.grad is not None
    }
    keys = [str(key) for key in given["grad_norm_keys"] if str(key) in norms]
    out = {"grad_norm_per_key": torch.stack([norms[key] for key in keys])}
    out["grad_norm_all"] = torch.stack(list(norms.values())).norm()
    for part in PARTS:
        own = [norm for name, norm in norms.items() if name.startswith(f"{part}.")]
        if own:
            out[f"grad_norm_{part}"] = torch.stack(own).norm()
    return out
