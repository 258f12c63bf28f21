from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sim_support import REPEATABLE, simulation_of

from vita_sim.ik import ArmKinematics, pointing_down

SIMULATION = simulation_of("bar")
ARMS = {arm: ArmKinematics(SIMULATION.model, arm) for arm in SIMULATION.scene.arms}
HOME = SIMULATION.scene.home_vector.reshape(2, 7)[:, :6]
offsets = st.lists(st.floats(-0.4, 0.4), min_size=6, max_size=6).map(np.array)


def turn_between(one: np.ndarray, other: np.ndarray) -> float:
    """The angle between two rotations [rad]."""
    return float(np.arccos(np.clip((np.trace(one.T @ other) - 1) / 2, -1.0, 1.0)))


def distance(kinematics: ArmKinematics, angles: np.ndarray, position: np.ndarray, rotation: np.ndarray) -> float:
    at, turned = kinematics.pose(angles)
    return float(np.hypot(np.linalg.norm(position - at), turn_between(rotation, turned)))


@REPEATABLE
@given(arm=st.sampled_from([0, 1]), start=offsets, goal=offsets)
def test_a_step_comes_nearer_to_any_pose_in_reach(arm, start, goal):
    kinematics = ARMS[SIMULATION.scene.arms[arm]]
    angles = HOME[arm] + start
    pose = kinematics.pose(HOME[arm] + goal)
    before = distance(kinematics, angles, *pose)
    stepped = kinematics.step(angles, *pose, max_move_m=10.0, max_joint_rad=0.01)
    after = distance(kinematics, stepped, *pose)
    # A pose that is reached stays reached.
    assert after < before or after < 1e-3


@REPEATABLE
@given(arm=st.sampled_from([0, 1]), start=offsets, goal=offsets)
def test_steps_end_at_any_pose_in_reach(arm, start, goal):
    kinematics = ARMS[SIMULATION.scene.arms[arm]]
    angles = HOME[arm] + start
    position, rotation = kinematics.pose(HOME[arm] + goal)
    for _ in range(300):
        angles = kinematics.step(angles, position, rotation, max_move_m=0.02, max_joint_rad=0.05)
    at, turned = kinematics.pose(angles)
    assert np.linalg.norm(position - at) < 1e-3
    assert turn_between(rotation, turned) < 1e-2


@REPEATABLE
@given(start=offsets, goal=offsets, longest=st.floats(1e-4, 0.1))
def test_no_joint_moves_further_than_allowed(start, goal, longest):
    kinematics = ARMS["right_"]
    angles = HOME[0] + start
    stepped = kinematics.step(angles, *kinematics.pose(HOME[0] + goal), max_move_m=0.5, max_joint_rad=longest)
    assert np.abs(stepped - angles).max() <= longest * (1 + 1e-9)


def test_a_step_is_no_longer_than_allowed():
    kinematics = ARMS["right_"]
    at, turned = kinematics.pose(HOME[0])
    stepped = kinematics.step(HOME[0], at + np.array([0.1, 0.1, 0.0]), turned, max_move_m=0.01, max_joint_rad=1.0)
    assert np.linalg.norm(kinematics.pose(stepped)[0] - at) == pytest.approx(0.01, rel=0.1)


def test_the_pose_is_that_of_the_simulation_and_leaves_it_alone():
    simulation = simulation_of("bar")
    before = simulation.data.qpos.copy()
    for arm, angles in zip(simulation.scene.arms, simulation.positions().reshape(2, 7)[:, :6], strict=True):
        position, rotation = ArmKinematics(simulation.model, arm).pose(angles)
        site = simulation.data.site(arm + "grasp")
        np.testing.assert_allclose(position, site.xpos, atol=1e-12)
        np.testing.assert_allclose(rotation.flatten(), site.xmat, atol=1e-12)
        ArmKinematics(simulation.model, arm).step(angles, position + 0.1, rotation, 0.1, 0.1)
    np.testing.assert_array_equal(simulation.data.qpos, before)


@REPEATABLE
@given(st.floats(-7.0, 7.0))
def test_pointing_down_is_a_rotation_with_the_fingers_moving_across_the_yaw(yaw):
    rotation = pointing_down(yaw)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    np.testing.assert_allclose(rotation[:, 2], [0.0, 0.0, -1.0])
    fingers = rotation[:, 0]
    assert abs(fingers @ [-np.sin(yaw), np.cos(yaw), 0.0]) == pytest.approx(1.0)


def test_home_points_both_grippers_down_at_the_same_height():
    for arm, angles, side in zip(SIMULATION.scene.arms, HOME, (-1, 1), strict=True):
        position, rotation = ARMS[arm].pose(angles)
        np.testing.assert_allclose(position, [0.42, side * 0.17, 0.26], atol=1e-3)
        assert turn_between(rotation, pointing_down(side * np.pi / 2)) < 1e-3


def test_an_arm_that_is_not_in_the_model_is_no_arm():
    with pytest.raises(KeyError):
        ArmKinematics(mujoco.MjModel.from_xml_string("<mujoco/>"), "right_")
