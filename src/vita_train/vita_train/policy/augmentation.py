"""How training varies what the cameras saw: plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Augmentation:
    """Changes of the images while training. The colours change by factors drawn for each sample and camera.

    Attributes:
        random_crop: crop at a place drawn for each sample and camera; otherwise the middle, as in validation and
            service.
        brightness: x from 0 to 1: values are multiplied by a factor from 1 - x to 1 + x.
        contrast: likewise the distance of each value from the mean grey of its image.
        saturation: likewise the distance of each colour from its own grey.
        hue: x from 0 to 0.5: hues are turned by -x to x of a full turn.
    """

    random_crop: bool = True
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    @property
    def changes_colours(self) -> bool:
        """Whether anything but the crop is asked for."""
        return any((self.brightness, self.contrast, self.saturation, self.hue))
