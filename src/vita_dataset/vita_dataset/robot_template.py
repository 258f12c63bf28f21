"""Writes a robot file to start from, filled in from what a dataset shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vita_dataset.spec import DatasetSpec
from vita_dataset.survey import Survey
from vita_dataset.yaml_text import scalar

MARGIN = 0.05
SPEED_MARGIN = 2.0
DIGITS = 4


def robot_text(spec: DatasetSpec, found: Survey) -> str:
    """The YAML text of a robot file with one arm that holds all joints.

    Limits are the recorded range of action and state, where both have the joint, and a twentieth of it on either
    side: a pose that was measured while recording is then never outside them. Steps may be up to twice the largest
    recorded one. All are rounded outwards.

    Args:
        spec: the dataset.
        found: its ranges.
    """
    joints = spec.action.names or tuple(f"joint_{element}" for element in range(spec.action.dim))
    cameras = _camera_names([camera.key for camera in spec.cameras])
    lowest, highest = _recorded_range(spec, found)
    margin = MARGIN * (highest - lowest)
    scale = 10**DIGITS
    low = np.floor((lowest - margin) * scale) / scale
    high = np.ceil((highest + margin) * scale) / scale
    step = np.ceil(found.action_change * SPEED_MARGIN * scale) / scale
    # A constant joint still needs a step when rounding opened a range.
    step = np.where((step == 0) & (high > low), high - low, step)
    lines = [
        f"# A start, from dataset {spec.repo_id}: check each topic and limit against your robot before it moves.",
        "/**:",
        "  ros__parameters:",
        f"    rate_hz: {float(spec.fps)}  # control ticks per second; the dataset's fps",
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
        "        # Largest change of a command in one tick, same units.",
        f"        max_step: {_numbers(step)}",
    ]
    return "\n".join(lines) + "\n"


def _recorded_range(spec: DatasetSpec, found: Survey) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest recorded value [A] of each commanded joint, measured or commanded."""
    lowest, highest = found.action.min.copy(), found.action.max.copy()
    same_order = spec.state.names is None and spec.action.names is None and spec.state.dim == spec.action.dim
    state_names = tuple(range(spec.state.dim)) if same_order else spec.state.names or ()
    action_names = tuple(range(spec.action.dim)) if same_order else spec.action.names or ()
    for element, name in enumerate(action_names):
        if name in state_names:
            column = state_names.index(name)
            lowest[element] = min(lowest[element], found.state.min[column])
            highest[element] = max(highest[element], found.state.max[column])
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
