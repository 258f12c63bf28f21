"""From camera images and state to one vector of observation features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vita_train.policy.augmentation import Augmentation
from vita_train.policy.colour_jitter import jitter_colours
from vita_train.policy.draws import Draws
from vita_train.policy.keypoint_net import KeypointNet
from vita_train.policy.normalizer import FeatureScale
from vita_train.policy.resnet import ResNet18

Backbone = ResNet18 | KeypointNet
"""Float [M, 3, H, W] to [M, features]."""


class Observer(nn.Module):
    """Prepares images and encodes them with one backbone that all cameras share.

    Attributes:
        augmentation: what training mode does to the images; set it before training.
    """

    def __init__(self, resize_shape: tuple[int, int], crop_shape: tuple[int, int], backbone: Backbone) -> None:
        super().__init__()
        self.resize_shape = resize_shape
        self.crop_shape = crop_shape
        self.backbone = backbone
        self.augmentation = Augmentation()

    def prepare(self, images: Tensor, scale: FeatureScale, generator: torch.Generator | None = None) -> Tensor:
        """Turn the images of one camera into what the backbone sees.

        Brought to ``resize_shape`` (bilinear), cropped to ``crop_shape`` and normalised. In training mode the place of
        the crop and the change of the colours are drawn for each sample (``augmentation``). The observations of a
        sample are treated alike, so that what moves between them has moved before the camera.

        Args:
            images: uint8 [B, O, H, W, 3] RGB.
            scale: the camera's statistics for pixels in [0, 1].
            generator: where what training varies is drawn from; torch's own when None.

        Returns:
            Float32 [B, O, 3, *crop_shape].
        """
        horizon = images.shape[1]
        draws = Draws(generator, images.device)
        pixels = images.flatten(0, 1).permute(0, 3, 1, 2)
        if tuple(pixels.shape[2:]) != self.resize_shape:
            pixels = F.interpolate(pixels.float(), self.resize_shape, mode="bilinear", align_corners=False)
        # What follows is the same for every pixel, so cropping first, bytes where nothing is resized, saves work.
        pixels = self._crop(pixels, horizon, draws).float() / 255
        pixels = pixels.view(-1, horizon, *pixels.shape[1:])
        if self.training and self.augmentation.changes_colours:
            pixels = jitter_colours(pixels, self.augmentation, draws)
        return scale.normalize(pixels)

    def forward(self, cameras: Sequence[Tensor], state: Tensor) -> Tensor:
        """Encode the observations of each sample.

        Args:
            cameras: prepared images [B, O, 3, h, w] of each camera.
            state: normalised state [B, O, S].

        Returns:
            [B, O S + O N backbone.features]: all states, then each observation's cameras in turn; the oldest
            observation first in both.
        """
        images = torch.stack(tuple(cameras), dim=2)
        features: Tensor = self.backbone(images.flatten(0, 2))
        return torch.cat((state.flatten(1), features.reshape(len(state), -1)), dim=1)

    def _crop(self, images: Tensor, horizon: int, draws: Draws) -> Tensor:
        """Images [B * horizon, C, H, W] cropped to [B * horizon, C, h, w]."""
        if not self.training or not self.augmentation.random_crop:
            return central_crop(images, self.crop_shape)
        count, _, height, width = images.shape
        rows, columns = self.crop_shape
        tops = draws.integers(height - rows + 1, count // horizon).repeat_interleave(horizon)
        lefts = draws.integers(width - columns + 1, count // horizon).repeat_interleave(horizon)
        # A view of every possible crop, from which one is copied for each image: one operation, no loop over images.
        places = images.unfold(2, rows, 1).unfold(3, columns, 1)
        return places[torch.arange(count, device=images.device), :, tops, lefts]


def central_crop(images: Tensor, shape: tuple[int, int]) -> Tensor:
    """The middle of images [..., H, W]: a view [..., *shape]."""
    rows, columns = shape
    top, left = (images.shape[-2] - rows) // 2, (images.shape[-1] - columns) // 2
    return images[..., top : top + rows, left : left + columns]
