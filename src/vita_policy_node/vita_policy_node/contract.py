"""Whether a robot and a checkpoint fit, and if so, how the one's messages become the other's vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_dataset.robot import Arm, Robot
from vita_dataset.spec import DatasetSpec, VectorSpec
from vita_policy_node.motion_limits import MotionLimits
from vita_policy_node.safety import JointLimits
from vita_policy_node.settings import NodeSettings

RATE_TOLERANCE = 1e-3
"""Relative difference up to which a rate is taken for the policy's own."""


@dataclass(frozen=True)
class Stream:
    """One topic to subscribe to; ``kind`` is "raw", "compressed" or "joint_state" with the robot's ``joints``."""

    name: str
    topic: str
    kind: str
    timeout_ns: int
    joints: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CameraInput:
    """Which stream feeds which image key, and the size [pixels] that the network's dataset has.

    ``moved_by``: the elements of the action whose joints move the camera or what it sees, those of grippers left out.
    """

    stream: int
    key: str
    height: int
    width: int
    moved_by: tuple[int, ...]


@dataclass(frozen=True)
class JointInput:
    """One joint of the robot: its name in the messages of ``stream``."""

    stream: int
    joint: str


@dataclass(frozen=True)
class ArmOutput:
    """One arm and where its joints are in the policy's action: joint i takes action[indices[i]]."""

    arm: Arm
    indices: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """How messages become observations and actions become commands.

    Attributes:
        streams: cameras in the robot file's order, then each joint state topic once.
        cameras: one for each image key of the policy.
        state: the joints that make up the policy's state, in its order.
        pose: the joints that the policy commands, in the order of the action.
        limits: names and limits of the action's elements, in its order.
        arm_joints: bool [A], which of them are joints of an arm and not of a gripper.
        arms: where each arm's command comes from.
        period_ns: time between two commands.
        step_ns: time between two steps of the policy, a period or more.
    """

    streams: tuple[Stream, ...]
    cameras: tuple[CameraInput, ...]
    state: tuple[JointInput, ...]
    pose: tuple[JointInput, ...]
    limits: JointLimits
    arm_joints: NDArray[np.bool_]
    arms: tuple[ArmOutput, ...]
    period_ns: int
    step_ns: int

    @property
    def ticks_per_step(self) -> float:
        """Commands in one step of the policy, 1 or more."""
        return self.step_ns / self.period_ns

    @property
    def speed_per_s(self) -> NDArray[np.float64]:
        """The largest speed of each element's commands, float64 [A] in its unit per second."""
        speed = self.limits.max_step / (self.period_ns / 1e9)
        return speed if self.limits.motion is None else np.minimum(speed, self.limits.motion.max_velocity)

    @property
    def state_order(self) -> list[int]:
        """Where each element of the action is in the state, [A]."""
        return [self.state.index(joint) for joint in self.pose]

    @property
    def grippers(self) -> list[str]:
        """The names of the elements that the checks of an arm's motion leave out."""
        return [name for name, is_arm in zip(self.limits.names, self.arm_joints, strict=True) if not is_arm]


def check_contract(
    robot: Robot,
    spec: DatasetSpec,
    image_keys: Sequence[str],
    settings: NodeSettings,
    action_horizon: int | None = None,
) -> Layout:
    """Compare a robot with the dataset that a policy was trained on.

    Args:
        robot: from the robot file.
        spec: from the checkpoint.
        image_keys: the cameras that the policy looks at.
        settings: for rate, time limits, schedule and ``allow_unnamed_joints``.
        action_horizon: steps of a chunk that the policy executes at most; None leaves the schedule unchecked.

    Raises:
        DataError: they do not fit; the message lists every mismatch.
    """
    problems: list[str] = []
    _check_cameras(robot, spec, image_keys, problems)
    names = {
        vector: _vector_names(label, vector, robot, settings, problems)
        for label, vector in (("state", spec.state), ("action", spec.action))
    }
    if settings.rate_hz and settings.rate_hz < spec.fps * (1 - RATE_TOLERANCE):
        problems.append(
            f"rate_hz is {settings.rate_hz:g}, but the policy was trained at {spec.fps:g} Hz; it must be that or more"
        )
    if not 0 < spec.fps < np.inf:
        problems.append(f"the checkpoint's fps is {spec.fps:g}, but must be above 0")
    if action_horizon is not None:
        problems += settings.schedule.problems(action_horizon)
    if problems:
        raise DataError(
            f"the robot file does not fit the checkpoint trained on '{spec.repo_id}': "
            + "; ".join(problems)
            + " (correct the robot file or choose another checkpoint)"
        )
    return _layout(robot, spec, image_keys, names[spec.state], names[spec.action], settings)


def _check_cameras(robot: Robot, spec: DatasetSpec, image_keys: Sequence[str], problems: list[str]) -> None:
    keys = [camera.key for camera in robot.cameras]
    stored = {camera.key: camera for camera in spec.cameras}
    problems += [f"the policy needs camera '{key}', which no camera feeds" for key in image_keys if key not in keys]
    for camera in robot.cameras:
        if camera.key not in image_keys:
            problems.append(f"camera '{camera.name}' feeds '{camera.key}', which the policy does not use")
    problems += [f"'{key}' is fed by more than one camera" for key in sorted(set(keys)) if keys.count(key) > 1]
    for key in image_keys:
        if key not in stored:
            problems.append(f"the checkpoint's dataset does not describe camera '{key}' that its policy uses")
        elif stored[key].channels != 3:
            problems.append(f"camera '{key}' has {stored[key].channels} channels, but only RGB is served")


def _vector_names(
    label: str, vector: VectorSpec, robot: Robot, settings: NodeSettings, problems: list[str]
) -> tuple[str, ...]:
    """The names of a vector's elements; for an unnamed one the robot's, when the settings allow it."""
    have = robot.policy_names
    if vector.names is None:
        if not settings.allow_unnamed_joints:
            problems.append(
                f"the checkpoint does not name the elements of its {label}; set allow_unnamed_joints to true if they "
                f"are, in this order, {list(have)}"
            )
        if vector.dim != len(have):
            problems.append(f"the policy's {label} has {vector.dim} elements, the robot has {len(have)} joints")
        return have
    for name in vector.names:
        if name not in have:
            problems.append(f"the policy's {label} has '{name}', which no arm has")
    for name in have:
        if name not in vector.names:
            problems.append(f"the robot's joint '{name}' is not in the policy's {label}")
    return vector.names


def _layout(
    robot: Robot,
    spec: DatasetSpec,
    image_keys: Sequence[str],
    state_names: tuple[str, ...],
    action_names: tuple[str, ...],
    settings: NodeSettings,
) -> Layout:
    cameras = tuple(
        Stream(f"camera '{camera.name}'", camera.topic, camera.transport, settings.camera_timeout_ns)
        for camera in robot.cameras
    )
    topics = tuple(dict.fromkeys(arm.state_topic for arm in robot.arms))
    named = {t: frozenset(joint for arm in robot.arms if arm.state_topic == t for joint in arm.joints) for t in topics}
    states = tuple(Stream(f"joint state '{t}'", t, "joint_state", settings.state_timeout_ns, named[t]) for t in topics)
    by_key = {camera.key: index for index, camera in enumerate(robot.cameras)}
    joints: dict[str, JointInput] = {}
    bounds: dict[str, tuple[float, ...]] = {}
    grippers: set[str] = set()
    for arm in robot.arms:
        stream = len(cameras) + topics.index(arm.state_topic)
        for index, name in enumerate(arm.policy_names):
            joints[name] = JointInput(stream, arm.joints[index])
            bounds[name] = (arm.position_min[index], arm.position_max[index], arm.max_step[index])
            motions = arm.max_velocity, arm.max_acceleration
            bounds[name] += tuple(limit[index] if limit else np.inf for limit in motions)
            if arm.is_gripper[index]:
                grippers.add(name)
    limits = np.array([bounds[name] for name in action_names], dtype=np.float64)
    step_ns = round(1e9 / spec.fps)
    # A rate that only differs in its last digits is the policy's own: then each tick falls on a step.
    faster = settings.rate_hz > spec.fps * (1 + RATE_TOLERANCE)
    period_ns = round(1e9 / settings.rate_hz) if faster else step_ns
    # The robot file's max_step is for one step of the policy, so more ticks to a step make no joint faster.
    limits[:, 2] *= period_ns / step_ns
    motion = MotionLimits.within_steps(limits[:, 3], limits[:, 4], limits[:, 2], period_ns)
    moved_by = {
        camera.key: tuple(
            action_names.index(name)
            for arm in robot.arms
            if camera.arm in ("", arm.name)
            for name in arm.policy_names
            if name not in grippers
        )
        for camera in robot.cameras
    }
    return Layout(
        streams=cameras + states,
        cameras=tuple(
            CameraInput(by_key[key], key, spec.camera(key).height, spec.camera(key).width, moved_by[key])
            for key in image_keys
        ),
        state=tuple(joints[name] for name in state_names),
        pose=tuple(joints[name] for name in action_names),
        limits=JointLimits(action_names, limits[:, 0], limits[:, 1], limits[:, 2], motion),
        arm_joints=np.array([name not in grippers for name in action_names]),
        arms=tuple(ArmOutput(arm, tuple(action_names.index(name) for name in arm.policy_names)) for arm in robot.arms),
        period_ns=period_ns,
        step_ns=step_ns,
    )
