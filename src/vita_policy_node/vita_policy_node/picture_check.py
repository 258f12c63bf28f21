"""Notices cameras that send pictures which show nothing: of one colour, or the same one again and again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vita_policy_node.contract import CameraInput, Layout
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.plausibility import Finding

GRID = 64
"""The spread is taken from about so many rows and columns of a picture: enough to see any scene, and fast."""


@dataclass(eq=False)
class _Seen:
    """A camera's picture as its message has it, the pose [A] when it first came, and whether the arm moved since."""

    data: Any
    pose: NDArray[np.float64]
    frozen: bool = False


class PictureCheck:
    """Looks at the pictures of each observation before the policy does. It remembers one picture of each camera.

    Blank: the values of no colour spread. A dead sensor or a lens cap leaves at most a little noise.

    Frozen: the bytes are those of the observation before, although the arm has moved since they came first. That stays
    so until others come, even if the arm is moved back. Stamps do not tell: a driver may put fresh ones on old pixels.
    A picture without noise repeats while nothing moves, and a slow camera behind a fast driver repeats a few times;
    neither is a fault.
    """

    def __init__(self, layout: Layout, blank_spread: float, frozen_move_rad: float) -> None:
        """Keep the limits.

        Args:
            layout: names the cameras.
            blank_spread: least standard deviation of a picture's values [levels of 255], 0 = not checked.
            frozen_move_rad: how far a joint may move while a picture stays the same, 0 = not checked.
        """
        self._layout = layout
        self.retune(blank_spread, frozen_move_rad)
        self._seen: dict[int, _Seen] = {}

    def retune(self, blank_spread: float, frozen_move_rad: float) -> None:
        """Other limits from the next observation on; what was seen is not forgotten."""
        self._blank_spread = blank_spread
        self._frozen_move_rad = frozen_move_rad

    def check(
        self, matched: MatchedSet, images: Mapping[str, NDArray[np.uint8]], pose: NDArray[np.float64]
    ) -> Finding | None:
        """Judge all pictures of an observation.

        Args:
            matched: the messages.
            images: the same pictures decoded, uint8 [H, W, 3] for each image key.
            pose: the pose measured with them, float64 [A] in the order of the action.
        """
        reasons, faults = [], []
        for camera in self._layout.cameras:
            name = self._layout.streams[camera.stream].name
            repeats = self._repeats(camera, matched.messages[camera.stream].data, pose)
            if spread(images[camera.key]) < self._blank_spread:
                reasons.append(f"{name} sends blank pictures of one colour; uncover its lens or restart its driver")
                faults.append(f"blank: {name}")
            elif repeats:
                reasons.append(f"{name} is frozen: it repeats a picture while the arm moves; restart its driver")
                faults.append(f"frozen: {name}")
        return Finding("; ".join(reasons), tuple(faults)) if reasons else None

    def _repeats(self, camera: CameraInput, data: Any, pose: NDArray[np.float64]) -> bool:
        if not self._frozen_move_rad:
            return False
        seen = self._seen.get(camera.stream)
        if seen is None or seen.data != data:
            self._seen[camera.stream] = _Seen(data, pose)
            return False
        moved = np.abs(pose - seen.pose)[list(camera.moved_by)]
        seen.frozen |= bool((moved > self._frozen_move_rad).any())
        return seen.frozen


def spread(image: NDArray[np.uint8]) -> float:
    """The largest standard deviation of a colour [levels of 255] over a grid of pixels of uint8 [H, W, C]."""
    rows, columns = (max(1, size // GRID) for size in image.shape[:2])
    _, deviations = cv2.meanStdDev(np.ascontiguousarray(image[::rows, ::columns]))
    return float(deviations.max())
