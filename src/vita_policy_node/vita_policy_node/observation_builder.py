"""Matched sets of messages become what the policy sees, or are refused. Runs in the inference thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_policy_node.contract import JointInput, Layout
from vita_policy_node.conversions import decode_image, joint_positions
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.picture_check import PictureCheck
from vita_policy_node.plausibility import ImplausibleError
from vita_policy_node.settings import NodeSettings
from vita_train.policy.observation import Observation

LARGEST_POSITION = 1e6
"""No joint is measured further from 0, whatever its unit; the policy's float32 would make an infinity of 1e39."""


class ObservationBuilder:
    """Builds one observation after the other and looks whether its pictures can be true."""

    def __init__(self, layout: Layout, settings: NodeSettings) -> None:
        self._layout = layout
        self._pictures = PictureCheck(layout, settings.blank_spread, settings.frozen_move_rad)
        self._built: list[tuple[Sequence[Any], Observation]] = []

    def retune(self, settings: NodeSettings) -> None:
        """Take over the live settings; may be called from any thread."""
        self._pictures.retune(settings.blank_spread, settings.frozen_move_rad)

    def build(self, matched: MatchedSet) -> tuple[Observation, ...]:
        """What the policy looks at, the oldest first; see ``build_observation``.

        A set that was part of what the policy looked at last is not decoded again.

        Raises:
            DataError: a message is not what the robot file promised; it names the stream.
            ImplausibleError: a camera sends blank pictures or repeats one while the arm moves.
        """
        before, self._built = self._built, []
        for each in (*matched.earlier, matched):
            # A set is known by its messages, which are the same objects however it was handed on.
            done = (built for messages, built in (*before, *self._built) if messages is each.messages)
            self._built.append((each.messages, next(done, None) or self._build(each)))
        return tuple(built for _, built in self._built)

    def _build(self, matched: MatchedSet) -> Observation:
        layout = self._layout
        observation = build_observation(layout, matched)
        pose = read_joints(layout, layout.pose, matched.messages)
        finding = self._pictures.check(matched, observation.images, pose)
        if finding is not None:
            raise ImplausibleError(finding)
        return observation


def build_observation(layout: Layout, matched: MatchedSet) -> Observation:
    """Decode, resize and order a matched set.

    Raises:
        DataError: a message is not what the robot file promised; it names the stream.
    """
    images = {}
    for camera in layout.cameras:
        try:
            images[camera.key] = decode_image(matched.messages[camera.stream], camera.height, camera.width)
        except DataError as error:
            raise DataError(f"{layout.streams[camera.stream].name}: {error}") from error
    state = read_joints(layout, layout.state, matched.messages).astype(np.float32)
    return Observation(stamp_ns=matched.stamp_ns, images=images, state=state)


def read_joints(layout: Layout, joints: Sequence[JointInput], messages: Sequence[Any]) -> NDArray[np.float64]:
    """The positions of ``joints`` from the messages of all streams.

    Returns:
        float64 [n] in the order of ``joints``, in the robot's units.

    Raises:
        DataError: a joint is missing, not finite, or beyond ``LARGEST_POSITION``; it names the stream.
    """
    values = np.empty(len(joints), dtype=np.float64)
    for stream in sorted({joint.stream for joint in joints}):
        rows = [row for row, joint in enumerate(joints) if joint.stream == stream]
        try:
            values[rows] = joint_positions(messages[stream], [joints[row].joint for row in rows])
        except DataError as error:
            raise DataError(f"{layout.streams[stream].name}: {error}") from error
        wild = [joints[row].joint for row in rows if not abs(values[row]) <= LARGEST_POSITION]
        if wild:
            raise DataError(
                f"{layout.streams[stream].name}: the measured position of {wild} is beyond {LARGEST_POSITION:g}; check "
                "the robot's driver"
            )
    return values
