"""Colours that vary from sample to sample: brightness, contrast, saturation and hue.

The four operations are those of torchvision's ColorJitter, one after the other in this order; there the order is drawn
too, which a batch cannot do in one operation. After each, values are brought back into [0, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor

from vita_train.policy.augmentation import Augmentation
from vita_train.policy.draws import Draws

GREY = (0.2989, 0.587, 0.114)
"""Shares of red, green and blue in a grey (ITU-R BT.601), as torchvision rounds them."""


def jitter_colours(images: Tensor, augmentation: Augmentation, draws: Draws) -> Tensor:
    """Change the colours of one camera's images, each sample by factors of its own.

    Args:
        images: float [B, O, 3, H, W] RGB in [0, 1]. The O observations of a sample are changed alike, so that no light
            flickers between them.
        augmentation: how far the factors range.
        draws: where they come from.

    Returns:
        Images of the same shape in [0, 1].
    """
    count = len(images)
    if augmentation.brightness:
        images = adjust_brightness(images, 1 + _spread(count, augmentation.brightness, draws))
    if augmentation.contrast:
        images = adjust_contrast(images, 1 + _spread(count, augmentation.contrast, draws))
    if augmentation.saturation:
        images = adjust_saturation(images, 1 + _spread(count, augmentation.saturation, draws))
    if augmentation.hue:
        images = adjust_hue(images, _spread(count, augmentation.hue, draws))
    return images


def adjust_brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply values [..., 3, H, W] by a factor that broadcasts against them; 0 is black."""
    return (images * factor).clamp_(0, 1)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance of values [..., 3, H, W] from their image's mean grey by a factor; 0 is that grey."""
    return _blend(images, grey(images).mean(dim=(-3, -2, -1), keepdim=True), factor)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance of colours [..., 3, H, W] from their own grey by a factor; 0 is a grey image."""
    return _blend(images, grey(images), factor)


def adjust_hue(images: Tensor, turn: Tensor) -> Tensor:
    """Turn the hue of colours [..., 3, H, W] by a part of a full turn, at constant saturation and value (HSV)."""
    red, green, blue = (channel.unsqueeze(-3) for channel in images.unbind(dim=-3))
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    # Of a grey, whose chroma is 0, any hue will do.
    scale = 1 / torch.where(chroma > 0, chroma, 1)
    # The hue in sixths of a turn: red 0, green 2, blue 4.
    sixths = torch.where(
        red == value,
        (green - blue) * scale,
        torch.where(green == value, 2 + (blue - red) * scale, 4 + (red - green) * scale),
    )
    # Each channel falls from value to least with the distance of the hue from that channel's own: by one chroma over
    # one sixth of a turn, after another one without loss on either side.
    own = torch.tensor([5.0, 3.0, 1.0], device=images.device).view(3, 1, 1)
    place = (own + (sixths + 6 * turn)).remainder_(6)
    return value - torch.minimum(place, 4 - place).clamp_(0, 1).mul_(chroma)


def grey(images: Tensor) -> Tensor:
    """Colours [..., 3, H, W] to how bright they look, [..., 1, H, W]."""
    red, green, blue = images.unbind(dim=-3)
    return (GREY[0] * red + GREY[1] * green + GREY[2] * blue).unsqueeze(-3)


def _blend(images: Tensor, centre: Tensor, factor: Tensor) -> Tensor:
    return torch.lerp(centre, images, factor).clamp_(0, 1)


def _spread(count: int, reach: float, draws: Draws) -> Tensor:
    """Uniform in [-reach, reach), one for each sample: [count, 1, 1, 1, 1]."""
    return ((2 * draws.uniform(count) - 1) * reach).view(-1, 1, 1, 1, 1)
