"""Rosbags of a robot as a LeRobot recording: the way back from ``to_bag``.

Each bag is read twice: once to match messages and cut episodes, once for the pictures, camera by camera, so that
memory holds one picture at a time and not the bag.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.bag_reader import OpenBag, open_bag
from vita_dataset.errors import DataError, UsageError
from vita_dataset.from_bag_pictures import Pictures
from vita_dataset.from_bag_pieces import LEAST_STEPS, Piece, cut_pieces
from vita_dataset.from_bag_scan import scan_bag
from vita_dataset.from_bag_timing import Timing, read_timing
from vita_dataset.json_files import write_json
from vita_dataset.lerobot_writer import VERSION, LeRobotWriter, Recording, check_version
from vita_dataset.progress import Progress, no_progress
from vita_dataset.publish import publish, refuse_overlap
from vita_dataset.robot import CameraSource, Robot, parse_robot, read_parameters
from vita_dataset.spec import CameraSpec, VectorSpec
from vita_dataset.video_encoder import check_codec

EMBEDDED = "images"
"""What takes the place of a codec for lossless pictures in the tables."""
STATE_KEY = "observation.state"
ACTION_KEY = "action"
SHOWN_NOTES = 3
"""Of those that say why no episode is left."""
REPORT_FILE = "from_bag.json"
"""In meta/: where each episode came from and what was left out. By it a recording of this command is known."""


@dataclass(frozen=True)
class BagRecording:
    """What was written: episodes, steps, and a sentence for each thing that was left out or stood in for."""

    episodes: int
    steps: int
    notes: tuple[str, ...]


def from_bag(
    bags: Sequence[Path],
    robot_file: Path,
    output: Path,
    *,
    task: str | None = None,
    codec: str = "h264",
    version: str = VERSION,
    action_topic: str | None = None,
    split_topic: str | None = None,
    gap_s: float = 1.0,
    overwrite: bool = False,
    on_progress: Progress = no_progress,
) -> BagRecording:
    """Write bags as a LeRobot recording, at the robot file's ``rate_hz``.

    Args:
        bags: folders of rosbag2, sqlite3 or mcap; each gives one episode or more.
        robot_file: says which topic is which camera and which joint, and how messages are matched.
        output: the recording's folder.
        task: what the robot was asked to do; the output's name when None.
        codec: a video codec, or ``EMBEDDED``.
        version: of the LeRobot format, one of ``lerobot_writer.VERSIONS``.
        action_topic: sensor_msgs/JointState or trajectory_msgs/JointTrajectory with the actions of all joints. When
            None: ``/recorded/action`` where the bag has it, else each arm's command topic.
        split_topic: marks on it cut the bags into episodes: a std_msgs/Bool says whether one goes on from there, any
            other message begins the next.
        gap_s: an episode ends where no set was matched for longer [s]; 0 = nowhere.
        overwrite: replace an earlier recording of this command, once the new one is whole.
        on_progress: called with (pictures done, pictures in all).

    Raises:
        UsageError: arguments make no sense, or an existing output without ``overwrite``.
        DataError: a bag or the robot file is damaged, they do not fit, nothing matches, a number is not finite, no
            episode is long enough, or the output overlaps a bag or the robot file.
    """
    if codec != EMBEDDED:
        check_codec(codec)
    check_version(version)
    places = [bag.resolve() for bag in bags]
    if not places or len(set(places)) < len(places):
        raise UsageError(f"--bag must name one bag or more, each once, but names {[str(bag) for bag in bags]}")
    parameters = read_parameters(robot_file)
    robot = parse_robot(parameters)
    keys = [camera.key for camera in robot.cameras]
    if len(set(keys)) < len(keys):
        raise DataError(f"the robot file '{robot_file}' must give each camera a key of its own, but has {keys}")
    timing = read_timing(parameters, robot_file, gap_s)
    for source in (*bags, robot_file):
        refuse_overlap(output, source)
    text = output.resolve().name if task is None else task
    names = robot.policy_names
    recording = Recording(
        fps=timing.rate_hz,
        robot_type=robot_file.stem,
        cameras=(),  # their sizes are in the pictures
        state=VectorSpec(STATE_KEY, len(names), names),
        action=VectorSpec(ACTION_KEY, len(names), names),
        codec=None if codec == EMBEDDED else codec,
    )
    with publish(output, overwrite=overwrite, replaceable=_is_ours) as work:
        plan, notes = _plan(bags, robot, timing, text, action_topic, split_topic)
        writing = _Writing(work, robot, recording, version, plan, on_progress)
        writing.write()
        write_json(work / "meta" / REPORT_FILE, {"episodes": writing.origins, "notes": notes})
    steps = sum(len(piece.table) for _, pieces in plan for piece in pieces)
    return BagRecording(len(writing.origins), steps, tuple(notes))


_Plan = list[tuple[Path, tuple[Piece, ...]]]


def _plan(
    bags: Sequence[Path],
    robot: Robot,
    timing: Timing,
    task: str,
    action_topic: str | None,
    split_topic: str | None,
) -> tuple[_Plan, list[str]]:
    """The first pass over all bags, before the long work."""
    plan: _Plan = []
    notes: list[str] = []
    for path in bags:
        with open_bag(path) as bag:
            scan = scan_bag(bag, robot, timing, action_topic, split_topic)
        pieces, remarks = cut_pieces(scan, robot, timing, task)
        plan.append((path, pieces))
        notes += [*scan.notes, *remarks]
    if not any(pieces for _, pieces in plan):
        why = [*notes[:SHOWN_NOTES], *([f"and so on, {len(notes)} reasons"] if len(notes) > SHOWN_NOTES else [])]
        raise DataError(
            f"no episode of {LEAST_STEPS} steps or more is left: {'; '.join(why) or 'the marks want none'}; record "
            "longer ones, or raise --gap-s where an episode fell to pieces"
        )
    return plan, notes


class _Writing:
    """The second pass: one dataset out of all bags."""

    def __init__(
        self, work: Path, robot: Robot, recording: Recording, version: str, plan: _Plan, on_progress: Progress
    ) -> None:
        self.origins: list[dict[str, Any]] = []
        self._work = work
        self._robot = robot
        self._recording = recording
        self._version = version
        self._plan = plan
        self._on_progress = on_progress
        self._pictures = Pictures()
        self._done = 0
        self._total = sum(len(piece.table) for _, pieces in plan for piece in pieces) * len(robot.cameras)

    def write(self) -> None:
        """Write all episodes and the metadata."""
        writer: LeRobotWriter | None = None
        for path, pieces in self._plan:
            with open_bag(path) as bag:
                for piece in pieces:
                    writer = writer or LeRobotWriter(self._work, self._with_cameras(bag, piece), self._version)
                    frames = {camera.key: self._counted(bag, camera, piece) for camera in self._robot.cameras}
                    writer.add_episode(piece.table, frames)
                    origin = {"bag": str(path), "start_ns": piece.start_ns, "length": len(piece.table)}
                    self.origins.append({"episode_index": len(self.origins), **origin})
        assert writer is not None  # _plan refuses an empty plan
        writer.finish()

    def _with_cameras(self, bag: OpenBag, piece: Piece) -> Recording:
        """The recording's description; the first pictures tell the sizes."""
        cameras = []
        for camera in self._robot.cameras:
            with closing(self._pictures.of(bag, camera, piece)) as pictures:
                height, width, _ = next(pictures).shape
            cameras.append(CameraSpec(camera.key, height, width))
        odd = [f"{c.height}x{c.width} of '{c.key}'" for c in cameras if c.height % 2 or c.width % 2]
        if odd and self._recording.codec is not None:
            raise DataError(
                f"bag '{bag.path}' has pictures (H x W) of {', '.join(odd)}, but a video needs even sides; "
                f"add --codec {EMBEDDED}, or set another size in the camera's driver"
            )
        return replace(self._recording, cameras=cameras)

    def _counted(self, bag: OpenBag, camera: CameraSource, piece: Piece) -> Iterator[NDArray[np.uint8]]:
        for image in self._pictures.of(bag, camera, piece):
            yield image
            self._done += 1
            self._on_progress(self._done, self._total)


def _is_ours(path: Path) -> bool:
    return (path / "meta" / REPORT_FILE).is_file() and (path / "meta" / "info.json").is_file()
