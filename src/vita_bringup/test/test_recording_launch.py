"""real.launch.py with record:=, as a user starts it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import rclpy
from policy_node_fakes import PARAMETERS, write_checkpoint, write_robot_file
from rclpy.context import Context
from rclpy.node import Node
from sensor_msgs.msg import JointState
from test_launch_files import launch as launch
from test_launch_files import pytestmark

from vita_dataset.robot import read_robot_file
from vita_policy_node.bag import bag_topics

__all__ = ["launch", "pytestmark"]


@contextmanager
def driver(domain: int, topic: str) -> Iterator[None]:
    """A robot's driver, as far as a recorder sees it: its topic exists."""
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    node = Node("driver", context=context)
    node.create_publisher(JointState, topic, 1)
    yield
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_a_node_that_dies_ends_the_launch_and_leaves_a_whole_recording(launch, tmp_path):
    arm = {**PARAMETERS["arm"]["arm"], "state_topic": "arm/joint_states"}
    file = write_robot_file(tmp_path / "robot.yaml", arm={"arm": arm})
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    bag = tmp_path / "runs" / "first"
    arguments = (f"robot:={file}", f"checkpoint:={checkpoint}", f"record:={bag}", "namespace:=left", "dry_run:=true")
    run = launch("real.launch.py", *arguments)
    with driver(run.domain, "/left/arm/joint_states"):
        for topic in ("/left/vita_policy/status", "/left/arm/joint_states", "/diagnostics"):
            run.wait_for(f"Subscribed to topic '{topic}'")
        run.wait_for("active, waiting for ~/start")
        (pid,) = re.findall(r"\[policy_node-\d\]: process started with pid \[(\d+)\]", run.text)
        os.kill(int(pid), signal.SIGKILL)
        run.wait_for_end()
    assert run.process.returncode == 1
    assert "the policy node ended with -9" in run.text
    assert run.text.count("[policy_node") >= 1
    assert len(re.findall(r"policy_node-\d\]: process started", run.text)) == 1
    assert {"/left/vita_policy/status", "/left/arm/joint_states", "/diagnostics"} <= set(bag_topics(bag))
    assert read_robot_file(bag / "robot.yaml").arms[0].state_topic == "/left/arm/joint_states"
    assert "Traceback" not in run.text, run.text


@pytest.mark.parametrize("mistake", ["there already", "for another node"])
def test_what_cannot_be_recorded_fails_before_anything_starts(launch, tmp_path, mistake):
    file = write_robot_file(tmp_path / "robot.yaml")
    bag = tmp_path / "bag"
    if mistake == "there already":
        bag.mkdir()
    else:
        file.write_text(file.read_text().replace("/**", "vita_policy"))
    run = launch("real.launch.py", f"robot:={file}", "checkpoint:=none", f"record:={bag}", "namespace:=left")
    run.wait_for_end()
    assert run.process.returncode == 1
    assert ("exists already" if bag.exists() else "not in namespace 'left'") in run.text
    assert not list(bag.glob("*"))
