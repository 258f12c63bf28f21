from __future__ import annotations

import cv2
import numpy as np
import pytest
from policy_node_fakes import NAMES, PERIOD_NS, START_NS, image, joint_state
from sensor_msgs.msg import CompressedImage, Image

from vita_dataset.errors import DataError
from vita_dataset.image import fit_image
from vita_policy_node.conversions import (
    chunk_message,
    decode_image,
    joint_positions,
    stamp_ns,
    to_time,
    trajectory_message,
)
from vita_train.policy.observation import ActionChunk

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (24, 30, 3), dtype=np.uint8)


def message(pixels: np.ndarray, encoding: str, padding: int = 0, **fields: object) -> Image:
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    rows = np.concatenate([rows, np.full((height, padding), 77, np.uint8)], axis=1)
    values = {"height": height, "width": width, "encoding": encoding, "step": rows.shape[1], **fields}
    return Image(data=rows.tobytes(), **values)


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("is_bigendian", [0, 1])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8"])
def test_every_encoding_becomes_rgb_whatever_the_row_padding(encoding, padding, is_bigendian):
    colours = PICTURE if encoding.startswith("rgb") else PICTURE[:, :, ::-1]
    if encoding.endswith("a8"):
        colours = np.concatenate([colours, np.full((24, 30, 1), 255, np.uint8)], axis=2)
    sent = message(np.ascontiguousarray(colours), encoding, padding, is_bigendian=is_bigendian)
    assert np.array_equal(decode_image(sent, 24, 30), PICTURE)


def test_grey_becomes_three_equal_channels():
    decoded = decode_image(message(PICTURE[:, :, :1], "mono8"), 24, 30)
    assert np.array_equal(decoded, np.repeat(PICTURE[:, :, :1], 3, axis=2))


def test_the_size_is_changed_by_the_function_that_the_converter_uses():
    decoded = decode_image(message(PICTURE, "rgb8"), 12, 15)
    assert np.array_equal(decoded, fit_image(PICTURE, 12, 15))


@pytest.mark.parametrize(("suffix", "shape"), [(".png", (24, 30, 3)), (".jpg", (24, 30, 3)), (".png", (24, 30))])
def test_compressed_images_become_rgb(suffix, shape):
    smooth = np.full(shape, 120, dtype=np.uint8)
    if len(shape) == 3:
        smooth[:, :, 0] = 200
    data = cv2.imencode(suffix, smooth[:, :, ::-1] if len(shape) == 3 else smooth)[1].tobytes()
    decoded = decode_image(CompressedImage(format="png", data=data), 24, 30)
    expected = smooth if len(shape) == 3 else np.repeat(smooth[:, :, None], 3, axis=2)
    assert np.abs(decoded.astype(int) - expected).max() <= 3


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (message(PICTURE, "16UC1"), "encoding '16UC1'"),
        (message(PICTURE, "rgb8", step=10), "step 10"),
        (message(PICTURE, "rgb8", height=25), "2160 bytes"),
        (message(PICTURE, "rgb8", width=0), "0 x 24"),
        (Image(encoding="rgb8"), "0 x 0"),
        (CompressedImage(format="jpeg", data=b""), "no whole jpeg"),
        (CompressedImage(format="jpeg", data=b"\xff\xd8 no picture"), "no whole jpeg"),
    ],
)
def test_a_broken_image_is_refused_with_its_reason(broken, words):
    with pytest.raises(DataError, match=words):
        decode_image(broken, 24, 30)


def test_broken_pictures_of_any_length_have_one_reason():
    """A hold is logged and counted by its reason."""
    reasons = set()
    for length in (0, 10, 1000):
        with pytest.raises(DataError) as error:
            decode_image(CompressedImage(format="jpeg", data=bytes(length)), 24, 30)
        reasons.add(str(error.value))
    assert len(reasons) == 1


def test_joints_are_read_by_name():
    state = joint_state(START_NS, (3.0, 1.0, 2.0), ("grip", "j1", "j2"))
    assert joint_positions(state, ("j1", "j2", "grip")).tolist() == [1.0, 2.0, 3.0]
    assert joint_positions(state, ("j2",)).tolist() == [2.0]


@pytest.mark.parametrize(
    ("positions", "names", "words"),
    [
        ((0.0, 0.0), ("j1", "j2"), "grip"),
        ((0.0, 0.0, 0.0, 0.0), ("j1", "j1", "j2", "grip"), "once"),
        ((0.0, 0.0), ("j1", "j2", "grip"), "3 names but 2 positions"),
        ((0.0, float("nan"), 0.0), ("j1", "j2", "grip"), r"\['j2'\] is not finite"),
    ],
)
def test_a_broken_joint_state_is_refused(positions, names, words):
    with pytest.raises(DataError, match=words):
        joint_positions(joint_state(START_NS, positions, names), ("j1", "j2", "grip"))


def test_a_command_is_one_point_one_period_ahead():
    command = trajectory_message(("j1", "j2"), np.array([0.25, -1.0]), START_NS, PERIOD_NS)
    assert command.joint_names == ["j1", "j2"]
    (point,) = command.points
    assert list(point.positions) == [0.25, -1.0]
    assert (point.time_from_start.sec, point.time_from_start.nanosec) == (0, PERIOD_NS)
    assert stamp_ns(command) == START_NS


def test_a_chunk_is_written_row_by_row():
    actions = np.arange(6, dtype=np.float32).reshape(2, 3)
    sent = chunk_message(ActionChunk(START_NS, PERIOD_NS, actions, NAMES, 7), NAMES)
    assert (sent.steps, sent.period_ns, sent.inference_ns) == (2, PERIOD_NS, 7)
    assert list(sent.names) == list(NAMES)
    assert list(sent.actions) == [0, 1, 2, 3, 4, 5]
    assert stamp_ns(sent) == START_NS


def test_time_survives_the_message():
    assert stamp_ns(image(START_NS + 123)) == START_NS + 123
    assert to_time(1_500_000_000).nanosec == 500_000_000
