"""A running node and a small robot for it, in one executor."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from policy_node_fakes import PERIOD_NS, image, joint_state, wave
from policy_node_fakes import robot as fake_robot
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from vita_dataset.robot import Robot
from vita_msgs.msg import ActionChunk, PolicyStatus
from vita_policy_node.conversions import to_time
from vita_policy_node.node_qos import STATUS_QOS
from vita_policy_node.policy_node import PolicyNode


class FakeRobot(Node):
    """Publishes its cameras and joints, and listens to its commands; with ``clock`` it leads the simulated time too."""

    def __init__(self, robot: Robot | None = None, qos: QoSProfile | int = 1, clock: bool = False) -> None:
        super().__init__("fake_robot")
        robot = robot or fake_robot()
        self.clock = self.create_publisher(Clock, "/clock", 10) if clock else None
        self.silent: set[str] = set()
        self.stuck: set[str] = set()
        self.pose: dict[str, float] = {}
        self.commands: list[JointTrajectory] = []
        self.statuses: list[PolicyStatus] = []
        self.chunks: list[ActionChunk] = []
        self.diagnostics: list[DiagnosticArray] = []
        self.sources = {c.topic: (self.create_publisher(Image, c.topic, qos), image) for c in robot.cameras}
        for arm in robot.arms:
            publisher = self.create_publisher(JointState, arm.state_topic, qos)
            self.pose.update(zip(arm.joints, self.home(arm.joints), strict=True))
            self.sources[arm.state_topic] = (publisher, partial(self.joints, arm.joints))
            self.create_subscription(JointTrajectory, arm.command_topic, self.follow, 10)
        self.create_subscription(PolicyStatus, "/vita_policy/status", self.statuses.append, STATUS_QOS)
        self.create_subscription(ActionChunk, "/vita_policy/action_chunk", self.chunks.append, 10)
        self.create_subscription(DiagnosticArray, "/diagnostics", self.diagnostics.append, 10)
        self.create_timer(PERIOD_NS / 1e9, self.publish)

    @staticmethod
    def home(names: tuple[str, ...]) -> tuple[float, ...]:
        """Where the joints are before the first command."""
        return (wave(0) * len(names))[: len(names)]

    def joints(self, names: tuple[str, ...], stamp_ns: int) -> JointState:
        return joint_state(stamp_ns, tuple(self.pose[name] for name in names), names)

    def follow(self, command: JointTrajectory) -> None:
        """Be where the command says at once, but for the joints that are stuck."""
        self.commands.append(command)
        moved = dict(zip(command.joint_names, command.points[0].positions, strict=True))
        self.pose.update({name: value for name, value in moved.items() if name not in self.stuck})

    def publish(self) -> None:
        now_ns = self.get_clock().now().nanoseconds
        if self.clock is not None and "/clock" not in self.silent:
            self.clock.publish(Clock(clock=to_time(now_ns)))
        for topic, (publisher, make) in self.sources.items():
            if topic not in self.silent:
                publisher.publish(make(now_ns))

    def last_state(self) -> tuple[int, str]:
        return (self.statuses[-1].state, self.statuses[-1].reason) if self.statuses else (-1, "")


class Bench:
    """The node under test and the robot in one executor."""

    def __init__(self, node: PolicyNode, robot: FakeRobot) -> None:
        self.node, self.robot = node, robot
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(node)
        self.executor.add_node(robot)

    def wait(self, condition: Callable[[], object], what: str, limit_s: float = 60.0) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not happen; last state {self.robot.last_state()}"
            self.executor.spin_once(timeout_sec=0.05)

    def call(self, name: str) -> Trigger.Response:
        return self.ask(Trigger, name, Trigger.Request())

    def ask(self, kind: Any, name: str, request: Any) -> Any:
        """The answer of one of the node's services."""
        client = self.robot.create_client(kind, f"/vita_policy/{name}")
        self.wait(client.service_is_ready, f"service {name}")
        return self.result(client.call_async(request), f"answer of {name}")

    def result(self, future: Any, what: str) -> Any:
        self.wait(future.done, what)
        return future.result()

    def wait_for_state(self, state: int, reason: str = "") -> None:
        def reached() -> bool:
            now = self.robot.last_state()
            return now[0] == state and reason in now[1]

        self.wait(reached, f"state {state} '{reason}'")

    def close(self) -> None:
        self.executor.shutdown()
        self.node.close()
        self.robot.destroy_node()
