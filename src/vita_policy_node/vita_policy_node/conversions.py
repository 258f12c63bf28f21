"""Messages to arrays and back. Works on any object with the fields of the ROS message."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from cv_bridge import CvBridge, CvBridgeError
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image, JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vita_dataset.errors import DataError
from vita_dataset.image import fit_image
from vita_msgs.msg import ActionChunk as ActionChunkMsg
from vita_train.policy.observation import ActionChunk

NS_PER_S = 1_000_000_000

CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}
"""The image encodings accepted: 8-bit pictures. Depth and raw sensor patterns are no input for the network."""

MESSAGE_TYPES = {"raw": Image, "compressed": CompressedImage, "joint_state": JointState}
"""The message of each kind of input stream."""

_BRIDGE = CvBridge()

_SHORT = reprlib.Repr()
_SHORT.maxlist, _SHORT.maxstring = 20, 60
"""What a message says goes into a reason, and from there into log and status: never more than so much of it."""


class Stamped(Protocol):
    """A message with a std_msgs/Header."""

    header: Any


def stamp_ns(message: Stamped) -> int:
    """The header's stamp [ns]."""
    stamp = message.header.stamp
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


def to_time(time_ns: int) -> Time:
    """Nanoseconds, 0 or more, as builtin_interfaces/Time."""
    return Time(sec=time_ns // NS_PER_S, nanosec=time_ns % NS_PER_S)


def decode_image(message: Image | CompressedImage, height: int, width: int) -> NDArray[np.uint8]:
    """A camera message as the network's dataset stores it.

    Args:
        message: sensor_msgs/Image in an encoding of ``CHANNELS``, or CompressedImage (jpeg or png).
        height: rows wanted.
        width: columns wanted.

    Returns:
        uint8 [height, width, 3] RGB. It may share the message's memory.

    Raises:
        DataError: unknown encoding, or data that is not the picture which the header describes.
    """
    try:
        if hasattr(message, "encoding"):
            image = _BRIDGE.imgmsg_to_cv2(_tight(message), desired_encoding="rgb8")
        else:
            image = _decode_compressed(message)
    except (cv2.error, CvBridgeError, TypeError, ValueError) as error:
        raise DataError(f"a camera image cannot be decoded ({error}); check the camera driver") from error
    return fit_image(image, height, width)


def _decode_compressed(message: CompressedImage) -> NDArray[np.uint8]:
    picture = _BRIDGE.compressed_imgmsg_to_cv2(message) if len(message.data) else None
    if picture is None:
        told = _SHORT.repr(message.format)
        raise DataError(f"a compressed image in format {told} is no whole jpeg or png; check the camera driver")
    if picture.ndim == 2:
        picture = picture[:, :, None]
    codes = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}
    converted: NDArray[np.uint8] = cv2.cvtColor(picture, codes[picture.shape[2]])
    return converted


def _tight(message: Image) -> Image:
    """The message with rows side by side: not every cv_bridge heeds ``step``, nor checks the length.

    ``is_bigendian`` has no meaning for 8-bit pictures and is cleared, because cv_bridge would swap bytes on it.
    """
    channels = CHANNELS.get(message.encoding)
    if channels is None:
        raise DataError(
            f"a camera sends encoding {_SHORT.repr(message.encoding)}, but one of {list(CHANNELS)} is needed; "
            "set the driver's encoding or use its rectified colour topic"
        )
    row = message.width * channels
    size, step = len(message.data), message.step
    if row == 0 or message.height == 0 or step < row or size != step * message.height:
        raise DataError(
            f"a camera image of {message.width} x {message.height} in '{message.encoding}' must have rows of {row} "
            f"bytes or more and height x step bytes in all, but came with step {step} and {size} bytes; "
            "check the camera driver"
        )
    if step == row and not message.is_bigendian:
        return message
    rows = np.frombuffer(message.data, dtype=np.uint8).reshape(message.height, step)
    return Image(
        header=message.header,
        height=message.height,
        width=message.width,
        encoding=message.encoding,
        step=row,
        data=np.ascontiguousarray(rows[:, :row]).tobytes(),
    )


def joint_positions(message: JointState, joints: Sequence[str]) -> NDArray[np.float64]:
    """The positions of the joints asked for, by name: the order in the message does not matter.

    Returns:
        float64 [n], in the order of ``joints``, in the units of the message (rad, m, or a gripper's ratio).

    Raises:
        DataError: a joint is missing, named twice, without position, or its position is not finite.
    """
    names = list(message.name)
    if len(message.position) != len(names):
        raise DataError(
            f"a joint state has {len(names)} names but {len(message.position)} positions; check the robot's driver"
        )
    missing = [joint for joint in joints if names.count(joint) != 1]
    if missing:
        raise DataError(
            f"a joint state must name each of {missing} once, but names {_SHORT.repr(names)}; "
            "correct the joints or the state_topic in the robot file"
        )
    positions = np.array([message.position[names.index(joint)] for joint in joints], dtype=np.float64)
    if not np.isfinite(positions).all():
        wrong = [joint for joint, value in zip(joints, positions, strict=True) if not np.isfinite(value)]
        raise DataError(f"the measured position of {wrong} is not finite; check the robot's driver")
    return positions


def trajectory_message(
    joints: Sequence[str], positions: NDArray[np.float64], start_ns: int, period_ns: int
) -> JointTrajectory:
    """One point, to be reached one control period after ``start_ns``; 0 means from the moment it is received."""
    point = JointTrajectoryPoint(positions=[float(value) for value in positions])
    point.time_from_start.sec = period_ns // NS_PER_S
    point.time_from_start.nanosec = period_ns % NS_PER_S
    message = JointTrajectory(joint_names=list(joints), points=[point])
    message.header.stamp = to_time(start_ns)
    return message


def chunk_message(chunk: ActionChunk, names: Sequence[str]) -> ActionChunkMsg:
    """A chunk for recording and plotting; ``names`` are the robot's where the checkpoint has none."""
    message = ActionChunkMsg(
        period_ns=chunk.period_ns,
        steps=len(chunk.actions),
        names=list(names),
        actions=np.asarray(chunk.actions, dtype=np.float32).reshape(-1).tolist(),
        inference_ns=chunk.inference_ns,
    )
    message.header.stamp = to_time(chunk.stamp_ns)
    return message
