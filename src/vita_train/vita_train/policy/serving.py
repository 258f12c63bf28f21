"""A policy made ready to serve: the same function as ``VitaPolicy.predict``, rearranged for one sample at a time.

Batch normalisation lies inside the convolutions, pixels are in channels_last order, all images go through the backbone
together, what depends on time alone is computed beforehand, and the action encoder is gone. On a CPU the weights of
convolutions and flow are packed for the processor; on a GPU the whole prediction is one CUDA graph.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vita_train.policy.captured_graphs import CapturedGraphs, Compute, Record, cuda_recorder
from vita_train.policy.folded_resnet import FoldedResNet18
from vita_train.policy.packed_layers import can_pack, pack_convolutions
from vita_train.policy.planned_flow import plan_flow
from vita_train.policy.resnet import ResNet18
from vita_train.policy.vision import central_crop
from vita_train.policy.vita import VitaPolicy


class ServingPolicy:
    """Predicts for one sample of ``obs_horizon`` observations. One thread at a time.

    Half precision on the CPU is for tests; nothing there is faster with it.
    """

    @torch.no_grad()
    def __init__(
        self,
        policy: VitaPolicy,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        record: Record | None = None,
    ) -> None:
        """Rearranges a policy.

        Args:
            policy: a trained policy. Parts of it are moved and kept: do not use it afterwards.
            device: where to predict.
            dtype: of convolutions and matrix products. Below float32 ``predict`` needs autocast to it, for which the
                weights lie here in ``dtype`` already: nothing is left to cast in each call.
            record: how predictions are recorded and replayed; None: by CUDA graphs on a GPU, not at all on the CPU.
        """
        config = policy.config
        policy.eval().requires_grad_(False)
        del policy.action_encoder  # only training encodes actions
        policy.to(device)
        self._config = config
        backbone = policy.observer.backbone
        if isinstance(backbone, ResNet18):
            self._backbone: nn.Module = FoldedResNet18(backbone)
        else:
            self._backbone = backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._flow = plan_flow(policy.flow_net, config.flow_matcher.num_sampling_steps, dtype)
        self._obs_encoder, self._action_decoder = policy.obs_encoder, policy.action_decoder
        for part in (self._backbone, self._obs_encoder, self._action_decoder):
            _lower_precision(part, dtype)
        scales = [policy.normalize_inputs[key] for key in config.image_keys]
        # (pixel / 255 - mean) / std = pixel * factor + offset
        self._factors = [1 / (255 * scale.divisor) for scale in scales]
        self._offsets = [-scale.mean / scale.divisor for scale in scales]
        self._state_scale = policy.normalize_inputs[config.state_key]
        self._action_scale = policy.unnormalize_outputs[config.action_key]
        # What the backbone sees, [O N, 3, h, w], each observation's cameras in turn: one place for all calls.
        count = config.obs_horizon * len(scales)
        self._pixels = torch.zeros((count, 3, *config.crop_shape), device=device).contiguous(
            memory_format=torch.channels_last
        )
        if can_pack(device, dtype):
            pack_convolutions(self._backbone, self._pixels)
        if record is None and device.type == "cuda":
            record = cuda_recorder(device)
        self._run: Compute = self._compute if record is None else CapturedGraphs(self._compute, record)

    @torch.inference_mode()
    def predict(self, images: Mapping[str, Tensor], state: Tensor) -> Tensor:
        """The action chunk for one sample.

        Args:
            images: camera key -> uint8 [1, O, H, W, 3] RGB, the oldest observation first, on this policy's device.
            state: float32 [1, O, S], robot units, there too.

        Returns:
            Float32 [1, T, A], robot units; a new tensor.
        """
        inputs = {key: images[key] for key in self._config.image_keys}
        return self._run({**inputs, self._config.state_key: state})

    def flow(self, z_obs: Tensor) -> Tensor:
        """Carry a vision latent [1, Z] to the predicted action latent [1, Z]."""
        return self._flow(z_obs[0])[None]

    def _compute(self, observation: Mapping[str, Tensor]) -> Tensor:
        for index, key in enumerate(self._config.image_keys):
            self._write_pixels(index, observation[key])
        state = self._state_scale.normalize(observation[self._config.state_key]).flatten(1)
        features = self._backbone(self._pixels).float()
        z_obs = self._obs_encoder(torch.cat((state, features.view(1, -1)), dim=1)).float()
        actions = self._action_decoder(self.flow(z_obs)).float()
        return self._action_scale.unnormalize(actions)

    def _write_pixels(self, index: int, images: Tensor) -> None:
        """Do what ``Observer.prepare`` does with a camera's images [1, O, H, W, 3], into their places in the pixels."""
        place = self._pixels[index :: len(self._factors)]
        pixels = images[0].permute(0, 3, 1, 2)
        if tuple(pixels.shape[2:]) != self._config.resize_shape:
            pixels = F.interpolate(pixels.float(), self._config.resize_shape, mode="bilinear", align_corners=False)
        place.copy_(central_crop(pixels, self._config.crop_shape))
        place.mul_(self._factors[index]).add_(self._offsets[index])


def _lower_precision(part: nn.Module, dtype: torch.dtype) -> None:
    """Bring to ``dtype`` what autocast would bring there; norms keep their precision."""
    for module in part.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose1d, nn.Linear)):
            module.to(dtype)
