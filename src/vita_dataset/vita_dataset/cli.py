"""The commands that look at data and make some: inspect, sample."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vita_dataset import errors
from vita_dataset.folder import parse_place
from vita_dataset.inspection import describe
from vita_dataset.origin import folder_bytes, origin
from vita_dataset.page import chosen_episodes, page_text
from vita_dataset.page_file import check_page, write_page
from vita_dataset.progress import ProgressLine
from vita_dataset.robot_template import robot_text
from vita_dataset.sample import write_sample
from vita_dataset.sources import open_source
from vita_dataset.survey import survey
from vita_dataset.task_file import write_new_file


def inspect(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset inspect``."""
    return errors.run_cli(_inspect, argv)


def sample(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset sample``."""
    return errors.run_cli(_sample, argv)


def _inspect(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="inspect", description="Check what a LeRobot or converted dataset holds.")
    parser.add_argument("path", type=parse_place, metavar="PATH", help="its folder; of a converted one also a URL")
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
