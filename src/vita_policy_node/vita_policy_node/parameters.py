"""Declares the node's parameters: the settings, and what the robot file says about cameras and arms."""

from __future__ import annotations

import difflib
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from vita_dataset.errors import DataError
from vita_policy_node.setting import Setting
from vita_policy_node.settings import SETTINGS, convert

CAMERA_PARAMETERS = {
    "topic": "Topic of the images.",
    "key": "The policy's image key that this camera feeds.",
    "transport": "raw = sensor_msgs/Image, compressed = sensor_msgs/CompressedImage.",
    "arm": "The arm that carries this camera; left out for one that sees all arms.",
}
ARM_PARAMETERS = {
    "joints": "Names of the joints in the messages, the gripper (if any) last.",
    "policy_names": "Names of the same joints in the policy's state and action; left out when equal to joints.",
    "is_gripper": "Which of the joints belong to a gripper; left out when their names say so.",
    "state_topic": "sensor_msgs/JointState with these joints.",
    "command_topic": "Where this arm takes its commands.",
    "command_type": "joint_trajectory = trajectory_msgs/JointTrajectory with one point.",
    "position_min": "Lowest command of each joint [rad, gripper in its own unit].",
    "position_max": "Highest command of each joint, same units.",
    "max_step": "Largest change of each joint's command in one step of the policy (1/fps), same units.",
    "max_velocity": "Largest speed of each joint's command, same units per s; left out = limited by max_step alone.",
    "max_acceleration": "Largest change of that speed, same units per s²; left out = not limited.",
}
_NOT_OURS = ("use_sim_time", "start_type_description_service", "qos_overrides.")


def declare_parameters(node: Node) -> None:
    """Declare every parameter with description and range, taking over what the node was started with.

    The node must be created with ``automatically_declare_parameters_from_overrides``: so a misspelt parameter is
    seen here, while ROS by itself would ignore it.

    Raises:
        DataError: lists every value of a wrong type or range, and every unknown parameter.
    """
    problems: list[str] = []
    for setting in SETTINGS:
        _declare_setting(node, setting, problems)
    known = {setting.name for setting in SETTINGS} | {"cameras", "arms"}
    for group, members in (("camera", CAMERA_PARAMETERS), ("arm", ARM_PARAMETERS)):
        plural = f"{group}s"
        _describe(node, plural, f"Names of the {plural}; {group}.<name>.* describes each.")
        names = node.get_parameter(plural).value if node.has_parameter(plural) else []
        for name in names if isinstance(names, (list, tuple)) else []:
            for member, description in members.items():
                known.add(f"{group}.{name}.{member}")
                _describe(node, f"{group}.{name}.{member}", description)
    for name in node.get_parameters_by_prefix(""):
        if name not in known and not name.startswith(_NOT_OURS):
            near = difflib.get_close_matches(name, known, 1)
            problems.append(f"parameter '{name}' is not known" + (f"; did you mean '{near[0]}'?" if near else ""))
    if problems:
        raise DataError("the parameters need mending: " + "; ".join(problems))


def parameter_values(node: Node) -> dict[str, Any]:
    """All parameters of the node, arrays as lists."""
    values = {name: parameter.value for name, parameter in node.get_parameters_by_prefix("").items()}
    return {name: list(value) if isinstance(value, (array, np.ndarray)) else value for name, value in values.items()}


def accept_change(
    parameters: Sequence[Parameter[Any]], configured: bool, adopted: str | None = None
) -> SetParametersResult:
    """Whether these may change together; all or none.

    Most parameters are read when the node configures: a change after that would be a lie, so it is refused. So is
    another clock, which would make every stamp and the age of the last command meaningless. The live ones may change
    at any time, to values that they may have.

    Args:
        parameters: the new values.
        configured: whether the node is.
        adopted: the checkpoint that the node itself has just taken over, whose name it may then tell.
    """
    live = {setting.name: setting for setting in SETTINGS if setting.live}
    late: list[str] = []
    for parameter in parameters:
        if (setting := live.get(parameter.name)) is not None:
            try:
                convert(setting, parameter.value)
            except DataError as error:
                return SetParametersResult(successful=False, reason=str(error))
        elif (parameter.name, parameter.value) == ("checkpoint", adopted):
            continue
        elif parameter.name == "use_sim_time" or not parameter.name.startswith(_NOT_OURS):
            late.append(parameter.name)
    if late and configured:
        reason = f"{late} are read when the node configures; deactivate and clean up first"
        return SetParametersResult(successful=False, reason=reason)
    return SetParametersResult(successful=True)


def _declare_setting(node: Node, setting: Setting, problems: list[str]) -> None:
    value: Any = setting.default
    if node.has_parameter(setting.name):
        given = node.get_parameter(setting.name).value
        try:
            value = convert(setting, given)
        except DataError as error:
            problems.append(str(error))
            return
        # Declared by ROS from the override, without range and perhaps as integer where a float is meant.
        node.undeclare_parameter(setting.name)
    node.declare_parameter(setting.name, value, _descriptor(setting), ignore_override=True)


def _descriptor(setting: Setting) -> ParameterDescriptor:
    unit = f" [{setting.unit}]" if setting.unit else ""
    descriptor = ParameterDescriptor(description=setting.description + unit)
    if setting.choices:
        descriptor.additional_constraints = "one of " + ", ".join(setting.choices)
    if setting.low is not None and setting.high is not None:
        if isinstance(setting.default, float):
            descriptor.floating_point_range = [FloatingPointRange(from_value=setting.low, to_value=setting.high)]
        else:
            descriptor.integer_range = [IntegerRange(from_value=int(setting.low), to_value=int(setting.high), step=1)]
    return descriptor


def _describe(node: Node, name: str, description: str) -> None:
    # The types of these are checked by parse_robot, which lists all problems of the robot file at once.
    if node.has_parameter(name):
        node.set_descriptor(name, ParameterDescriptor(description=description, dynamic_typing=True))
