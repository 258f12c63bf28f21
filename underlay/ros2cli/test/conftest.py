"""The ``ros2`` of PATH, a package to use it on, and a lifecycle node to talk to."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before rclpy starts: a domain of its own for this process and those that it starts.
os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 230))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["PYTHONUNBUFFERED"] = "1"

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool


def ros2(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``ros2`` to its end, within a minute."""
    return subprocess.run(["ros2", *arguments], capture_output=True, text=True, timeout=60, check=False)


PROGRAM = f"""#!{sys.executable}
import os, signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit(5))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(6))
print(os.getpid(), *sys.argv[1:], sep="|", flush=True)
while "wait" in sys.argv:
    signal.pause()
sys.exit(7)
"""
LAUNCH_FILE = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo
from launch.substitutions import LaunchConfiguration

def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument("who", default_value="nobody", description="Whom to greet"),
        LogInfo(msg=["hello ", LaunchConfiguration("who")]),
    ])
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the package ``greeter`` into a prefix of its own and return the prefix."""
    contents = {
        "share/ament_index/resource_index/packages/greeter": "",
        "share/greeter/launch/greet.launch.py": LAUNCH_FILE,
        "lib/greeter/program": PROGRAM,
    }
    for name, text in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.startswith("lib/") else 0o644)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path}{os.pathsep}{os.environ.get('AMENT_PREFIX_PATH', '')}")
    return tmp_path


class Talker(LifecycleNode):
    """Publishes /joints at 50 Hz, has parameters and a service, and refuses to be activated."""

    def __init__(self) -> None:
        super().__init__("talker")
        self.declare_parameter("gain", 1)
        self.declare_parameter("limits", [1.0, 2.5])
        self._joints = self.create_publisher(JointState, "/joints", 10)
        self.create_service(SetBool, "/switch", self._switch)
        self.create_timer(0.02, self._publish)

    def _publish(self) -> None:
        self._joints.publish(JointState(name=["elbow", "wrist"], position=[0.5, -1.0]))

    def _switch(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        response.success, response.message = request.data, "switched"
        return response

    def on_activate(self, state: object) -> TransitionCallbackReturn:  # noqa: ARG002
        return TransitionCallbackReturn.FAILURE


@pytest.fixture(scope="session")
def talker() -> Iterator[Talker]:
    rclpy.init()
    node, executor = Talker(), SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield node
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.try_shutdown()
