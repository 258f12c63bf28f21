"""The commands between recordings and rosbags: to_bag, from_bag."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vita_dataset import errors
from vita_dataset.bag_writer import STORAGES
from vita_dataset.folder import parse_place
from vita_dataset.from_bag import EMBEDDED, REPORT_FILE
from vita_dataset.from_bag import from_bag as write_recording
from vita_dataset.inspection import MOST_LINES
from vita_dataset.lerobot_writer import VERSION, VERSIONS
from vita_dataset.origin import folder_bytes
from vita_dataset.progress import ProgressLine
from vita_dataset.to_bag import ROBOT_FILE
from vita_dataset.to_bag import to_bag as write_bag
from vita_dataset.video_encoder import ENCODERS


def to_bag(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset to_bag``."""
    return errors.run_cli(_to_bag, argv)


def from_bag(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset from_bag``."""
    return errors.run_cli(_from_bag, argv)


def _to_bag(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="to_bag", description="Write one episode of a dataset as a rosbag2.")
    parser.add_argument(
        "-r",
        "--repo",
        type=parse_place,
        required=True,
        metavar="PATH",
        help="LeRobot or converted dataset (also at a URL), or an offline folder: qpos.csv and pictures of the cameras",
    )
    parser.add_argument("--episode", type=int, metavar="N", help="its number, from 0; not with an offline folder")
    parser.add_argument("--config", type=Path, required=True, metavar="ROBOT.yaml", help="robot file with the topics")
    parser.add_argument("--out", type=Path, required=True, metavar="BAG", help="folder to make")
    parser.add_argument("--storage", choices=list(STORAGES), default="mcap", help="file format (default: mcap)")
    parser.add_argument("--compressed", action="store_true", help="JPEG images for all cameras")
    parser.add_argument(
        "--allow-unnamed-joints",
        action="store_true",
        help="where the dataset names no joints, take state and action in the robot file's order",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier result of this command")
    args = parser.parse_args(argv)
    result = write_bag(
        args.repo,
        args.episode,
        args.config,
        args.out,
        storage=args.storage,
        compressed=args.compressed,
        allow_unnamed_joints=args.allow_unnamed_joints,
        overwrite=args.overwrite,
        on_progress=ProgressLine(sys.stderr, "steps"),
    )
    size = folder_bytes(args.out) / 1e6
    print(f"{args.out}: {result.messages} messages, {size:.1f} MB, robot file {args.out / ROBOT_FILE}")
    for note in result.notes:
        print(f"note: {note}")
    return 0


def _from_bag(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="from_bag", description="Write rosbags of a robot as a LeRobot recording.")
    parser.add_argument(
        "--bag", type=Path, required=True, action="append", metavar="BAG", help="a bag's folder; give it once for each"
    )
    parser.add_argument("--config", type=Path, required=True, metavar="ROBOT.yaml", help="robot file with the topics")
    parser.add_argument("--out", type=Path, required=True, metavar="PATH", help="folder to make")
    parser.add_argument("--task", metavar="TEXT", help="what the robot was asked to do (default: the name of PATH)")
    parser.add_argument(
        "--format", choices=VERSIONS, default=VERSION, help=f"version of the LeRobot format (default: {VERSION})"
    )
    parser.add_argument(
        "--codec",
        choices=[*ENCODERS, EMBEDDED],
        default="h264",
        help=f"of the videos (default: h264); {EMBEDDED} = lossless pictures in the tables",
    )
    parser.add_argument(
        "--action-topic",
        metavar="TOPIC",
        help="JointState or JointTrajectory with the actions of all joints (default: /recorded/action where the bag "
        "has it, else the command topics of the arms)",
    )
    parser.add_argument(
        "--split-topic",
        metavar="TOPIC",
        help="marks that cut a bag into episodes: true and false of a std_msgs/Bool, or any other message, or the "
        "calls of a service",
    )
    parser.add_argument(
        "--gap-s",
        type=float,
        default=1.0,
        metavar="S",
        help="an episode ends where nothing was matched for longer; 0 = nowhere (default: 1)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier result of this command")
    args = parser.parse_args(argv)
    result = write_recording(
        args.bag,
        args.config,
        args.out,
        task=args.task,
        codec=args.codec,
        version=args.format,
        action_topic=args.action_topic,
        split_topic=args.split_topic,
        gap_s=args.gap_s,
        overwrite=args.overwrite,
        on_progress=ProgressLine(sys.stderr, "images"),
    )
    print(f"{args.out}: {result.episodes} episodes, {result.steps} steps, {folder_bytes(args.out) / 1e6:.1f} MB")
    for note in result.notes[:MOST_LINES]:
        print(f"note: {note}")
    if len(result.notes) > MOST_LINES:
        print(f"and {len(result.notes) - MOST_LINES} more notes; meta/{REPORT_FILE} lists them all")
    return 0
