"""Faults on purpose: what can go wrong between a robot and a policy, switched on and off while the simulation runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Vector = NDArray[np.float64]

ALL = "all"
"""In place of a camera's name: every camera."""


@dataclass(frozen=True)
class FaultSettings:
    """Which faults are on; by default none.

    Attributes:
        camera: the camera that the next four strike, or ``ALL``.
        camera_drop: share of its pictures that never come, 0 to 1.
        camera_delay_ns: how much later its pictures come, their stamps unchanged.
        camera_freeze: the same pixels again and again, with new stamps.
        camera_black: every pixel is 0.
        joint_jitter_rad: standard deviation of noise on each measured angle [rad].
        joint_drop: share of joint states that never come, 0 to 1.
        stuck_joint: the policy's name of a joint that stays where it is whatever is commanded; "" = none.
    """

    camera: str = ALL
    camera_drop: float = 0.0
    camera_delay_ns: int = 0
    camera_freeze: bool = False
    camera_black: bool = False
    joint_jitter_rad: float = 0.0
    joint_drop: float = 0.0
    stuck_joint: str = ""


def describe(settings: FaultSettings) -> str:
    """Which faults are on, for people."""
    off = asdict(FaultSettings())
    return ", ".join(f"{name} {value}" for name, value in asdict(settings).items() if value != off[name]) or "none"


class Faults:
    """Does to measurements what the settings say. A stuck joint is not measured wrongly: the simulation holds it.

    Args:
        rng: source of drops and jitter.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._settings = FaultSettings()
        self._frozen: dict[str, Picture] = {}

    @property
    def settings(self) -> FaultSettings:
        """Which faults are on."""
        return self._settings

    def change(self, settings: FaultSettings) -> None:
        """Replace all settings. A camera that freezes keeps the first picture that it takes from now on."""
        self._settings = settings
        self._frozen = {name: picture for name, picture in self._frozen.items() if self._freezes(name)}

    def picture(self, camera: str, take: Callable[[], Picture]) -> Picture | None:
        """What a camera delivers.

        Args:
            camera: its name.
            take: takes a true picture, uint8 [H, W, 3]; not called when nobody would see it.

        Returns:
            The picture, None if it is dropped.
        """
        if not self._strikes(camera):
            return take()
        if self._rng.random() < self._settings.camera_drop:
            return None
        picture = self._frozen.get(camera)
        if picture is None:
            picture = take()
        if self._freezes(camera):
            self._frozen[camera] = picture
        return np.zeros_like(picture) if self._settings.camera_black else picture

    def delay_ns(self, camera: str) -> int:
        """How much later than usual a camera's picture comes."""
        return self._settings.camera_delay_ns if self._strikes(camera) else 0

    def positions(self, true: Vector, is_angle: NDArray[np.bool_]) -> Vector | None:
        """What the encoders say.

        Args:
            true: where the joints are [A].
            is_angle: [A], which of them are angles; only these jitter.

        Returns:
            [A], None if the message is lost.
        """
        if self._rng.random() < self._settings.joint_drop:
            return None
        jitter = self._rng.normal(0.0, self._settings.joint_jitter_rad, true.shape)
        return np.asarray(true + np.where(is_angle, jitter, 0.0))

    def _strikes(self, camera: str) -> bool:
        return self._settings.camera in (ALL, camera)

    def _freezes(self, camera: str) -> bool:
        return self._settings.camera_freeze and self._strikes(camera)
