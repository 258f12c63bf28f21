"""Flow matching: what the network that carries vision latents to action latents is trained with."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from vita_train.policy.config import FlowMatcherConfig
from vita_train.policy.coupling import Pairing
from vita_train.policy.draws import Draws
from vita_train.policy.flow import FlowNet
from vita_train.policy.flow_paths import bridge, from_noise, straight
from vita_train.policy.mean_flow import mean_flow_losses
from vita_train.policy.mean_flow_net import MeanFlowNet

PAIRED_BY_TRANSPORT = ("exact", "schrodinger")


class FlowMatching:
    """The flow losses of one batch, in two parts, between which other work of the step can be queued.

    Gradients flow into both latents: the flow shapes the two spaces towards each other. The exception is "target",
    whose paths start from noise as published, although a prediction starts from the vision latent: there it is the
    losses of the decoded flow alone that tell the network about vision, and vision about actions.
    """

    def __init__(self, matcher: FlowMatcherConfig, z_obs: Tensor, z_act: Tensor) -> None:
        """Begins to find the pairs where the matcher does not take each observation with its own action.

        Args:
            matcher: the settings.
            z_obs: vision latents float32 [B, Z].
            z_act: action latents float32 [B, Z].
        """
        self._matcher = matcher
        self._z_obs, self._z_act = z_obs, z_act
        self._pairing = Pairing(z_obs, z_act) if matcher.name in PAIRED_BY_TRANSPORT else None

    def losses(
        self, net: FlowNet | MeanFlowNet, draws: Draws, times: Tensor | None = None, noise: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The losses of the network.

        Args:
            net: the flow network.
            draws: where times and noise come from.
            times: flow times [B] in [0, 1] to use instead of drawn ones; of a mean flow [B, 2], t and r <= t.
            noise: standard normal [B, Z] to use instead of drawn numbers.

        Returns:
            Scalars: "flow_loss" and, of a mean flow, its parts (see ``mean_flow_losses``).
        """
        matcher, z_obs, z_act = self._matcher, self._z_obs, self._z_act
        if isinstance(net, MeanFlowNet):
            return mean_flow_losses(matcher, net, z_obs, z_act, draws, times)
        if self._pairing is not None:
            z_act = z_act[self._pairing.result()]
        t = draws.uniform(len(z_obs)) if times is None else times.to(z_obs)
        if noise is None and (matcher.sigma or matcher.name == "target"):
            noise = draws.normal(z_obs.shape)
        if matcher.name == "target":
            assert noise is not None
            x_t, velocity = from_noise(z_act, t, noise, matcher.sigma)
        elif matcher.name == "schrodinger":
            assert noise is not None
            x_t, velocity = bridge(z_obs, z_act, t, noise, matcher.sigma)
        else:
            x_t, velocity = straight(z_obs, z_act, t, noise, matcher.sigma)
        return {"flow_loss": F.mse_loss(net(x_t, t).float(), velocity)}
