from __future__ import annotations

import numpy as np
import pytest

from vita_sim.faults import Faults, FaultSettings, describe

IS_ANGLE = np.array([True, True, False])
POSE = np.array([0.1, -0.2, 0.5])


class Camera:
    """Takes a new picture each time, its number in every pixel."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self) -> np.ndarray:
        self.taken += 1
        return np.full((4, 6, 3), self.taken, np.uint8)


def faults(**settings: object) -> Faults:
    made = Faults(np.random.default_rng(0))
    made.change(FaultSettings(**settings))
    return made


def numbers(made: Faults, camera: Camera, name: str = "front", count: int = 3) -> list[int | None]:
    pictures = [made.picture(name, camera) for _ in range(count)]
    return [None if picture is None else int(picture[0, 0, 0]) for picture in pictures]


def test_without_faults_everything_passes_unchanged():
    made = faults()
    assert numbers(made, Camera()) == [1, 2, 3]
    np.testing.assert_array_equal(made.positions(POSE, IS_ANGLE), POSE)
    assert made.delay_ns("front") == 0


def test_an_unplugged_camera_sends_nothing_and_takes_no_picture():
    camera = Camera()
    assert numbers(faults(camera_drop=1.0), camera) == [None] * 3
    assert camera.taken == 0


def test_a_share_is_dropped():
    came = [number is not None for number in numbers(faults(camera_drop=0.3), Camera(), count=250)]
    assert 0.6 < np.mean(came) < 0.8


def test_a_frozen_camera_repeats_its_first_picture_until_it_thaws():
    made, camera = faults(), Camera()
    assert numbers(made, camera, count=2) == [1, 2]
    made.change(FaultSettings(camera_freeze=True))
    assert numbers(made, camera) == [3, 3, 3]
    made.change(FaultSettings())
    assert numbers(made, camera, count=2) == [4, 5]
    made.change(FaultSettings(camera_freeze=True))
    assert numbers(made, camera, count=2) == [6, 6]


def test_frozen_cameras_keep_their_own_pictures():
    made, camera = faults(camera_freeze=True), Camera()
    assert numbers(made, camera, "front", 2) == [1, 1]
    assert numbers(made, camera, "wrist", 2) == [2, 2]
    assert numbers(made, camera, "front", 1) == [1]


def test_a_black_camera_sends_zeros():
    assert numbers(faults(camera_black=True), Camera()) == [0, 0, 0]


def test_faults_strike_the_camera_that_is_named():
    made = faults(camera="wrist", camera_black=True, camera_delay_ns=5)
    assert numbers(made, Camera(), "front") == [1, 2, 3]
    assert numbers(made, Camera(), "wrist") == [0, 0, 0]
    assert (made.delay_ns("front"), made.delay_ns("wrist")) == (0, 5)


def test_jitter_has_the_scale_asked_for_and_leaves_grippers_alone():
    made = faults(joint_jitter_rad=0.1)
    measured = np.array([made.positions(POSE, IS_ANGLE) for _ in range(2000)])
    np.testing.assert_allclose(measured.std(axis=0)[:2], 0.1, rtol=0.1)
    np.testing.assert_array_equal(measured[:, 2], POSE[2])
    np.testing.assert_allclose(measured.mean(axis=0), POSE, atol=0.01)


@pytest.mark.parametrize(("share", "lost"), [(1.0, 100), (0.0, 0)])
def test_joint_states_are_lost(share, lost):
    made = faults(joint_drop=share)
    assert sum(made.positions(POSE, IS_ANGLE) is None for _ in range(100)) == lost


def test_faults_are_described():
    assert describe(FaultSettings()) == "none"
    assert describe(FaultSettings("front", camera_freeze=True)) == "camera front, camera_freeze True"
