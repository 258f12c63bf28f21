"""The node with a real rclpy: transitions, services, commands, faults. A small robot shares its executor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from lifecycle_msgs.srv import GetState
from policy_node_bench import Bench, FakeRobot
from policy_node_fakes import KEYS, spec, wave, write_checkpoint, write_robot_file
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter

from vita_dataset.errors import DataError
from vita_dataset.spec import CameraSpec, VectorSpec
from vita_msgs.msg import PolicyStatus
from vita_policy_node.observation_builder import ObservationBuilder

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


def test_started_it_commands_inside_the_limits_and_stopped_it_is_silent(bench):
    assert bench.call("start").success
    bench.wait(lambda: len(bench.robot.commands) >= 20, "20 commands")
    bench.wait_for_state(PolicyStatus.RUNNING)
    assert not bench.call("start").success
    for command in bench.robot.commands:
        assert command.joint_names == ["j1", "j2", "grip"]
        (point,) = command.points
        assert (np.abs(point.positions) <= [3.0, 3.0, 1.0]).all()
    positions = np.array([command.points[0].positions for command in bench.robot.commands])
    assert (np.abs(np.diff(positions, axis=0)) <= np.array([0.05, 0.05, 0.2]) + 1e-9).all()
    assert (np.abs(positions[0] - wave(0)) <= np.array([0.05, 0.05, 0.2]) + 1e-9).all()
    chunk = bench.robot.chunks[0]
    assert (chunk.steps, list(chunk.names)) == (16, ["shoulder", "elbow", "gripper"])

    assert bench.call("stop").success
    bench.wait_for_state(PolicyStatus.IDLE, "stopped by the operator")
    sent = bench.node._loop.counts.commands
    bench.wait(lambda: len(bench.robot.commands) >= sent, "the last command")
    statuses = len(bench.robot.statuses)
    bench.wait(lambda: len(bench.robot.statuses) >= statuses + 2, "two more statuses")
    assert len(bench.robot.commands) == sent
    status = bench.robot.statuses[-1]
    assert (status.commands, status.checkpoint_step) == (sent, 10)
    assert status.observations >= status.chunks > 0
    assert bench.call("stop").success


def test_a_silent_camera_holds_by_name_and_recovers(bench):
    bench.call("start")
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.robot.silent.add("/wrist/image")
    bench.wait_for_state(PolicyStatus.HOLDING, "camera 'wrist' is stale")
    sent = len(bench.robot.commands)
    bench.robot.silent.clear()
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.wait(lambda: len(bench.robot.commands) > sent, "a command after recovery")


def test_lost_joint_states_hold(bench):
    bench.call("start")
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.robot.silent.add("/arm/joint_states")
    bench.wait_for_state(PolicyStatus.HOLDING, "joint state '/arm/joint_states' is stale")


def test_deactivated_it_commands_nothing_and_can_be_activated_again(bench):
    bench.call("start")
    bench.wait_for_state(PolicyStatus.RUNNING)
    assert bench.node.trigger_deactivate() == SUCCESS
    bench.wait_for_state(PolicyStatus.IDLE, "deactivated")
    assert not bench.call("start").success
    assert bench.node.trigger_activate() == SUCCESS
    assert bench.call("start").success
    bench.wait_for_state(PolicyStatus.RUNNING)
    assert bench.call("reset").success
    bench.wait_for_state(PolicyStatus.RUNNING)


def test_a_bug_in_the_model_stops_the_policy_and_leaves_the_node_alive(bench, monkeypatch, capfd):
    def crash(*_arguments: object) -> None:
        raise RuntimeError("device lost")

    monkeypatch.setattr(ObservationBuilder, "build", crash)
    bench.call("start")
    bench.wait_for_state(PolicyStatus.IDLE, "internal error")
    assert "device lost" in capfd.readouterr().err
    monkeypatch.undo()
    assert bench.call("start").success
    bench.wait_for_state(PolicyStatus.RUNNING)


def test_only_live_parameters_change_once_configured(bench):
    (result,) = bench.node.set_parameters([Parameter("queue_size", value=80)])
    assert not result.successful
    assert "read when the node configures" in result.reason
    (result,) = bench.node.set_parameters([Parameter("slop_s", value=0.05)])
    assert result.successful
    assert bench.node.serving.settings.slop_s == 0.05
    assert bench.node._loop.sync._slop_s == 0.05


def test_autostart_commands_without_a_service_call(make_node, checkpoint):
    bench = Bench(make_node(checkpoint=str(checkpoint), autostart_policy=True), FakeRobot())
    bench.node.trigger_configure()
    bench.node.trigger_activate()
    bench.wait(lambda: bench.robot.commands, "a command")
    bench.close()


def test_configure_refuses_with_every_mismatch(make_node, tmp_path, capfd):
    dataset = spec(
        fps=60.0,
        cameras=(CameraSpec(KEYS[0], 32, 40), CameraSpec("observation.images.other", 32, 40)),
        state=VectorSpec("observation.state", 3, ("shoulder", "elbow", "thumb")),
    )
    node = make_node(checkpoint=str(write_checkpoint(tmp_path / "other", dataset)))
    assert node.trigger_configure() == FAILURE
    log = capfd.readouterr().err
    for words in ("refusing to configure", "observation.images.other", "camera 'wrist'", "'thumb'", "60 Hz"):
        assert words in log


@pytest.mark.parametrize(
    ("changes", "words"),
    [({}, "'checkpoint' is empty"), ({"checkpoint": "/nowhere"}, "/nowhere"), ({"device": "tpu"}, "checkpoint")],
)
def test_configure_refuses_what_cannot_be_served(make_node, changes, words, capfd):
    assert make_node(**changes).trigger_configure() == FAILURE
    assert words in capfd.readouterr().err


def test_unknown_and_impossible_parameters_are_refused_together(make_node):
    with pytest.raises(DataError) as error:
        make_node(slop=0.1, queue_size=0, rate_hz="fast")
    for words in ("'slop' is not known; did you mean 'slop_s'", "'queue_size' must be between", "'rate_hz' must be"):
        assert words in str(error.value)


def test_parameters_are_described(make_node):
    node = make_node()
    descriptors = node.describe_parameters(["slop_s", "camera.front.topic", "arm.arm.max_step", "limit_mode"])
    assert all(descriptor.description for descriptor in descriptors)
    assert "[s]" in descriptors[0].description
    assert descriptors[0].floating_point_range[0].to_value == 1.0


def test_signals_end_the_process_cleanly_however_often_they_come(ros, tmp_path, checkpoint):
    file = write_robot_file(tmp_path / "robot.yaml", checkpoint=str(checkpoint))
    command = [sys.executable, "-m", "vita_policy_node.policy_node", "--ros-args", "--params-file", str(file)]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(ros)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        listener = Node("listener")
        client = listener.create_client(GetState, "/vita_policy/get_state")
        assert client.wait_for_service(timeout_sec=60)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0, log
        assert "Traceback" not in log
        listener.destroy_node()
    finally:
        process.kill()
