"""The robot file: which topics carry the policy's cameras, joints and commands, and the limits of each joint.

A robot file is an ordinary ROS 2 parameter file. The node receives it as parameters; ``to_bag`` and the offline
replay read the same file with ``read_robot_file``. Both end in the same ``Robot``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vita_dataset.errors import DataError

TRANSPORTS = ("raw", "compressed")
COMMAND_TYPES = ("joint_trajectory",)
GRIPPER_WORDS = ("grip", "finger", "thumb", "hand", "jaw")
"""How the joints of grippers are known where the robot file does not say which they are."""
NODES = ("/**", "vita_policy", "/vita_policy")
"""The node that a robot file may be for."""


@dataclass(frozen=True)
class CameraSource:
    """One camera topic and the policy's image key it feeds.

    ``transport``: "raw" = sensor_msgs/Image, "compressed" = sensor_msgs/CompressedImage on the topic as written.
    ``arm``: the name of the arm that carries the camera, empty for a camera that sees all arms.
    """

    name: str
    topic: str
    key: str
    transport: str = "raw"
    arm: str = ""


@dataclass(frozen=True)
class Arm:
    """One arm: its joints in message order, where it reports them, where it takes commands, and its limits.

    Attributes:
        name: the arm's name in the robot file.
        joints: names in sensor_msgs/JointState and JointTrajectory, the gripper's joint (if any) last.
        policy_names: the names of the same joints in the dataset's state and action, same order.
        is_gripper: whether each joint belongs to a gripper: it may close on an object before it is where it was sent.
        state_topic: sensor_msgs/JointState.
        command_topic: where this arm takes its commands.
        command_type: "joint_trajectory".
        position_min: lowest allowed command of each joint [rad, gripper in its own unit].
        position_max: highest allowed command of each joint, same units.
        max_step: largest allowed change of each joint's command in one step of the policy (1/fps), same units.
        max_velocity: largest speed of each joint's command, same units per second; empty = limited by the step alone.
        max_acceleration: largest change of that speed per second; empty = not limited.
    """

    name: str
    joints: tuple[str, ...]
    policy_names: tuple[str, ...]
    is_gripper: tuple[bool, ...]
    state_topic: str
    command_topic: str
    position_min: tuple[float, ...]
    position_max: tuple[float, ...]
    max_step: tuple[float, ...]
    command_type: str = "joint_trajectory"
    max_velocity: tuple[float, ...] = ()
    max_acceleration: tuple[float, ...] = ()


@dataclass(frozen=True)
class Robot:
    """All cameras and arms of one robot, arms in the policy's order."""

    cameras: tuple[CameraSource, ...]
    arms: tuple[Arm, ...]

    @property
    def policy_names(self) -> tuple[str, ...]:
        """The names of all joints as the policy knows them, arm by arm."""
        return tuple(name for arm in self.arms for name in arm.policy_names)


def parse_robot(parameters: Mapping[str, Any]) -> Robot:
    """Build a ``Robot`` from parameters, nested or with dots in their names.

    Expected: ``cameras`` (names), ``camera.<name>.{topic, key, transport, arm}``, ``arms`` (names) and
    ``arm.<name>.{joints, policy_names, is_gripper, state_topic, command_topic, command_type, position_min,
    position_max, max_step, max_velocity, max_acceleration}``. The last two may be left out, and so may
    ``policy_names`` when they equal ``joints``, and ``is_gripper`` when the grippers' joints, and they alone, have one
    of ``GRIPPER_WORDS`` in their name or policy name.

    Raises:
        DataError: lists every problem found, not only the first.
    """
    flat = flatten(parameters)
    problems: list[str] = []
    arms = tuple(_arm(name, flat, problems) for name in _names("arms", flat, problems))
    carriers = ("", *(arm.name for arm in arms))
    cameras = tuple(_camera(name, flat, carriers, problems) for name in _names("cameras", flat, problems))
    _check_unique(cameras, arms, problems)
    if problems:
        raise DataError("the robot file needs mending: " + "; ".join(problems))
    return Robot(cameras, arms)


def _check_unique(cameras: Sequence[CameraSource], arms: Sequence[Arm], problems: list[str]) -> None:
    """Each topic has one use and each joint one place; arms may share a state topic."""
    states = {arm.state_topic.strip("/") for arm in arms}
    topics = [topic.strip("/") for topic in (*(c.topic for c in cameras), *(a.command_topic for a in arms))]
    topics += states
    problems += [f"topic '/{topic}' is used twice" for topic in _repeated(topic for topic in topics if topic)]
    names = [name for arm in arms for name in arm.policy_names]
    problems += [f"policy name '{name}' is used twice" for name in _repeated(names)]
    joints = [f"joint '{joint}' of state_topic '/{arm.state_topic.strip('/')}'" for arm in arms for joint in arm.joints]
    problems += [f"{joint} is used twice" for joint in _repeated(joints)]


def _repeated(items: Iterable[str]) -> list[str]:
    return sorted(item for item, count in Counter(items).items() if count > 1)


def read_robot_file(path: str | Path) -> Robot:
    """Read a robot file.

    Raises:
        DataError: no such file, not YAML, no ``ros__parameters``, or anything that ``parse_robot`` refuses.
    """
    return parse_robot(read_parameters(path))


def read_parameters(path: str | Path) -> dict[str, Any]:
    """The parameters of a ROS 2 parameter file for the policy node, with dots in their names.

    ROS merges the blocks of all nodes that match and lets a parameter that is given twice override itself. Who reads
    the file here must see the same robot as the node, so a file that says a thing twice is refused.

    Raises:
        DataError: no such file, not YAML, a name given twice, or not exactly one ``ros__parameters`` block.
    """
    path = Path(path)
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"the robot file '{path}' cannot be read ({error}); give the path of a YAML file") from error
    blocks = list(_blocks(document))
    if len(blocks) != 1 or blocks[0][0] not in NODES:
        found = [node for node, _ in blocks]
        raise DataError(
            f"the robot file '{path}' must have one '<node>: ros__parameters:' block, for one of {list(NODES)}, but "
            f"has {found or 'none'}; write it like vita_bringup/config/ur12e.yaml"
        )
    try:
        return flatten(blocks[0][1])
    except DataError as error:
        raise DataError(f"the robot file '{path}' is ambiguous: {error}") from error


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which by itself takes the last of equal keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if repeated := _repeated(key for key in keys if isinstance(key, str)):
            raise yaml.constructor.ConstructorError(None, None, f"{repeated} given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _blocks(document: Any, node: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The nodes' names, namespaces before them, and their parameters."""
    if not isinstance(document, Mapping):
        return
    for key, value in document.items():
        if key == "ros__parameters" and isinstance(value, Mapping):
            yield node, value
        else:
            yield from _blocks(value, f"{node}/{key}" if node else str(key))


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"camera": {"front": {"topic": "/a"}}} -> {"camera.front.topic": "/a"}.

    Raises:
        DataError: a parameter is given twice, nested and with dots.
    """
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        name = f"{prefix}{key}"
        for inner, item in (flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}).items():
            if inner in flat:
                raise DataError(f"parameter '{inner}' is given twice; keep one of them")
            flat[inner] = item
    return flat


def _names(key: str, flat: Mapping[str, Any], problems: list[str]) -> list[str]:
    value = flat.get(key)
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(item, str) and item for item in value):
        problems.append(f"'{key}' must be a list of one or more names, but is {value!r}")
        return []
    return list(value)


def _text(key: str, flat: Mapping[str, Any], problems: list[str], choices: tuple[str, ...] = ()) -> str:
    value = flat.get(key, choices[0] if choices else None)
    if not isinstance(value, str) or not value or (choices and value not in choices):
        expected = f"one of {list(choices)}" if choices else "a text"
        problems.append(f"'{key}' must be {expected}, but is {value!r}")
        return ""
    return value


def _numbers(key: str, count: int, flat: Mapping[str, Any], problems: list[str]) -> tuple[float, ...]:
    value = flat.get(key)
    numeric = isinstance(value, (list, tuple)) and all(
        isinstance(item, (int, float)) and not isinstance(item, bool) and abs(item) < 1e9 for item in value
    )
    if not numeric or not isinstance(value, (list, tuple)) or len(value) != count:
        problems.append(f"'{key}' must be {count} finite numbers, one for each joint, but is {value!r}")
        return (0.0,) * count
    return tuple(float(item) for item in value)


def _optional_limits(key: str, count: int, flat: Mapping[str, Any], problems: list[str]) -> tuple[float, ...]:
    if flat.get(key) is None:
        return ()
    known = len(problems)
    values = _numbers(key, count, flat, problems)
    if len(problems) == known and not all(value > 0 for value in values):
        problems.append(f"'{key}' must be above 0 for each joint, but is {flat[key]!r}; 1000.0 leaves a joint free")
    return values


def _grippers(
    key: str, flat: Mapping[str, Any], joints: Sequence[str], policy_names: Sequence[str], problems: list[str]
) -> tuple[bool, ...]:
    value = flat.get(key)
    if value is None:
        both = zip(joints, policy_names, strict=False)
        return tuple(any(word in f"{joint} {name}".lower() for word in GRIPPER_WORDS) for joint, name in both)
    if (
        not isinstance(value, (list, tuple))
        or len(value) != len(joints)
        or not all(isinstance(item, bool) for item in value)
    ):
        problems.append(f"'{key}' must be {len(joints)} times true or false, one for each joint, but is {value!r}")
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def _camera(name: str, flat: Mapping[str, Any], carriers: tuple[str, ...], problems: list[str]) -> CameraSource:
    arm = flat.get(f"camera.{name}.arm", "")
    if arm not in carriers:
        problems.append(f"'camera.{name}.arm' must be one of {list(carriers[1:])} or left out, but is {arm!r}")
    return CameraSource(
        name=name,
        topic=_text(f"camera.{name}.topic", flat, problems),
        key=_text(f"camera.{name}.key", flat, problems),
        transport=_text(f"camera.{name}.transport", flat, problems, TRANSPORTS),
        arm=arm,
    )


def _arm(name: str, flat: Mapping[str, Any], problems: list[str]) -> Arm:
    joints = _names(f"arm.{name}.joints", flat, problems)
    policy_names = joints
    if flat.get(f"arm.{name}.policy_names"):
        policy_names = _names(f"arm.{name}.policy_names", flat, problems)
    if len(policy_names) != len(joints):
        problems.append(f"arm '{name}' has {len(joints)} joints but {len(policy_names)} policy_names")
    low, high, step = (
        _numbers(f"arm.{name}.{limit}", len(joints), flat, problems)
        for limit in ("position_min", "position_max", "max_step")
    )
    for joint, lowest, highest, largest in zip(joints, low, high, step, strict=True):
        if lowest > highest:
            problems.append(f"joint '{joint}' of arm '{name}' has position_min {lowest} above position_max {highest}")
        if largest < 0 or (largest == 0 and highest > lowest):
            problems.append(f"joint '{joint}' of arm '{name}' has max_step {largest}; it must be above 0")
    return Arm(
        name=name,
        joints=tuple(joints),
        policy_names=tuple(policy_names),
        is_gripper=_grippers(f"arm.{name}.is_gripper", flat, joints, policy_names, problems),
        state_topic=_text(f"arm.{name}.state_topic", flat, problems),
        command_topic=_text(f"arm.{name}.command_topic", flat, problems),
        command_type=_text(f"arm.{name}.command_type", flat, problems, COMMAND_TYPES),
        position_min=low,
        position_max=high,
        max_step=step,
        max_velocity=_optional_limits(f"arm.{name}.max_velocity", len(joints), flat, problems),
        max_acceleration=_optional_limits(f"arm.{name}.max_acceleration", len(joints), flat, problems),
    )
