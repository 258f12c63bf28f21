"""Measurements of a simulation as the messages that the drivers of the real robot send."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState

from vita_dataset.robot import Arm, CameraSource
from vita_policy_node.conversions import to_time

Vector = NDArray[np.float64]

JPEG_QUALITY = 95


def image_message(camera: CameraSource, image: NDArray[np.uint8], time_ns: int) -> Image | CompressedImage:
    """A picture in the camera's transport: sensor_msgs/Image in rgb8, or CompressedImage in jpeg.

    Args:
        camera: of the robot file.
        image: uint8 [H, W, 3] RGB.
        time_ns: when it was taken, for the header.
    """
    if camera.transport == "compressed":
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        message = CompressedImage(format="rgb8; jpeg compressed bgr8")
    else:
        height, width = image.shape[:2]
        message, data = Image(height=height, width=width, encoding="rgb8", step=3 * width), image
    # Assigning bytes would have every single one checked.
    message.data = array("B", data.tobytes())
    message.header.stamp = to_time(time_ns)
    message.header.frame_id = frame_id(camera)
    return message


def frame_id(camera: CameraSource) -> str:
    """The frame of a camera's pictures: x to the right, y down, z away from it (REP 103)."""
    return f"{camera.name}_optical_frame"


def info_topic(camera: CameraSource) -> str:
    """Where the camera's calibration is published, beside its pictures: "/a/image_raw" has "/a/camera_info"."""
    topic = camera.topic
    if camera.transport == "compressed":
        topic = topic.removesuffix("/compressed")
    return f"{topic.rpartition('/')[0]}/camera_info"


def camera_info(camera: CameraSource, size: tuple[int, int], fovy_rad: float, time_ns: int) -> CameraInfo:
    """The calibration of a pinhole camera without distortion.

    Args:
        camera: of the robot file.
        size: (height, width) of its pictures [pixels].
        fovy_rad: vertical field of view [rad].
        time_ns: that of the picture it belongs to.
    """
    height, width = size
    focal = height / 2 / math.tan(fovy_rad / 2)
    # The centre of the first pixel is 0, so the middle of the picture is half a pixel before width / 2.
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    message = CameraInfo(height=height, width=width, distortion_model="plumb_bob", d=[0.0] * 5)
    message.k = [focal, 0.0, middle_x, 0.0, focal, middle_y, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [focal, 0.0, middle_x, 0.0, 0.0, focal, middle_y, 0.0, 0.0, 0.0, 1.0, 0.0]
    message.header.stamp = to_time(time_ns)
    message.header.frame_id = frame_id(camera)
    return message


def joint_state_messages(
    arms: Sequence[Arm], positions: Vector, velocities: Vector, time_ns: int
) -> dict[str, JointState]:
    """The joint states by topic; arms that share a topic share a message.

    Args:
        arms: of the robot file, in the order of the vectors.
        positions: [A], the joints of all arms one after the other [rad, gripper ratio].
        velocities: [A], the same per second.
        time_ns: when they were measured, for the header.
    """
    messages: dict[str, JointState] = {}
    start = 0
    for arm in arms:
        message = messages.setdefault(arm.state_topic, JointState())
        end = start + len(arm.joints)
        message.name = [*message.name, *arm.joints]
        message.position = array("d", [*message.position, *positions[start:end]])
        message.velocity = array("d", [*message.velocity, *velocities[start:end]])
        message.header.stamp = to_time(time_ns)
        start = end
    return messages
