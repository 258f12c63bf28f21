"""A driver that dies without a word takes nothing with it: the node holds, and goes on with the driver's successor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from policy_node_bench import Bench
from policy_node_fakes import robot

from vita_msgs.msg import PolicyStatus

DRIVERS = Path(__file__).with_name("fault_drivers.py")
TOPICS = {camera.topic for camera in robot().cameras} | {arm.state_topic for arm in robot().arms}


@pytest.fixture
def start_drivers(ros: int) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts the drivers of cameras and arm in a process of their own."""
    environment = {**os.environ, "ROS_DOMAIN_ID": str(ros)}
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, str(DRIVERS)], env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_drivers_that_are_killed_are_held_for_and_their_successors_are_heard(start_drivers, bench: Bench):
    bench.robot.silent |= TOPICS
    drivers = start_drivers()
    assert bench.call("start").success
    bench.wait_for_state(PolicyStatus.RUNNING)
    drivers.send_signal(signal.SIGKILL)
    drivers.wait()
    bench.wait_for_state(PolicyStatus.HOLDING, "is stale")
    reason = bench.robot.last_state()[1]
    assert "camera 'front'" in reason or "camera 'wrist'" in reason or "joint state" in reason
    sent = bench.node._loop.counts.commands
    bench.wait(lambda: len(bench.robot.commands) >= sent, "the last command")
    statuses = len(bench.robot.statuses)
    bench.wait(lambda: len(bench.robot.statuses) >= statuses + 2, "two more statuses")
    assert len(bench.robot.commands) == sent
    start_drivers()
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.wait(lambda: len(bench.robot.commands) > sent, "a command after recovery")
