"""Narrows a robot file's position ranges to those of a URDF."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from vita_dataset.errors import DataError
from vita_dataset.robot import Arm, Robot

Ranges = Mapping[str, tuple[float, float]]


def within_urdf(robot: Robot, urdf: str) -> Robot:
    """The robot with each arm joint's commands inside the URDF's range too.

    Joints go by their names in the messages. Grippers are left as they are: their unit is the policy's, a URDF's is
    rad or m.

    Args:
        robot: from the robot file.
        urdf: path of a URDF, or its text.

    Raises:
        DataError: it cannot be read, lacks a joint, or leaves one without any range; all joints are listed.
    """
    ranges = read_ranges(urdf)
    problems: list[str] = []
    arms = tuple(_narrowed(arm, ranges, problems) for arm in robot.arms)
    if problems:
        raise DataError("the robot file does not fit the URDF: " + "; ".join(problems) + " (correct one of them)")
    return replace(robot, arms=arms)


def read_ranges(urdf: str) -> dict[str, tuple[float, float]]:
    """Lowest and highest position of each joint of a URDF [rad, m], infinite for joints that turn on and on.

    Raises:
        DataError: no such file, no URDF, or a limit that is no number.
    """
    is_text = urdf.lstrip().startswith("<")
    name = "the text in parameter 'urdf'" if is_text else f"the URDF '{urdf}'"
    try:
        root = ElementTree.fromstring(urdf if is_text else Path(urdf).expanduser().read_bytes())
    except (OSError, ElementTree.ParseError) as error:
        raise DataError(f"{name} cannot be read ({error}); give the path of a URDF or its text") from error
    if root.tag != "robot":
        raise DataError(f"{name} begins with <{root.tag}>, but a URDF begins with <robot>; give another file")
    return {
        joint.get("name", ""): _range(joint, name)
        for joint in root.findall("joint")
        if joint.get("type") in ("revolute", "prismatic", "continuous")
    }


def _range(joint: ElementTree.Element, name: str) -> tuple[float, float]:
    if joint.get("type") == "continuous":
        return -math.inf, math.inf
    limit = joint.find("limit")
    found = {} if limit is None else dict(limit.attrib)
    try:
        # A URDF leaves out a bound that is 0.
        low, high = float(found.get("lower", "0")), float(found.get("upper", "0"))
    except ValueError as error:
        raise DataError(
            f"joint '{joint.get('name')}' of {name} has a limit that is no number ({error}); run xacro on it first"
        ) from error
    if not low <= high:
        raise DataError(f"joint '{joint.get('name')}' of {name} has lower {low} above upper {high}; correct it")
    return low, high


def _narrowed(arm: Arm, ranges: Ranges, problems: list[str]) -> Arm:
    bounds = []
    for joint, gripper, low, high in zip(arm.joints, arm.is_gripper, arm.position_min, arm.position_max, strict=True):
        lowest, highest = (-math.inf, math.inf) if gripper else ranges.get(joint, (math.nan, math.nan))
        if math.isnan(lowest):
            problems.append(f"joint '{joint}' of arm '{arm.name}' is not in the URDF, or is fixed there")
            continue
        bounds.append((max(low, lowest), min(high, highest)))
        if bounds[-1][0] > bounds[-1][1]:
            problems.append(
                f"joint '{joint}' of arm '{arm.name}' has the range {low} to {high}, in the URDF {lowest} to {highest}"
            )
    if len(bounds) < len(arm.joints):
        return arm
    return replace(arm, position_min=tuple(low for low, _ in bounds), position_max=tuple(high for _, high in bounds))
