"""A scene as a robot file describes it: which topic, key and rate belongs to what the simulation has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError
from vita_dataset.robot import Robot, parse_robot, read_parameters
from vita_policy_node.robot_files import find_robot_file
from vita_sim.scene import Scene, find_scene


@dataclass(frozen=True)
class Stage:
    """A scene and the robot file that fits it.

    Attributes:
        scene: what is simulated.
        robot: topics, keys, names and limits.
        robot_file: where ``robot`` was read; its parameters are those of a policy node.
        parameters: what the file holds.
        rate_hz: commands and images per second.
    """

    scene: Scene
    robot: Robot
    robot_file: Path
    parameters: Mapping[str, Any]
    rate_hz: float

    @property
    def period_ns(self) -> int:
        """Time from one command to the next."""
        return round(1e9 / self.rate_hz)


def open_stage(scene_name: str, robot_name: str = "") -> Stage:
    """A scene with a robot file, given by path or by its name in vita_bringup; by default the scene's own.

    Raises:
        UsageError: there is no such scene or file.
        DataError: the file cannot be read or does not fit the scene; lists every mismatch.
    """
    scene = find_scene(scene_name)
    path = find_robot_file(robot_name or scene.robot)
    parameters = read_parameters(path)
    robot = parse_robot(parameters)
    rate_hz = parameters.get("rate_hz", 0.0)
    problems = []
    if isinstance(rate_hz, bool) or not isinstance(rate_hz, (int, float)) or not 0 < rate_hz <= 250:
        problems.append(f"rate_hz is {rate_hz!r}, but must be above 0 and at most 250 Hz")
    if robot.policy_names != scene.names:
        problems.append(
            f"the scene's joints are {list(scene.names)}, the file's policy_names {list(robot.policy_names)}"
        )
    cameras = [camera.name for camera in robot.cameras]
    unknown = sorted(set(cameras) - set(scene.cameras))
    if unknown:
        problems.append(f"the scene has no camera {unknown}, only {sorted(scene.cameras)}")
    if problems:
        raise DataError(f"robot file '{path}' does not fit the scene '{scene_name}': " + "; ".join(problems))
    return Stage(scene, robot, path, parameters, float(rate_hz))
