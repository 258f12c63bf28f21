"""What a recording of a running policy holds, so that it can be replayed: its topics and its robot file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vita_dataset.errors import DataError
from vita_dataset.robot import Robot, parse_robot, read_parameters
from vita_policy_node.commands import command_topic

NODE = "vita_policy"
NODE_TOPICS = ("action_chunk", "preview", "status")
DIAGNOSTICS = "/diagnostics"
ANY_NODE = "/**"


def full_name(topic: str, namespace: str = "") -> str:
    """The name under which others see a topic that a node in ``namespace`` calls ``topic``."""
    if topic.startswith("/"):
        return topic
    return "/" + "/".join(part for part in (namespace.strip("/"), topic) if part)


def recorded_topics(parameters: Mapping[str, Any], namespace: str = "") -> list[str]:
    """Everything that a replay reads, who allowed the motion, and what the node says of itself, each once.

    Args:
        parameters: of the robot file, as ``read_parameters`` gives them.
        namespace: that of the node.

    Raises:
        DataError: the parameters describe no robot.
    """
    robot = parse_robot(parameters)
    commands = [arm.command_topic for arm in robot.arms]
    if prefix := parameters.get("command_prefix"):
        commands += [command_topic(str(prefix), topic) for topic in commands]
    switch = [str(topic)] if (topic := parameters.get("dead_man_topic")) else []
    said = [*(f"{NODE}/{topic}" for topic in NODE_TOPICS), DIAGNOSTICS]
    topics = [*input_topics(robot), *switch, *commands, *said]
    return list(dict.fromkeys(full_name(topic, namespace) for topic in topics))


def input_topics(robot: Robot) -> list[str]:
    """The topics that the policy reads, cameras first, each once."""
    return list(dict.fromkeys([camera.topic for camera in robot.cameras] + [arm.state_topic for arm in robot.arms]))


def check_block(path: Path, namespace: str) -> None:
    """Refuse a robot file whose parameters a node in this namespace would not get.

    Raises:
        DataError: its block is for a node without namespace.
    """
    blocks = yaml.safe_load(path.read_text(encoding="utf-8"))
    if namespace.strip("/") and ANY_NODE not in blocks:
        raise DataError(
            f"the robot file '{path}' is for the node {list(blocks)}, which is not in namespace '{namespace}'; "
            f"begin it with '{ANY_NODE}:'"
        )


def robot_file_of_recording(path: Path, namespace: str = "") -> str:
    """A robot file as it belongs to a recording: the same, all topics under the names that the recording has.

    Raises:
        DataError: it is no robot file.
    """
    parameters = read_parameters(path)
    parse_robot(parameters)
    named = {
        name: full_name(value, namespace)
        for name, value in parameters.items()
        if name.split(".")[0] in ("camera", "arm") and name.endswith("topic")
    }
    if all(parameters[name] == topic for name, topic in named.items()):
        return path.read_text(encoding="utf-8")
    text: str = yaml.safe_dump({ANY_NODE: {"ros__parameters": {**parameters, **named}}}, sort_keys=False)
    return text
