"""The running node on robots that differ from the first one, and when time goes wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from policy_node_bench import Bench, FakeRobot
from policy_node_fakes import HEIGHT, NAMES, PARAMETERS, PERIOD_NS, WIDTH, spec, write_checkpoint
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from trajectory_msgs.msg import JointTrajectory

from vita_dataset.robot import read_robot_file
from vita_dataset.spec import CameraSpec, VectorSpec
from vita_msgs.msg import PolicyStatus
from vita_policy_node.control_loop import PolicyState
from vita_policy_node.diagnostics import STANDSTILL
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.policy_node import PolicyNode
from vita_policy_node.serving import Serving
from vita_train.policy.observation import ActionChunk

SUCCESS = TransitionCallbackReturn.SUCCESS
R2V2 = Path(__file__).resolve().parents[2] / "vita_bringup" / "config" / "r2v2.yaml"


def start(node: PolicyNode, robot: FakeRobot) -> Bench:
    bench = Bench(node, robot)
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert bench.call("start").success
    return bench


def test_with_a_prefix_no_publisher_is_outside_it(make_node, checkpoint):
    node = make_node(checkpoint=str(checkpoint), command_prefix="/replay")
    bench = start(node, FakeRobot())
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.wait(lambda: node._loop.counts.commands >= 10, "10 commands")
    commanding = [publisher.topic_name for publisher in node.publishers if publisher.msg_type is JointTrajectory]
    assert commanding == ["/replay/arm/joint_trajectory"]
    assert bench.robot.commands == []
    bench.close()


@pytest.mark.parametrize("stamped", [False, True])
def test_commands_start_at_once_unless_they_are_to_be_stamped(make_node, checkpoint, stamped):
    bench = start(make_node(checkpoint=str(checkpoint), stamp_commands=stamped), FakeRobot())
    bench.wait(lambda: bench.robot.commands, "a command")
    assert (bench.robot.commands[0].header.stamp.sec > 0) is stamped
    bench.close()


def test_a_stopped_clock_is_told_and_recovered_from(make_node, checkpoint):
    node = make_node(checkpoint=str(checkpoint), use_sim_time=True)
    bench = start(node, FakeRobot(clock=True))
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.robot.silent.add("/clock")
    bench.wait_for_state(PolicyStatus.HOLDING, "the control timer stands still")
    bench.wait(
        lambda: bench.robot.diagnostics and bench.robot.diagnostics[-1].status[0].level == DiagnosticStatus.WARN,
        "a diagnostic warning",
    )
    # However slowly simulated time goes, its arm is no faster: nothing is lost.
    assert node._loop.sync.newest_set() is not None
    bench.robot.silent.clear()
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.close()


def test_without_ticks_on_the_system_s_clock_everything_is_forgotten(bench):
    bench.call("start")
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.node._timer.ticked_ns -= 10**9
    bench.node._report()
    assert bench.node._loop.sync.newest_set() is None
    assert (bench.node._board.state, bench.node._board.reason) == (PolicyState.HOLDING, STANDSTILL)
    bench.wait_for_state(PolicyStatus.RUNNING)


def test_a_clock_that_never_came_is_told(make_node, checkpoint):
    bench = start(make_node(checkpoint=str(checkpoint), use_sim_time=True), FakeRobot())
    bench.wait_for_state(PolicyStatus.HOLDING, "the control timer stands still")
    bench.close()


def test_the_clock_is_not_exchanged_once_configured(bench):
    (result,) = bench.node.set_parameters([Parameter("use_sim_time", value=True)])
    assert not result.successful
    assert not bench.node.get_clock().ros_time_is_active


def test_a_bug_is_an_error_in_the_diagnostics(bench, monkeypatch):
    def crash(*_arguments: object) -> None:
        raise RuntimeError("device lost")

    monkeypatch.setattr(ObservationBuilder, "build", crash)
    bench.call("start")
    bench.wait_for_state(PolicyStatus.IDLE, "internal error")
    told = bench.robot.diagnostics
    bench.wait(lambda: told and told[-1].status[0].level == DiagnosticStatus.ERROR, "a diagnostic error")


def test_a_robot_file_may_say_which_joints_are_grippers_and_which_arm_carries_a_camera(make_node, checkpoint, capfd):
    arm = {**PARAMETERS["arm"]["arm"], "is_gripper": [False, True, True]}
    camera = {**PARAMETERS["camera"], "wrist": {**PARAMETERS["camera"]["wrist"], "arm": "arm"}}
    node = make_node(checkpoint=str(checkpoint), arm={"arm": arm}, camera=camera)
    assert node.trigger_configure() == SUCCESS
    assert node._loop.layout.arm_joints.tolist() == [True, False, False]
    assert "grippers: ['elbow', 'gripper']" in capfd.readouterr().err
    assert [camera.moved_by for camera in node._loop.layout.cameras] == [(0,), (0,)]


def test_a_stuck_joint_is_told_and_counted_until_the_next_start(make_node, checkpoint, monkeypatch):
    def sweep(_serving: Serving, matched: MatchedSet) -> ActionChunk:
        times_s = (matched.stamp_ns + PERIOD_NS * np.arange(16)) % 10**10 / 1e9
        actions = np.stack([0.3 * np.sin(0.8 * np.pi * times_s)] * 3, axis=1).astype(np.float32)
        return ActionChunk(matched.stamp_ns, PERIOD_NS, actions, NAMES)

    monkeypatch.setattr(Serving, "predict", sweep)
    node = make_node(checkpoint=str(checkpoint))
    robot = FakeRobot()
    robot.stuck.add("j1")
    bench = start(node, robot)
    bench.wait_for_state(PolicyStatus.HOLDING, "shoulder does not move although commanded")
    bench.wait(
        lambda: any(
            value.key == "fault, stuck: shoulder" for told in robot.diagnostics for value in told.status[0].values
        ),
        "the fault in the diagnostics",
    )
    robot.stuck.clear()
    assert bench.call("stop").success
    assert bench.call("start").success
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.close()


@pytest.mark.parametrize(
    "qos",
    [
        QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
        QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
    ],
    ids=["best_effort", "transient_local"],
)
def test_whatever_quality_the_drivers_offer_is_received(make_node, checkpoint, qos):
    bench = start(make_node(checkpoint=str(checkpoint)), FakeRobot(qos=qos))
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.close()


def test_two_arms_get_the_commands_of_their_own_joints(ros, tmp_path):
    robot = read_robot_file(R2V2)
    names = robot.policy_names[::-1]
    dataset = spec(
        cameras=tuple(CameraSpec(camera.key, HEIGHT, WIDTH) for camera in robot.cameras),
        state=VectorSpec("observation.state", 16, robot.policy_names),
        action=VectorSpec("action", 16, names),
    )
    path = write_checkpoint(tmp_path, dataset)
    bench = start(
        PolicyNode(cli_args=["--ros-args", "--params-file", str(R2V2), "-p", f"checkpoint:={path}"]), FakeRobot(robot)
    )
    tuples = [arm.joints for arm in robot.arms]
    bench.wait(lambda: {tuple(c.joint_names) for c in bench.robot.commands} == set(tuples), "commands for both arms")
    for arm in robot.arms:
        first = next(c for c in bench.robot.commands if tuple(c.joint_names) == arm.joints)
        pose = bench.robot.home(arm.joints)
        assert (np.abs(np.array(first.points[0].positions) - pose) <= np.array(arm.max_step) + 1e-9).all()
    bench.close()
