"""The settings group ``augmentation``: what training does to the images."""

from __future__ import annotations

from vita_train.policy.augmentation import Augmentation
from vita_train.values import Values

LARGEST = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.5}


def read_augmentation(values: Values) -> Augmentation:
    """Read the group; mistakes are noted in ``values``."""
    reach = {name: values.number(f"augmentation.{name}") for name in LARGEST}
    for name, largest in LARGEST.items():
        if reach[name] > largest:
            values.note(f"augmentation.{name} must lie between 0 and {largest:g}, but is {reach[name]:g}")
    return Augmentation(random_crop=values.flag("augmentation.random_crop"), **reach)
