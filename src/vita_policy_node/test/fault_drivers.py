"""Drivers of the small robot of ``policy_node_fakes`` as a program of its own, that starts fast and can be killed."""

from __future__ import annotations

from array import array

import numpy as np
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import Image, JointState
from trajectory_msgs.msg import JointTrajectory

HEIGHT, WIDTH = 32, 40
PERIOD_S = 1 / 30


class Drivers(Node):
    """Two cameras, and an arm that is at once where it is sent."""

    def __init__(self) -> None:
        super().__init__("drivers")
        self._positions = [0.0, 0.3, 0.5]
        self._cameras = [self.create_publisher(Image, f"/{name}/image", 1) for name in ("front", "wrist")]
        self._arm = self.create_publisher(JointState, "/arm/joint_states", 1)
        self.create_subscription(JointTrajectory, "/arm/joint_trajectory", self._follow, 1)
        self.create_timer(PERIOD_S, self._publish)
        self._pixels = np.add.outer(np.arange(HEIGHT), np.arange(3 * WIDTH)).astype(np.uint8)

    def _follow(self, command: JointTrajectory) -> None:
        self._positions = list(command.points[0].positions)

    def _publish(self) -> None:
        picture = Image(height=HEIGHT, width=WIDTH, encoding="rgb8", step=3 * WIDTH)
        joints = JointState(name=["j1", "j2", "grip"], position=array("d", self._positions))
        picture.header.stamp = joints.header.stamp = self.get_clock().now().to_msg()
        self._pixels[0, 0] += 1
        picture.data = self._pixels.tobytes()
        for camera in self._cameras:
            camera.publish(picture)
        self._arm.publish(joints)


if __name__ == "__main__":
    rclpy.init()
    rclpy.spin(Drivers())
