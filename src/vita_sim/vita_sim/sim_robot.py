"""The node ``sim_robot``: a simulated robot on the topics of a real one. Wiring only; see ``simulated_robot``."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from rclpy.clock import Clock as RosClock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Bool
from trajectory_msgs.msg import JointTrajectory

from vita_dataset.errors import VitaError, run_cli
from vita_msgs.srv import ResetSimulation
from vita_policy_node.conversions import MESSAGE_TYPES
from vita_policy_node.node_process import run_node
from vita_sim.faults import describe
from vita_sim.pacing import Pacer
from vita_sim.sim_parameters import declare_settings, on_change
from vita_sim.sim_settings import CHANGEABLE, SETTINGS, read_sim_settings
from vita_sim.simulated_robot import SimulatedRobot
from vita_sim.stage import open_stage
from vita_sim.viewer import Viewer, open_viewer

WAKE_S = 0.008
"""Wall time between two looks at what is due."""

TYPES = {**MESSAGE_TYPES, "joints": MESSAGE_TYPES["joint_state"], "info": CameraInfo, "clock": Clock}
RELIABLE = QoSProfile(depth=10)
# Camera drivers send best effort; joint_state_broadcaster and clocks are reliable.
QOS = {"raw": qos_profile_sensor_data, "compressed": qos_profile_sensor_data, "info": qos_profile_sensor_data}
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class SimRobot(Node):
    """``sim_robot``: publishes cameras, joint states and /clock, takes trajectories, faults and resets."""

    def __init__(self, **node_arguments: Any) -> None:
        """Begins the first episode; ``node_arguments`` are those of ``rclpy.node.Node``.

        Raises:
            VitaError: a parameter, the robot file or the scene is not what it must be, or the machine cannot render.
        """
        super().__init__("sim_robot", automatically_declare_parameters_from_overrides=True, **node_arguments)
        settings = read_sim_settings(declare_settings(self, SETTINGS))
        stage = open_stage(settings.scene, settings.robot)
        camera_rate_hz = settings.camera_rate_hz or stage.rate_hz
        self._robot = SimulatedRobot(
            stage,
            settings.size,
            seed=settings.seed,
            state_rate_hz=settings.state_rate_hz,
            camera_rate_hz=camera_rate_hz,
        )
        self._robot.change_faults(settings.faults)
        self._viewer: Viewer | None = open_viewer(self._robot.simulation) if settings.viewer else None
        self._wires = {
            topic: self.create_publisher(TYPES[kind], topic, QOS.get(kind, RELIABLE))
            for topic, kind in self._robot.topics.items()
        }
        self._success = self.create_publisher(Bool, "~/success", LATCHED)
        for index, arm in enumerate(stage.robot.arms):
            self.create_subscription(JointTrajectory, arm.command_topic, partial(self._command, index), RELIABLE)
        self.create_service(ResetSimulation, "~/reset", self._reset)
        on_change(self, CHANGEABLE, self._change)
        self._reset_wall_ns = 0
        self._tell_success()
        steady = RosClock(clock_type=ClockType.STEADY_TIME)
        self._pacer = Pacer(settings.real_time_factor, time.monotonic_ns(), self._robot.now_ns)
        self.create_timer(WAKE_S, self._step, clock=steady)
        self.get_logger().info(
            f"simulating '{stage.scene.name}' as '{stage.robot_file}', seed {settings.seed}, pictures of "
            f"{settings.image_height}x{settings.image_width} at {camera_rate_hz:g} Hz"
        )

    def close(self) -> None:
        """End everything; idempotent."""
        if self._viewer is not None:
            self._viewer.close()
            self._viewer = None
        self._robot.close()
        self.destroy_node()

    def _step(self) -> None:
        wall_ns = time.monotonic_ns()
        for topic, message in self._robot.advance_to(self._pacer.due(wall_ns)):
            self._wires[topic].publish(message)
        if self._robot.simulation.success != self._told:
            self._tell_success()
        if self._viewer is not None and self._viewer.is_running():
            self._viewer.sync()
        reached = self._pacer.fell_behind(wall_ns)
        if reached is not None:
            self.get_logger().warning(
                f"simulated time runs at {reached:.2f} of the wall clock instead of {self._pacer.factor:g}: this "
                "machine is too slow; make the pictures smaller or lower real_time_factor"
            )

    def _command(self, arm: int, message: JointTrajectory, info: Mapping[str, Any]) -> None:
        # By the publisher's wall clock; 0 where the middleware does not tell.
        if 0 < info["source_timestamp"] <= self._reset_wall_ns:
            return
        try:
            self._robot.command(arm, message)
        except VitaError as error:
            name = self._robot.stage.robot.arms[arm].name
            self.get_logger().warning(f"arm '{name}' refuses a command: {error}", throttle_duration_sec=1.0)

    def _reset(self, request: ResetSimulation.Request, response: ResetSimulation.Response) -> ResetSimulation.Response:
        try:
            self._robot.reset(request.seed)
        except VitaError as error:
            response.message = str(error)
            return response
        self._reset_wall_ns = time.time_ns()
        self._tell_success()
        self.get_logger().info(f"reset with seed {request.seed}")
        response.success = True
        return response

    def _change(self, values: Mapping[str, Any]) -> None:
        settings = read_sim_settings(values)
        if settings.faults != self._robot.faults:
            self._robot.change_faults(settings.faults)
            self.get_logger().info(f"faults: {describe(settings.faults)}")
        if settings.real_time_factor != self._pacer.factor:
            self._pacer = Pacer(settings.real_time_factor, time.monotonic_ns(), self._robot.now_ns)

    def _tell_success(self) -> None:
        self._told = self._robot.simulation.success
        self._success.publish(Bool(data=self._told))


def main() -> int:
    """Entry point of ``ros2 run vita_sim sim_robot``."""
    return run_cli(partial(run_node, SimRobot), sys.argv)


if __name__ == "__main__":
    sys.exit(main())
