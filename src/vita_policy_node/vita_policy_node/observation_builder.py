"""One matched set of messages becomes what the policy sees, or is refused. Runs in the inference thread."""

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


class ObservationBuilder:
    """Builds one observation after the other and looks whether its pictures can be true."""

    def __init__(self, layout: Layout, settings: NodeSettings) -> None:
        self._layout = layout
        self._pictures = PictureCheck(layout, settings.blank_spread, settings.frozen_move_rad)

    def build(self, matched: MatchedSet) -> Observation:
        """See ``build_observation``.

        Raises:
            DataError: a message is not what the robot file promised; it names the stream.
            ImplausibleError: a camera sends blank pictures or repeats one while the arm moves.
        """
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
        DataError: a joint is missing or not finite; it names the stream.
    """
    values = np.empty(len(joints), dtype=np.float64)
    for stream in sorted({joint.stream for joint in joints}):
        rows = [row for row, joint in enumerate(joints) if joint.stream == stream]
        try:
            values[rows] = joint_positions(messages[stream], [joints[row].joint for row in rows])
        except DataError as error:
            raise DataError(f"{layout.streams[stream].name}: {error}") from error
    return values
