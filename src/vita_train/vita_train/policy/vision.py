"""From camera images and state to one vector of observation features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vita_train.policy.keypoint_net import KeypointNet
from vita_train.policy.normalizer import FeatureScale
from vita_train.policy.resnet import ResNet18

Backbone = ResNet18 | KeypointNet
"""Float [M, 3, H, W] to [M, features]."""


class Observer(nn.Module):
    """Prepares images and encodes them with one backbone that all cameras share."""

    def __init__(self, resize_shape: tuple[int, int], crop_shape: tuple[int, int], backbone: Backbone) -> None:
        super().__init__()
        self.resize_shape = resize_shape
        self.crop_shape = crop_shape
        self.backbone = backbone

    def prepare(self, images: Tensor, scale: FeatureScale, generator: torch.Generator | None = None) -> Tensor:
        """Turn the images of one camera into what the backbone sees.

        Normalised, brought to ``resize_shape`` (bilinear) and cropped to ``crop_shape``: in the centre, or in training
        mode at a place drawn for each image.

        Args:
            images: uint8 [B, H, W, 3] RGB.
            scale: the camera's statistics for pixels in [0, 1].
            generator: where training crops are drawn from.

        Returns:
            Float32 [B, 3, *crop_shape].
        """
        channels_first = images.permute(0, 3, 1, 2)
        if tuple(channels_first.shape[2:]) == self.resize_shape:
            # Scaling is pixel by pixel: cropping the bytes first gives the same numbers for less work.
            return scale.normalize(self._crop(channels_first, generator).float() / 255)
        scaled = scale.normalize(channels_first.float() / 255)
        resized = F.interpolate(scaled, self.resize_shape, mode="bilinear", align_corners=False)
        return self._crop(resized, generator)

    def forward(self, cameras: Sequence[Tensor], state: Tensor) -> Tensor:
        """Encode one observation for each sample.

        Args:
            cameras: prepared images [B, 3, h, w] of each camera.
            state: normalised state [B, S].

        Returns:
            [B, S + backbone.features N]: the state, then each camera's features.
        """
        images = torch.stack(tuple(cameras), dim=1)
        features: Tensor = self.backbone(images.flatten(0, 1))
        return torch.cat((state, features.reshape(len(state), -1)), dim=1)

    def _crop(self, images: Tensor, generator: torch.Generator | None) -> Tensor:
        if not self.training:
            return central_crop(images, self.crop_shape)
        count, _, height, width = images.shape
        rows, columns = self.crop_shape
        tops = _draw(height - rows + 1, count, generator, images.device)
        lefts = _draw(width - columns + 1, count, generator, images.device)
        # A view of every possible crop, from which one is copied for each image: one operation, no loop over images.
        places = images.unfold(2, rows, 1).unfold(3, columns, 1)
        return places[torch.arange(count, device=images.device), :, tops, lefts]


def central_crop(images: Tensor, shape: tuple[int, int]) -> Tensor:
    """The middle of images [..., H, W]: a view [..., *shape]."""
    rows, columns = shape
    top, left = (images.shape[-2] - rows) // 2, (images.shape[-1] - columns) // 2
    return images[..., top : top + rows, left : left + columns]


def _draw(choices: int, count: int, generator: torch.Generator | None, device: torch.device) -> Tensor:
    source = device if generator is None else generator.device
    return torch.randint(choices, (count,), generator=generator, device=source).to(device)
