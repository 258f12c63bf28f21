"""The node with a real rclpy: topics, parameters, commands and resets as another node sees them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from sim_support import CONFIG
from std_msgs.msg import Bool
from test_trajectories import trajectory
from trajectory_msgs.msg import JointTrajectory

from vita_dataset.errors import DataError
from vita_msgs.srv import ResetSimulation
from vita_policy_node.conversions import joint_positions
from vita_sim.sim_robot import LATCHED, SimRobot

ROBOT = CONFIG / "ur12e.yaml"
SMALL = ("-p", "image_height:=48", "-p", "image_width:=64")
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
IMAGE = "/embodied/front/manip_t/sensor/camera/color/image_raw"
STATES, COMMANDS = "/right_arm/joint_states", "/right_arm/joint_trajectory"
SECOND_NS = 10**9


@pytest.fixture
def domain(monkeypatch) -> Iterator[int]:
    number = random.randint(1, 230)
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=number)
    yield number
    rclpy.try_shutdown()


def make(*arguments: str) -> SimRobot:
    return SimRobot(cli_args=["--ros-args", "-p", f"robot:={ROBOT}", *SMALL, *arguments])


class Bench:
    """The robot and a node that listens and speaks to it."""

    def __init__(self, robot: SimRobot) -> None:
        self.robot, self.other = robot, Node("other")
        self.heard: dict[str, list[Any]] = {}
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(robot)
        self.executor.add_node(self.other)

    def listen(self, kind: type, topic: str, qos: QoSProfile = BEST_EFFORT) -> list[Any]:
        self.heard[topic] = []
        self.other.create_subscription(kind, topic, self.heard[topic].append, qos)
        return self.heard[topic]

    def wait(self, condition: Callable[[], object], what: str, limit_s: float = 60.0) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not happen"
            self.executor.spin_once(timeout_sec=0.05)

    def run(self, duration_ns: int) -> None:
        end_ns = self.robot._robot.now_ns + duration_ns
        self.wait(lambda: self.robot._robot.now_ns >= end_ns, "simulated time going on")

    def reset(self, seed: int) -> ResetSimulation.Response:
        client = self.other.create_client(ResetSimulation, "/sim_robot/reset")
        self.wait(client.service_is_ready, "a service")
        future = client.call_async(ResetSimulation.Request(seed=seed))
        self.wait(future.done, "an answer")
        return future.result()

    def close(self) -> None:
        self.executor.shutdown()
        self.robot.close()
        self.other.destroy_node()


@pytest.fixture
def bench(domain) -> Iterator[Bench]:
    made = Bench(make())
    yield made
    made.close()


def test_it_speaks_as_the_drivers_do(bench):
    images, states = bench.listen(Image, IMAGE), bench.listen(JointState, STATES)
    infos = bench.listen(CameraInfo, IMAGE.replace("image_raw", "camera_info"))
    clocks = bench.listen(Clock, "/clock")
    success = bench.listen(Bool, "/sim_robot/success", LATCHED)
    bench.wait(lambda: all(bench.heard.values()), "a message on every topic")
    assert (images[0].encoding, images[0].height, images[0].width) == ("rgb8", 48, 64)
    assert (infos[0].height, infos[0].width) == (48, 64)
    assert list(states[0].name) == list(bench.robot._robot.stage.robot.arms[0].joints)
    assert len(states[0].velocity) == 7
    assert [message.data for message in success] == [False]
    assert clocks[0].clock.sec >= 1
    for topic in bench.heard:
        (publisher,) = bench.other.get_publishers_info_by_topic(topic)
        best_effort = publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
        assert best_effort == ("camera" in topic), topic


def test_the_arm_follows_a_published_trajectory_and_refuses_a_broken_one(bench, capfd):
    arm = bench.robot._robot.stage.robot.arms[0]
    states, publisher = bench.listen(JointState, STATES), bench.other.create_publisher(JointTrajectory, COMMANDS, 10)
    bench.wait(lambda: states and publisher.get_subscription_count(), "an arm that listens")
    target = joint_positions(states[0], arm.joints) + 0.2
    target[6] = 0.5
    publisher.publish(trajectory([(SECOND_NS // 5, target[::-1])], arm.joints[::-1]))
    publisher.publish(trajectory([(SECOND_NS // 5, [0.0])], arm.joints[:1]))
    bench.wait(lambda: np.abs(joint_positions(states[-1], arm.joints) - target).max() < 0.02, "an arm at its goal")
    assert "arm 'right_arm' refuses a command: a trajectory must name each joint" in capfd.readouterr().err


def test_a_reset_begins_an_episode_and_stops_what_was_commanded_before(bench):
    simulation = bench.robot._robot.simulation
    arm = bench.robot._robot.stage.robot.arms[0]
    success = bench.listen(Bool, "/sim_robot/success", LATCHED)
    sent_ns = time.time_ns()
    assert bench.reset(5).success
    start = simulation.positions()
    # It was on its way while the reset came.
    old = trajectory([(SECOND_NS // 5, start + 0.5)], arm.joints)
    bench.robot._command(0, old, {"source_timestamp": sent_ns})
    bench.run(SECOND_NS // 2)
    np.testing.assert_allclose(simulation.positions(), start, atol=2e-3)
    bench.robot._command(0, old, {"source_timestamp": time.time_ns()})
    bench.run(SECOND_NS // 2)
    assert (simulation.positions() - start)[0] > 0.4
    assert bench.reset(5).success
    np.testing.assert_allclose(simulation.positions(), start, atol=2e-3)
    bench.wait(lambda: len(success) >= 2, "the news that the new episode has no success")
    refused = bench.reset(-3)
    assert not refused.success
    assert "but is -3" in refused.message


def test_success_is_published_when_it_comes_and_taken_back_by_a_reset(bench, monkeypatch):
    success = bench.listen(Bool, "/sim_robot/success", LATCHED)
    bench.wait(lambda: success, "the first word")
    monkeypatch.setattr(bench.robot._robot.simulation, "succeeded_ns", 1)
    bench.wait(lambda: success[-1].data, "success")
    bench.reset(0)
    bench.wait(lambda: not success[-1].data, "a new episode")


def test_faults_change_while_it_runs_and_only_to_what_makes_sense(bench):
    def change(name: str, value: object) -> str:
        (result,) = bench.robot.set_parameters([Parameter(name, value=value)])
        return "" if result.successful else result.reason

    assert change("fault.camera_drop", 1) == ""
    assert change("fault.camera", "front") == ""
    assert bench.robot._robot.faults.camera == "front"
    assert bench.robot._robot.faults.camera_drop == 1.0
    assert "one of ['front', 'wrist_right']" in change("fault.camera", "left")
    assert "between 0 and 1" in change("fault.camera_drop", 2.0)
    assert "start it anew" in change("seed", 4)
    assert bench.robot._robot.faults.camera == "front"
    assert change("real_time_factor", 2.0) == ""
    assert bench.robot._pacer.factor == 2.0


def test_wrong_parameters_end_it_with_all_reasons(domain):
    with pytest.raises(DataError, match="'sed' is not known; did you mean 'seed'"):
        make("-p", "sed:=3")
    with pytest.raises(DataError, match="'seed' must be int"):
        make("-p", "seed:=one")


def test_a_robot_file_that_does_not_fit_the_scene_is_refused_by_name(domain):
    with pytest.raises(DataError) as error:
        make("-p", f"robot:={CONFIG / 'r2v2.yaml'}")
    assert "does not fit the scene 'lift'" in str(error.value)
    assert "['head', 'wrist_left']" in str(error.value)


def test_signals_end_the_process_cleanly(domain):
    command = [sys.executable, "-m", "vita_sim.sim_robot", "--ros-args", "-p", f"robot:={ROBOT}", *SMALL]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        other = Node("other")
        client = other.create_client(ResetSimulation, "/sim_robot/reset")
        assert client.wait_for_service(timeout_sec=60)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0, log
        assert "Traceback" not in log
        other.destroy_node()
    finally:
        process.kill()
