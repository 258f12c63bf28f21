from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from policy_node_fakes import (
    KEYS,
    NAMES,
    PARAMETERS,
    PERIOD_NS,
    START_NS,
    image,
    joint_state,
    robot,
    settings,
    spec,
    still,
)

from vita_dataset.robot import parse_robot
from vita_dataset.spec import VectorSpec
from vita_dataset.stats import FeatureStats
from vita_policy_node.contract import Layout, check_contract
from vita_policy_node.control_loop import ControlLoop, PolicyState
from vita_policy_node.observation_builder import build_observation
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_policy_node.start_gate import ARRIVAL_NS, StartPoses, ramp

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
POSES = StartPoses(NAMES, np.array([0.4, -0.1, 0.9]), np.array([0.5, 0.1, 1.0]), np.array([True, True, False]))
HOME = (0.45, 0.0, 0.2)


class Arm:
    """A started loop and an arm that is where it was commanded, unless it is stuck."""

    def __init__(self, pose: tuple[float, ...], layout: Layout = LAYOUT, **changes: object) -> None:
        worker = SimulatedWorker(lambda matched: still([build_observation(layout, matched)]), 0)
        self.loop = ControlLoop(layout, settings(**changes), worker, 8, start_poses=POSES)
        self.pose, self.tick_count, self.stuck = pose, 0, False
        self.loop.start()

    def step(self):
        now_ns = START_NS + self.tick_count * PERIOD_NS
        self.tick_count += 1
        for stream, message in enumerate((image(now_ns), image(now_ns), joint_state(now_ns, self.pose))):
            self.loop.add_message(stream, message, now_ns)
        tick = self.loop.tick(now_ns)
        if tick.command is not None and not self.stuck:
            self.pose = tuple(tick.command)
        return tick


@pytest.mark.parametrize("pose", [HOME, (0.301, -0.199, 0.0), (0.599, 0.199, 1.0)])
def test_an_arm_among_the_start_poses_may_start_whatever_its_gripper_does(pose):
    assert Arm(pose).step().state is PolicyState.RUNNING


def test_an_arm_elsewhere_is_refused_by_name_and_nothing_is_sent():
    arm = Arm((0.7, 0.0, 0.2))
    tick = arm.step()
    assert (tick.state, tick.command) == (PolicyState.IDLE, None)
    assert "shoulder at 0.700 and not in 0.400 to 0.500" in tick.reason
    assert "elbow" not in tick.reason
    assert not arm.loop.running
    assert arm.loop.start_refusal(START_NS) == tick.reason
    assert arm.loop.counts.commands == 0
    arm.loop.start()
    arm.pose = HOME
    assert arm.step().state is PolicyState.RUNNING


def test_the_service_knows_before_the_start_only_what_was_measured():
    arm = Arm(HOME)
    assert arm.loop.start_refusal(START_NS) == ""
    arm.step()
    assert arm.loop.start_refusal(START_NS) == ""


@pytest.mark.parametrize("changes", [{"start_gate": "off"}, {"command_prefix": "/replay"}])
def test_nobody_looks_when_it_is_off_or_no_arm_hears(changes):
    assert Arm((2.0, 2.0, 0.2), **changes).step().state is PolicyState.RUNNING


def test_once_passed_it_stays_open_until_the_next_start():
    arm = Arm(HOME)
    arm.step()
    arm.pose = (0.45, 0.2, 0.2)
    arm.loop.discard()
    assert arm.step().state is PolicyState.RUNNING
    arm.pose = (0.45, 0.25, 0.2)
    arm.loop.stop("")
    arm.loop.start()
    assert arm.step().state is PolicyState.IDLE


def test_a_ramp_leads_straight_and_slowly_to_the_nearest_start_pose_and_then_the_policy_begins():
    arm = Arm((0.8, -0.4, 0.2), start_gate="ramp", ramp_speed_rad_s=0.3)
    begin, poses = np.array(arm.pose), []
    while (tick := arm.step()).reason == "moving slowly to a start pose":
        assert tick.state is PolicyState.RUNNING
        poses.append(np.array(tick.command))
        assert arm.loop.counts.chunks == 0
    assert tick.state is PolicyState.RUNNING
    assert arm.loop.counts.chunks == 1
    assert np.allclose(poses[-1], [0.5, -0.1, 0.2])
    way = poses[-1] - begin
    for before, after in zip([begin, *poses], poses, strict=False):
        assert (np.abs(after - before) <= 0.3 * PERIOD_NS / 1e9 + 1e-9).all()
        assert np.allclose(np.cross(after - begin, way), 0.0, atol=1e-9)
    assert 29 <= len(poses) <= 33
    assert not arm.loop.counts.hits


def test_a_ramp_goes_on_after_a_hold():
    arm = Arm((0.8, 0.0, 0.2), start_gate="ramp", ramp_speed_rad_s=1.0)
    for _ in range(3):
        arm.step()
    arm.tick_count += 10
    assert arm.step().reason == "moving slowly to a start pose"
    for _ in range(20):
        tick = arm.step()
    assert (tick.state, tick.reason) == (PolicyState.RUNNING, "")


def test_a_ramp_that_never_arrives_stops():
    arm = Arm((0.62, 0.0, 0.2), start_gate="ramp", ramp_speed_rad_s=1.0)
    arm.stuck = True
    states = []
    while (tick := arm.step()).state is PolicyState.RUNNING:
        states.append(tick.reason)
    assert set(states) == {"moving slowly to a start pose"}
    assert len(states) >= ARRIVAL_NS // PERIOD_NS
    assert tick.state is PolicyState.IDLE
    assert "ended with shoulder at 0.620" in tick.reason


def test_a_ramp_keeps_within_limits_of_acceleration_and_position():
    limited = {**PARAMETERS["arm"]["arm"], "max_acceleration": [1.0, 1.0, 1000.0], "position_min": [0.45, -3.0, 0.0]}
    layout = check_contract(parse_robot({**PARAMETERS, "arm": {"arm": limited}}), spec(), KEYS, settings())
    arm = Arm((0.8, -0.4, 0.2), layout, start_gate="ramp", ramp_speed_rad_s=1.0, limit_mode="hold")
    for _ in range(600):
        if (tick := arm.step()).reason != "moving slowly to a start pose":
            break
    assert (tick.state, tick.reason) == (PolicyState.RUNNING, "")
    assert not arm.loop.counts.hits


def test_the_range_is_that_of_the_first_states_in_the_order_of_the_action():
    dataset = spec(state=VectorSpec("observation.state", 3, NAMES[::-1]))
    layout = check_contract(robot(), dataset, KEYS, settings())
    ones = np.ones(3)
    poses = StartPoses.of(layout, FeatureStats(ones, ones, np.array([3.0, 2.0, 1.0]), np.array([6.0, 5.0, 4.0]), 7))
    assert (poses.low.tolist(), poses.high.tolist()) == ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert poses.checked.tolist() == [True, True, False]


def test_a_pose_that_is_no_number_is_outside():
    assert "elbow at nan" in POSES.outside(np.array([0.45, np.nan, 0.5]), 0.1)
    wide = replace(POSES, low=np.full(3, -np.inf), high=np.full(3, np.inf))
    assert "elbow" in wide.outside(np.array([0.45, np.nan, 0.5]), 0.1)


def test_a_joint_that_cannot_move_stops_the_ramp():
    reached = np.array([0.8, 0.5])
    assert ramp(reached, np.array([0.4, 0.0]), np.array([0.1, 0.0])).tolist() == reached.tolist()
    assert ramp(reached, reached, np.array([0.1, 0.0])).tolist() == reached.tolist()
