from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from sim_support import robot_of

from vita_dataset.robot import Arm, CameraSource
from vita_policy_node.conversions import decode_image, joint_positions
from vita_sim.messages import camera_info, image_message, info_topic, joint_state_messages

TIME_NS = 12_000_000_345
STAMP = Time(sec=12, nanosec=345)
RAW = CameraSource("front", "/cell/color/image_raw", "key")
JPEG = CameraSource("wrist", "/arm/color/image_raw/compressed", "key", "compressed")


def gradient() -> np.ndarray:
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack((rows * 4, columns * 3, np.full_like(rows, 40)), axis=2).astype(np.uint8)


def arm(state_topic: str, joints: tuple[str, ...]) -> Arm:
    (known,) = robot_of("lift").arms
    return replace(known, state_topic=state_topic, joints=joints)


def test_a_raw_picture_arrives_to_the_bit():
    message = image_message(RAW, gradient(), TIME_NS)
    assert (message.encoding, message.height, message.width, message.step) == ("rgb8", 48, 64, 192)
    assert (message.header.stamp, message.header.frame_id) == (STAMP, "front_optical_frame")
    np.testing.assert_array_equal(decode_image(message, 48, 64), gradient())


def test_a_view_of_a_larger_picture_arrives_too():
    message = image_message(RAW, np.concatenate((gradient(), gradient()), axis=1)[:, 64:], TIME_NS)
    np.testing.assert_array_equal(decode_image(message, 48, 64), gradient())


def test_a_compressed_picture_arrives_with_its_colours():
    message = image_message(JPEG, gradient(), TIME_NS)
    assert message.format == "rgb8; jpeg compressed bgr8"
    assert (message.header.stamp, message.header.frame_id) == (STAMP, "wrist_optical_frame")
    difference = decode_image(message, 48, 64).astype(int) - gradient()
    assert np.abs(difference).mean() < 4


@pytest.mark.parametrize(("camera", "topic"), [(RAW, "/cell/color/camera_info"), (JPEG, "/arm/color/camera_info")])
def test_the_calibration_is_published_beside_the_pictures(camera, topic):
    assert info_topic(camera) == topic


def test_the_calibration_is_that_of_the_field_of_view():
    fovy_rad = math.radians(40)
    message = camera_info(RAW, (48, 64), fovy_rad, TIME_NS)
    assert (message.height, message.width, message.header.stamp) == (48, 64, STAMP)
    assert message.header.frame_id == "front_optical_frame"
    matrix = np.array(message.k).reshape(3, 3)
    # A point on the upper edge of the view, half a pixel above the centre of the first row.
    assert (matrix @ [0.0, -math.tan(fovy_rad / 2), 1.0])[1] == pytest.approx(-0.5)
    np.testing.assert_allclose((matrix @ [0.0, 0.0, 1.0])[:2], [31.5, 23.5])
    np.testing.assert_array_equal(np.array(message.p).reshape(3, 4)[:, :3], matrix)


def test_joint_states_have_the_robot_files_names_and_one_message_a_topic():
    arms = (arm("/r", ("r1", "r2")), arm("/l", ("l1",)), arm("/r", ("t1",)))
    positions, velocities = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.1, 0.2, 0.3, 0.4])
    messages = joint_state_messages(arms, positions, velocities, TIME_NS)
    assert list(messages) == ["/r", "/l"]
    assert list(messages["/r"].name) == ["r1", "r2", "t1"]
    assert list(messages["/r"].velocity) == [0.1, 0.2, 0.4]
    assert messages["/r"].header.stamp == STAMP
    np.testing.assert_array_equal(joint_positions(messages["/r"], ["t1", "r1"]), [4.0, 1.0])
    np.testing.assert_array_equal(joint_positions(messages["/l"], ["l1"]), [3.0])
