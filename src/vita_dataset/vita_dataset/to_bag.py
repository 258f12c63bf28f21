"""One episode, or one observation of an offline folder, as a rosbag2, as the robot would have published it.

Cameras and joint states go to the topics of a robot file at their recorded times; the recorded actions go to
``/recorded/action`` for comparison. The robot file is kept in the bag's folder as robot.yaml.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from vita_dataset.bag_writer import ACTION_TOPIC, STORAGES, WRITTEN_BY, StateTopic, new_bag
from vita_dataset.episode import Episode, check_finite
from vita_dataset.errors import DataError, UsageError
from vita_dataset.folder import Place
from vita_dataset.from_bag_timing import read_timing
from vita_dataset.offline_folder import is_offline_folder, read_offline_folder
from vita_dataset.progress import Progress, no_progress
from vita_dataset.publish import publish, refuse_overlap
from vita_dataset.remote_folder import shown
from vita_dataset.robot import Robot, flatten, parse_robot, read_parameters
from vita_dataset.sources import open_source
from vita_dataset.spec import DatasetSpec, VectorSpec

ROBOT_FILE = "robot.yaml"


@dataclass(frozen=True)
class WrittenBag:
    """How many messages were written, and a sentence for each thing that was made up or left out."""

    messages: int
    notes: tuple[str, ...]


def to_bag(
    dataset: Place,
    episode: int | None,
    robot_file: Path,
    output: Path,
    *,
    storage: str = "mcap",
    compressed: bool = False,
    allow_unnamed_joints: bool = False,
    overwrite: bool = False,
    on_progress: Progress = no_progress,
) -> WrittenBag:
    """Write one episode as a bag.

    Args:
        dataset: a LeRobot or converted dataset, or an offline folder; of a converted one also a URL.
        episode: its number; None for an offline folder, which is one observation.
        robot_file: says which camera and joints belong on which topic.
        output: the bag's folder.
        storage: "mcap" or "sqlite3".
        compressed: JPEG for all cameras, whatever the robot file says; the kept robot.yaml then says so too.
        allow_unnamed_joints: where the dataset does not name its state or action, take them in the robot file's
            order; the robot file's own ``allow_unnamed_joints: true`` says the same.
        overwrite: replace an earlier bag of this command, once the new one is whole.
        on_progress: called with (steps done, steps in all).

    Raises:
        UsageError: an unknown storage, an episode of an offline folder or none of a dataset, or an existing output
            without ``overwrite``.
        DataError: the dataset or robot file is damaged, they do not fit (every mismatch is listed), NaN, or the
            output overlaps the dataset or holds something else than a bag of this command.
    """
    if storage not in STORAGES:
        raise UsageError(f"--storage must be one of {list(STORAGES)}, but is '{storage}'")
    parameters = read_parameters(robot_file)
    robot = parse_robot(parameters)
    spec, recorded, notes = _open(dataset, episode, robot, parameters, robot_file)
    allowed = allow_unnamed_joints or _allows_unnamed_joints(parameters, robot_file)
    state_topics = match_robot(robot, spec, allow_unnamed_joints=allowed)
    if isinstance(dataset, Path):
        refuse_overlap(output, dataset)
    action_names = _names(spec.action, robot)
    check_finite(recorded.table, {"state": _names(spec.state, robot), "action": action_names}, shown(str(dataset)))
    cameras = [replace(camera, transport="compressed") if compressed else camera for camera in robot.cameras]
    with publish(output, overwrite=overwrite, replaceable=_is_ours) as work:
        with new_bag(work, storage, cameras, state_topics, action_names) as bag:
            count = bag.write_episode(recorded, on_progress)
        _keep_robot_file(robot_file, robot, work / ROBOT_FILE, compressed)
    return WrittenBag(count, notes)


def _open(
    dataset: Place, episode: int | None, robot: Robot, parameters: Mapping[str, Any], robot_file: Path
) -> tuple[DatasetSpec, Episode, tuple[str, ...]]:
    """What to write: its description, the episode, and notes."""
    if isinstance(dataset, Path) and is_offline_folder(dataset):
        if episode is not None:
            raise UsageError(f"'{dataset}' is an offline folder, which has no episodes; leave --episode out")
        timing = read_timing(parameters, robot_file, gap_s=0)
        found = read_offline_folder(dataset, robot, timing.rate_hz)
        return found.spec, found.episode, found.notes
    source = open_source(dataset)
    if episode is None:
        raise UsageError(
            f"'{shown(str(dataset))}' has episodes 0 to {source.episode_count - 1}; choose one with --episode"
        )
    return source.spec, source.episode(episode), ()


def match_robot(robot: Robot, spec: DatasetSpec, *, allow_unnamed_joints: bool = False) -> tuple[StateTopic, ...]:
    """Find each arm's joints in the dataset's state, by name. Arms that share a topic share its messages.

    An action that is as wide must be named as well, by the dataset or by ``allow_unnamed_joints``.

    Raises:
        DataError: lists every camera and joint that does not fit.
    """
    problems: list[str] = []
    keys = {camera.key for camera in spec.cameras}
    for camera in robot.cameras:
        if camera.key not in keys:
            problems.append(f"camera '{camera.name}' feeds '{camera.key}', the dataset has {sorted(keys)}")
    taken = {topic.strip("/") for topic in (*(c.topic for c in robot.cameras), *(a.state_topic for a in robot.arms))}
    if ACTION_TOPIC.strip("/") in taken:
        problems.append(f"'{ACTION_TOPIC}' is kept for the recorded actions, but a camera or arm uses it")
    names = spec.state.names
    if names is None and allow_unnamed_joints and len(robot.policy_names) == spec.state.dim:
        names = robot.policy_names
    if names is None:
        problems.append(_unnamed(spec.state, robot))
    else:
        strangers = [name for name in robot.policy_names if name not in names]
        orphans = [name for name in names if name not in robot.policy_names]
        problems += [f"the state has no joint {strangers}"] if strangers else []
        problems += [f"no arm has the state's {orphans}"] if orphans else []
    # An action of another width is none of joints; its elements go by their numbers.
    if spec.action.names is None and spec.action.dim == len(robot.policy_names) and not allow_unnamed_joints:
        problems.append(_unnamed(spec.action, robot))
    if problems or names is None:
        raise DataError(f"the robot file does not fit dataset '{spec.repo_id}': " + "; ".join(problems))
    topics: dict[str, tuple[list[str], list[int]]] = {}
    for arm in robot.arms:
        joints, columns = topics.setdefault(arm.state_topic, ([], []))
        joints += arm.joints
        columns += [names.index(name) for name in arm.policy_names]
    return tuple(StateTopic(topic, tuple(joints), tuple(columns)) for topic, (joints, columns) in topics.items())


def _unnamed(vector: VectorSpec, robot: Robot) -> str:
    return (
        f"the dataset does not name the {vector.dim} elements of '{vector.key}' and the robot file has "
        f"{len(robot.policy_names)} joints (where the counts are equal, 'allow_unnamed_joints: true' in the robot "
        "file or --allow-unnamed-joints takes them in its order)"
    )


def _is_ours(path: Path) -> bool:
    """Whether a folder holds a bag of this command, and not what a robot recorded."""
    metadata = path / "metadata.yaml"
    mark = ": ".join(WRITTEN_BY)
    return metadata.is_file() and mark in metadata.read_text(encoding="utf-8", errors="replace")


def _allows_unnamed_joints(parameters: Mapping[str, Any], robot_file: Path) -> bool:
    value = parameters.get("allow_unnamed_joints", False)
    if not isinstance(value, bool):
        raise DataError(f"'allow_unnamed_joints' in '{robot_file}' must be true or false, but is {value!r}; correct it")
    return value


def _names(vector: VectorSpec, robot: Robot) -> tuple[str, ...]:
    """Its own names, else the robot's where the count allows, else numbers."""
    unnamed = vector.names is None and len(robot.policy_names) == vector.dim
    return robot.policy_names if unnamed else vector.labels


def _keep_robot_file(source: Path, robot: Robot, target: Path, compressed: bool) -> None:
    if not compressed:
        shutil.copyfile(source, target)
        return
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    for node in document.values():
        if isinstance(node, dict) and isinstance(node.get("ros__parameters"), dict):
            transports = {f"camera.{camera.name}.transport": "compressed" for camera in robot.cameras}
            node["ros__parameters"] = {**flatten(node["ros__parameters"]), **transports}
            break
    target.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
