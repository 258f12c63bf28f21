"""What of a validation is looked at: whole episodes as the policy would continue them, and how a chunk comes about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vita_train.policy.vita import VitaPolicy

Actions = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Example:
    """One held-out episode of L steps, in robot units.

    Attributes:
        episode: its number.
        recorded: [L, A], what was done.
        predicted: [L, T, A], the chunk predicted from each step's observation.
        flow_step: the step of the episode whose observation ``flow`` begins at.
        flow: [K + 1, T, A], the latent decoded before the first Euler step and after each of the K.
    """

    episode: int
    recorded: Actions
    predicted: Actions
    flow_step: int
    flow: Actions


def decode(policy: VitaPolicy, latents: Tensor) -> Tensor:
    """Action latents [B, Z] to chunks [B, T, A] in robot units."""
    actions = policy.action_decoder(latents).float()
    return policy.unnormalize_outputs[policy.config.action_key].unnormalize(actions)


def decoded_flow(policy: VitaPolicy, batch: Mapping[str, Tensor]) -> Actions:
    """The latents on their way from vision to action, decoded: [B, K + 1, T, A] in robot units."""
    latents: list[Tensor] = []

    def note(_net: torch.nn.Module, arguments: tuple[Tensor, ...]) -> None:
        latents.append(arguments[0])

    # The velocity is asked for at each point of the way, whatever the way is.
    handle = policy.flow_net.register_forward_pre_hook(note)
    try:
        z_obs = policy.encode_observation(batch, batch[policy.config.state_key])
        latents.append(policy.flow(z_obs))
    finally:
        handle.remove()
    return torch.stack([decode(policy, each) for each in latents], dim=1).cpu().numpy()
