"""The simulated robot without a node: what it sends when, and what it makes of commands, resets and faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from sim_support import CONFIG
from test_trajectories import trajectory

from vita_dataset.errors import DataError
from vita_policy_node.conversions import decode_image, joint_positions, stamp_ns
from vita_sim.faults import FaultSettings
from vita_sim.simulated_robot import CLOCK_HZ, START_NS, SimulatedRobot
from vita_sim.stage import open_stage

SECOND_NS = 10**9
SIZE = (48, 64)
STAGE = open_stage("lift", str(CONFIG / "ur12e.yaml"))
(ARM,) = STAGE.robot.arms
FRONT, WRIST = STAGE.robot.cameras
INFO = "/embodied/front/manip_t/sensor/camera/color/camera_info"


@pytest.fixture
def robot() -> Iterator[SimulatedRobot]:
    made = SimulatedRobot(STAGE, SIZE, seed=3, state_rate_hz=125.0, camera_rate_hz=30.0)
    yield made
    made.close()


def run(robot: SimulatedRobot, duration_ns: int) -> dict[str, list]:
    """What was sent, by topic."""
    sent: dict[str, list] = {topic: [] for topic in robot.topics}
    for topic, message in robot.advance_to(robot.now_ns + duration_ns):
        sent[topic].append(message)
    return sent


def pose(robot: SimulatedRobot) -> np.ndarray:
    (message, *_) = run(robot, 8_000_000)[ARM.state_topic]
    return joint_positions(message, ARM.joints)


def go_to(robot: SimulatedRobot, target: np.ndarray, duration_ns: int = SECOND_NS) -> None:
    robot.command(0, trajectory([(duration_ns, target)], ARM.joints))


def test_everything_comes_at_its_rate_with_stamps_of_simulated_time_and_none_ahead_of_the_clock(robot):
    now_ns, counts = 0, dict.fromkeys(robot.topics, 0)
    for topic, message in robot.advance_to(START_NS + SECOND_NS):
        counts[topic] += 1
        if topic == "/clock":
            assert stamp_ns_of_clock(message) > now_ns
            now_ns = stamp_ns_of_clock(message)
        else:
            assert stamp_ns(message) == now_ns
    assert counts[ARM.state_topic] == 125
    assert counts[FRONT.topic] == counts[WRIST.topic] == counts[INFO] == 30
    assert CLOCK_HZ <= counts["/clock"] <= CLOCK_HZ + 30
    assert robot.now_ns == START_NS + SECOND_NS


def stamp_ns_of_clock(message) -> int:
    return message.clock.sec * SECOND_NS + message.clock.nanosec


def test_pictures_show_the_scene_and_joint_states_its_pose(robot):
    sent = run(robot, SECOND_NS // 10)
    front, wrist = (decode_image(sent[camera.topic][0], *SIZE) for camera in (FRONT, WRIST))
    assert front.std() > 10
    assert (front != wrist).any()
    state = sent[ARM.state_topic][0]
    np.testing.assert_allclose(joint_positions(state, ARM.joints), robot.simulation.positions(), atol=1e-3)
    assert np.abs(state.velocity).max() < 0.1
    assert (sent[INFO][0].header.stamp, sent[INFO][0].header.frame_id) == (
        sent[FRONT.topic][0].header.stamp,
        sent[FRONT.topic][0].header.frame_id,
    )


def test_the_arm_follows_a_trajectory_of_several_points(robot):
    start = pose(robot)
    way = np.array([0.3, -0.2, 0.1, 0.0, 0.0, 0.2, -0.5])
    robot.command(0, trajectory([(SECOND_NS, start + way), (2 * SECOND_NS, start)], ARM.joints))
    run(robot, SECOND_NS // 2)
    np.testing.assert_allclose(pose(robot), start + way / 2, atol=0.05)
    run(robot, SECOND_NS // 2)
    np.testing.assert_allclose(pose(robot), start + way, atol=0.05)
    run(robot, 3 * SECOND_NS // 2)
    np.testing.assert_allclose(pose(robot), start, atol=0.01)


def test_measured_velocities_are_those_of_the_motion(robot):
    start = pose(robot)
    go_to(robot, start + np.array([0.5, 0, 0, 0, 0, 0, -0.5]))
    message = run(robot, SECOND_NS // 2)[ARM.state_topic][-1]
    np.testing.assert_allclose(np.array(message.velocity)[[0, 6]], [0.5, -0.5], atol=0.05)


def test_a_refused_command_leaves_the_one_before_in_force(robot):
    start = pose(robot)
    go_to(robot, start + 0.1)
    with pytest.raises(DataError, match="must name each joint"):
        robot.command(0, trajectory([(1, [0.0])], ["elbow_joint"]))
    run(robot, 3 * SECOND_NS // 2)
    np.testing.assert_allclose(pose(robot)[:6], start[:6] + 0.1, atol=0.02)


def test_after_a_reset_time_runs_on_and_no_command_or_picture_from_before_has_an_effect(robot):
    start = robot.simulation.positions()
    robot.change_faults(FaultSettings(camera_delay_ns=SECOND_NS))
    go_to(robot, start + 0.5)
    run(robot, SECOND_NS // 2)
    robot.reset(3)
    reset_ns = robot.now_ns
    np.testing.assert_array_equal(robot.simulation.positions(), start)
    sent = run(robot, 3 * SECOND_NS)
    assert all(stamp_ns(message) > reset_ns for topic in sent if topic != "/clock" for message in sent[topic])
    np.testing.assert_allclose(robot.simulation.positions(), start, atol=2e-3)


def test_a_negative_seed_is_refused_and_changes_nothing(robot):
    before = robot.simulation.positions()
    with pytest.raises(DataError, match="0 or more, but is -1"):
        robot.reset(-1)
    np.testing.assert_array_equal(robot.simulation.positions(), before)


def test_late_pictures_keep_their_stamps_and_their_order(robot):
    robot.change_faults(FaultSettings(camera="front", camera_delay_ns=SECOND_NS // 2))
    late = []
    for topic, message in robot.advance_to(robot.now_ns + SECOND_NS):
        if topic == "/clock":
            now_ns = stamp_ns_of_clock(message)
        if topic == FRONT.topic:
            late.append((stamp_ns(message), now_ns - stamp_ns(message)))
        if topic == WRIST.topic:
            assert stamp_ns(message) == now_ns
    assert len(late) == 15
    assert late == sorted(late)
    assert all(SECOND_NS // 2 <= delay_ns <= SECOND_NS // 2 + SECOND_NS / CLOCK_HZ for _, delay_ns in late)


def test_a_dropped_camera_sends_neither_pictures_nor_calibration(robot):
    robot.change_faults(FaultSettings(camera="front", camera_drop=1.0))
    sent = run(robot, SECOND_NS // 5)
    assert not sent[FRONT.topic]
    assert not sent[INFO]
    assert sent[WRIST.topic]


def test_a_stuck_joint_stays_while_the_others_move_and_is_free_afterwards(robot):
    start = pose(robot)
    robot.change_faults(FaultSettings(stuck_joint="elbow_joint"))
    go_to(robot, start + 0.3)
    run(robot, 3 * SECOND_NS // 2)
    moved = pose(robot) - start
    assert abs(moved[2]) < 0.02
    assert moved[0] > 0.25
    robot.change_faults(FaultSettings())
    run(robot, SECOND_NS // 2)
    assert (pose(robot) - start)[2] > 0.25


def test_a_stuck_joint_is_stuck_where_a_reset_puts_it(robot):
    robot.change_faults(FaultSettings(stuck_joint="elbow_joint"))
    robot.reset(11)
    start = robot.simulation.positions()
    run(robot, SECOND_NS // 2)
    np.testing.assert_allclose(robot.simulation.positions(), start, atol=2e-3)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (FaultSettings(camera="left"), "must be 'all' or one of ['front', 'wrist_right'], but is 'left'"),
        (FaultSettings(stuck_joint="knee"), "but is 'knee'"),
    ],
)
def test_a_fault_of_what_is_not_there_is_refused_and_changes_nothing(robot, wrong, words):
    with pytest.raises(DataError) as error:
        robot.change_faults(replace(wrong, joint_drop=1.0))
    assert words in str(error.value)
    assert robot.faults == FaultSettings()
