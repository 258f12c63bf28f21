"""Writes a robot file to start from, filled in from what a dataset shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.spec import DatasetSpec
from vita_dataset.survey import Survey
from vita_dataset.yaml_text import scalar

MARGIN = 0.05
SPEED_MARGIN = 2.0
DIGITS = 4


def robot_text(spec: DatasetSpec, found: Survey) -> str:
    """The YAML text of a robot file with one arm that holds all joints.

    Limits are the recorded range of action and state, and a twentieth of it on either side: a pose that was measured
    while recording is then never outside them. Steps may be up to twice the largest recorded one. All are rounded
    outwards.

    Args:
        spec: the dataset.
        found: its ranges.

    Raises:
        DataError: state and action are not of the same joints; a robot file could not say where the others are.
    """
    joints = _joints(spec)
    cameras = _camera_names([camera.key for camera in spec.cameras])
    lowest, highest = _recorded_range(spec, found, joints)
    margin = MARGIN * (highest - lowest)
    scale = 10**DIGITS
    low = np.floor((lowest - margin) * scale) / scale
    high = np.ceil((highest + margin) * scale) / scale
    step = np.ceil(found.action_change * SPEED_MARGIN * scale) / scale
    # A constant joint still needs a step when rounding opened a range.
    step = np.where((step == 0) & (high > low), high - low, step)
    unnamed = []
    if spec.state.names is None or spec.action.names is None:
        unnamed = [
            "    # The dataset does not name all its elements: they are taken in the order of the joints below.",
            "    allow_unnamed_joints: true",
        ]
    lines = [
        f"# A start, from dataset {spec.repo_id}: check each topic and limit against your robot before it moves.",
        "/**:",
        "  ros__parameters:",
        f"    rate_hz: {float(spec.fps)}  # control ticks per second; the dataset's fps",
        *unnamed,
        "",
        f"    cameras: [{', '.join(cameras)}]",
        "    camera:",
    ]
    for name, camera in zip(cameras, spec.cameras, strict=True):
        lines += [
            f"      {name}:",
            f"        topic: /{name}/image_raw",
            f"        key: {scalar(camera.key)}  # recorded at {camera.height}x{camera.width} (H x W)",
            "        transport: raw  # or compressed",
        ]
    lines += [
        "",
        "    arms: [arm]",
        "    arm:",
        "      arm:",
        "        # Names in the robot's messages, and below them the names of the same joints in the dataset.",
        f"        joints: [{', '.join(map(scalar, joints))}]",
        f"        policy_names: [{', '.join(map(scalar, joints))}]",
        "        state_topic: /joint_states",
        "        command_topic: /arm/joint_trajectory",
        "        command_type: joint_trajectory",
        "        # In the units of the recording [rad; a gripper in its own unit], one number for each joint.",
        f"        position_min: {_numbers(low)}",
        f"        position_max: {_numbers(high)}",
        "        # Largest change of a command in one step of the policy, same units.",
        f"        max_step: {_numbers(step)}",
    ]
    return "\n".join(lines) + "\n"


def _joints(spec: DatasetSpec) -> tuple[str, ...]:
    """The joints that state and action share, in the action's order."""
    state, action = spec.state, spec.action
    if state.names is not None and action.names is not None:
        alone = [name for name in state.names if name not in action.names]
        alone += [name for name in action.names if name not in state.names]
        same, came = not alone, f"{alone} are in one of them only"
    else:
        same, came = state.dim == action.dim, f"they have {state.dim} and {action.dim} elements"
    if not same:
        raise DataError(
            f"no robot file can be written for '{spec.repo_id}': each of its joints must be both in the state and in "
            f"the action, but {came}; record the same joints in both"
        )
    return action.names or state.names or tuple(f"joint_{element}" for element in range(action.dim))


def _recorded_range(
    spec: DatasetSpec, found: Survey, joints: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest recorded value [A] of each joint, measured or commanded."""
    columns = [(spec.state.names or joints).index(joint) for joint in joints]
    lowest = np.minimum(found.action.min, found.state.min[columns])
    highest = np.maximum(found.action.max, found.state.max[columns])
    return lowest, highest


def _camera_names(keys: Sequence[str]) -> list[str]:
    """ROS names from feature keys: the last part, made unique."""
    names: list[str] = []
    for key in keys:
        name = re.sub(r"\W", "_", key.split(".")[-1], flags=re.ASCII)
        name = name if re.match(r"[A-Za-z]", name) else f"camera_{name}"
        while name in names:
            name += "_2"
        names.append(name)
    return names


def _numbers(values: Sequence[float] | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    return "[" + ", ".join(f"{value:.{DIGITS}f}" for value in values) + "]"
