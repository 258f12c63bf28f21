"""The commands of this package: convert, inspect, sample, to_bag, from_bag."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vita_dataset import errors
from vita_dataset.convert import DATASETS_VARIABLE, datasets_dir
from vita_dataset.convert import convert as convert_dataset
from vita_dataset.from_bag import EMBEDDED, REPORT_FILE
from vita_dataset.from_bag import from_bag as write_recording
from vita_dataset.inspection import MOST_LINES, describe, offset_lines, shortened
from vita_dataset.origin import folder_bytes, origin
from vita_dataset.page import chosen_episodes, page_text
from vita_dataset.page_file import check_page, write_page
from vita_dataset.progress import ProgressLine, clock_time
from vita_dataset.robot_template import robot_text
from vita_dataset.sample import write_sample
from vita_dataset.sources import open_source
from vita_dataset.survey import survey
from vita_dataset.task_file import task_text, write_new_file
from vita_dataset.to_bag import ROBOT_FILE, STORAGES
from vita_dataset.to_bag import to_bag as write_bag
from vita_dataset.video import ENCODERS


def convert(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset convert``."""
    return errors.run_cli(_convert, argv)


def inspect(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset inspect``."""
    return errors.run_cli(_inspect, argv)


def sample(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset sample``."""
    return errors.run_cli(_sample, argv)


def to_bag(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset to_bag``."""
    return errors.run_cli(_to_bag, argv)


def from_bag(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset from_bag``."""
    return errors.run_cli(_from_bag, argv)


def _convert(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="convert",
        description=f"Convert a LeRobot dataset to a training set in ${DATASETS_VARIABLE}/<last two parts of PATH>.",
    )
    parser.add_argument("-r", "--repo", type=Path, required=True, metavar="PATH", help="folder with meta/ and data/")
    parser.add_argument("--repo-id", metavar="A/B", help="name of the result instead of the last two parts of PATH")
    parser.add_argument("--resize", type=int, nargs=2, metavar=("H", "W"), help="size to store the images in")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing result")
    parser.add_argument("--write-task", type=Path, metavar="FILE", help="also write a task configuration for training")
    args = parser.parse_args(argv)
    if args.write_task is not None and args.write_task.exists():
        raise errors.UsageError(
            f"'{args.write_task}' exists and may have been edited; remove it or choose another name"
        )
    result = convert_dataset(
        args.repo,
        datasets_dir(),
        repo_id=args.repo_id,
        resize=tuple(args.resize) if args.resize else None,
        overwrite=args.overwrite,
        on_progress=ProgressLine(sys.stderr, "images"),
    )
    report = result.report
    print(
        f"{result.output}: {report['episodes']} episodes, {report['steps']} steps, "
        f"{clock_time(report['seconds'])} of recording, {folder_bytes(result.output) / 1e6:.0f} MB"
    )
    for title, key in (("warning", "warnings"), ("note", "notes")):
        for entry in shortened(report[key]):
            print(f"{title}: {entry}")
    for line in offset_lines(report["action_offset"]["elements"], result.spec.fps):
        print(f"action ahead of state: {line}")
    if report["left_out"]:
        print(f"left out: {', '.join(report['left_out'])}")
    if args.write_task is not None:
        root = f"${{oc.env:{DATASETS_VARIABLE}}}/{result.spec.repo_id}"
        write_new_file(args.write_task, task_text(result.spec, root))
        print(f"task file: {args.write_task}")
    return 0


def _inspect(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="inspect", description="Check what a LeRobot or converted dataset holds.")
    parser.add_argument("path", type=Path, metavar="PATH", help="the dataset's folder")
    parser.add_argument("--tables-only", action="store_true", help="look at no pictures: quick, finds less")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write one page with plots and pictures")
    parser.add_argument(
        "--show", type=int, nargs="+", metavar="N", help="episodes to plot on the page (default: first, middle, last)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a FILE that is no page of this command")
    parser.add_argument("--write-robot", type=Path, metavar="FILE", help="also write a robot file to start from")
    args = parser.parse_args(argv)
    if args.html is None and (args.show is not None or args.overwrite):
        raise errors.UsageError("--show and --overwrite are about the page; add --html FILE")
    source = open_source(args.path)
    if args.html is not None:  # before the long work
        check_page(args.html, args.path, overwrite=args.overwrite)
    shown = chosen_episodes(source, args.show)
    found = survey(source, frames=not args.tables_only, on_progress=ProgressLine(sys.stderr, "episodes"))
    whence = origin(args.path, source, hashed=not args.tables_only)
    print(describe(source, found, whence), end="")
    if args.html is not None:
        write_page(args.html, page_text(source, found, whence, shown))
        print(f"\npage: {args.html}")
    if args.write_robot is not None:
        write_new_file(args.write_robot, robot_text(source.spec, found))
        print(f"\nrobot file: {args.write_robot}")
    return 0


def _sample(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="sample",
        description="Make a small LeRobot dataset: a drawn arm grasps a block. The same arguments give the same data.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="PATH", help="folder to make")
    parser.add_argument("--episodes", type=int, default=24, metavar="N", help="how many demonstrations")
    parser.add_argument("--steps", type=int, default=90, metavar="N", help="length of each, 30 steps a second")
    parser.add_argument("--size", type=int, nargs=2, default=[96, 128], metavar=("H", "W"), help="of both cameras")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="chooses targets, starts and noise")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing sample")
    args = parser.parse_args(argv)
    height, width = args.size
    write_sample(
        args.out,
        episodes=args.episodes,
        steps=args.steps,
        size=(height, width),
        seed=args.seed,
        overwrite=args.overwrite,
        on_progress=ProgressLine(sys.stderr, "episodes"),
    )
    print(f"{args.out}: {args.episodes} episodes of {args.steps} steps, {folder_bytes(args.out) / 1e6:.1f} MB")
    return 0


def _to_bag(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="to_bag", description="Write one episode of a dataset as a rosbag2.")
    parser.add_argument("-r", "--repo", type=Path, required=True, metavar="PATH", help="LeRobot or converted dataset")
    parser.add_argument("--episode", type=int, required=True, metavar="N", help="its number, from 0")
    parser.add_argument("--config", type=Path, required=True, metavar="ROBOT.yaml", help="robot file with the topics")
    parser.add_argument("--out", type=Path, required=True, metavar="BAG", help="folder to make")
    parser.add_argument("--storage", choices=list(STORAGES), default="mcap", help="file format (default: mcap)")
    parser.add_argument("--compressed", action="store_true", help="JPEG images for all cameras")
    parser.add_argument(
        "--allow-unnamed-joints",
        action="store_true",
        help="where the dataset names no joints, take its state in the robot file's order",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing bag")
    args = parser.parse_args(argv)
    count = write_bag(
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
    print(f"{args.out}: {count} messages, {folder_bytes(args.out) / 1e6:.1f} MB, robot file {args.out / ROBOT_FILE}")
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
        help="marks that cut a bag into episodes: true and false of a std_msgs/Bool, or any other message, or a "
        "service's events",
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
