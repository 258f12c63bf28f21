"""Fixtures that run the node with a real rclpy."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rclpy
from policy_node_bench import Bench, FakeRobot
from policy_node_fakes import write_checkpoint, write_robot_file
from rclpy.lifecycle import TransitionCallbackReturn

from vita_policy_node.policy_node import PolicyNode

SUCCESS = TransitionCallbackReturn.SUCCESS


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def ros(monkeypatch) -> Iterator[int]:
    """A domain of its own for each test: the node of the test before may still be known on its domain."""
    domain = random.randint(1, 230)
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=domain)
    yield domain
    rclpy.try_shutdown()


@pytest.fixture
def make_node(ros, tmp_path) -> Iterator[Callable[..., PolicyNode]]:
    nodes = []

    def build(**changes: object) -> PolicyNode:
        file = write_robot_file(tmp_path / "robot.yaml", **changes)
        nodes.append(PolicyNode(cli_args=["--ros-args", "--params-file", str(file)]))
        return nodes[-1]

    yield build
    for node in nodes:
        node.close()


@pytest.fixture
def bench(make_node, checkpoint) -> Iterator[Bench]:
    made = Bench(make_node(checkpoint=str(checkpoint)), FakeRobot())
    assert made.node.trigger_configure() == SUCCESS
    assert made.node.trigger_activate() == SUCCESS
    yield made
    made.close()
