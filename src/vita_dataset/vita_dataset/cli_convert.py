"""The command convert."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from vita_dataset import errors
from vita_dataset.conversion import Conversion, run_conversion
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.folder import is_url
from vita_dataset.image_codec import ImageCodec
from vita_dataset.inspection import offset_lines, shortened
from vita_dataset.library import DATASETS_VARIABLE, datasets_dir, entries, interrupted
from vita_dataset.progress import ProgressLine, clock_time
from vita_dataset.publish import partial_folder
from vita_dataset.range_journal import JOURNAL, Journal
from vita_dataset.remote_folder import local_path
from vita_dataset.remote_output import RemoteOutput
from vita_dataset.selection import Selection, SourceRequest, parse_episodes
from vita_dataset.size_estimate import describe_plan, estimate
from vita_dataset.stats import stats_from_dict
from vita_dataset.task_file import task_text, write_new_file


def convert(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_dataset convert``."""
    return errors.run_cli(_convert, argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convert",
        description=f"Convert a recording to a training set in ${DATASETS_VARIABLE}/<last two parts of PATH>.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("-r", "--repo", type=Path, metavar="PATH", help="a LeRobot dataset, or a training set")
    what.add_argument("-l", "--ls", action="store_true", help="list the training sets that are there")
    where = parser.add_argument_group("where to")
    where.add_argument(
        "--root", metavar="DIR", help=f"folder or URL of the training sets (default: ${DATASETS_VARIABLE})"
    )
    where.add_argument("--repo-id", metavar="A/B", help="name of the result instead of the last two parts of PATH")
    where.add_argument("--overwrite", action="store_true", help="replace an existing result")
    where.add_argument("--resume", action="store_true", help="go on with an interrupted conversion")
    where.add_argument("--dry-run", action="store_true", help="only say what would be written, how large, how long")
    where.add_argument("--write-task", type=Path, metavar="FILE", help="also write a task configuration for training")
    which = parser.add_argument_group("what of it")
    which.add_argument("--episodes", metavar="N,A:B", help="numbers and ranges without their ends, such as 0:50,60")
    which.add_argument("--keys", nargs="+", metavar="KEY", help="only these cameras; * and ? stand for parts of names")
    which.add_argument("--drop-keys", nargs="+", metavar="KEY", help="not these cameras")
    which.add_argument("--state-key", metavar="KEY", help="the measured vector, where it is not observation.state")
    which.add_argument("--action-key", metavar="KEY", help="the commanded vector, where it is not action")
    how = parser.add_argument_group("how")
    how.add_argument("--resize", type=int, nargs=2, metavar=("H", "W"), help="size to store the images in")
    how.add_argument(
        "--image-codec",
        default="raw",
        metavar="CODEC",
        help="raw: exact and quickest to read (default); jpeg or jpeg:QUALITY: 10 to 16 times smaller at 90",
    )
    how.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each core)")
    how.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT", help="let a Dask cluster do it, which sees the same files"
    )
    return parser


def _convert(argv: Sequence[str]) -> int:
    args = _parser().parse_args(argv)
    root: str = args.root if args.root is not None else datasets_dir()
    if args.ls:
        return _list(root)
    workers = _cores() if args.workers is None else args.workers
    if workers < 1:
        raise errors.UsageError(f"--workers must be 1 or more, but is {workers}")
    if args.write_task is not None and args.write_task.exists():
        raise errors.UsageError(
            f"'{args.write_task}' exists and may have been edited; remove it or choose another name"
        )
    local = local_path(root) if is_url(root) else Path(root).expanduser()
    remote = RemoteOutput(root) if local is None else None
    selection = Selection(
        keys=tuple(args.keys or ()),
        drop_keys=tuple(args.drop_keys or ()),
        state_key=args.state_key,
        action_key=args.action_key,
    )
    if args.episodes is not None:
        count = SourceRequest(args.repo, selection).open().episode_count
        selection = replace(selection, episodes=parse_episodes(args.episodes, count))
    plan = plan_conversion(
        SourceRequest(args.repo, selection),
        local or RemoteOutput(root).staging,
        repo_id=args.repo_id,
        resize=tuple(args.resize) if args.resize else None,
        codec=ImageCodec.parse(args.image_codec),
    )
    output = str(plan.output) if remote is None else remote.url(plan.spec.repo_id)
    if args.dry_run:
        print("\n".join(describe_plan(plan, estimate(plan), output, workers)))
        return 0
    uploading = ProgressLine(sys.stderr, "files")
    run = run_conversion if remote is None else partial(remote.convert, on_upload=uploading)
    try:
        result = run(
            plan,
            workers=workers,
            scheduler=args.scheduler,
            overwrite=args.overwrite,
            resume=args.resume,
            on_progress=ProgressLine(sys.stderr, "images"),
        )
    except KeyboardInterrupt:
        if Journal(partial_folder(plan.output) / JOURNAL).finished():
            sys.stderr.write("what is done is kept: the same command with --resume goes on\n")
        raise
    _summary(result, output)
    if args.write_task is not None:
        place = f"${{oc.env:{DATASETS_VARIABLE}}}/{plan.spec.repo_id}" if args.root is None else output
        write_new_file(args.write_task, task_text(result.spec, place, stats_from_dict(result.report["statistics"])))
        print(f"task file: {args.write_task}")
    return 0


def _summary(result: Conversion, output: str) -> None:
    report = result.report
    print(
        f"{output}: {report['episodes']} episodes, {report['steps']} steps, "
        f"{clock_time(report['seconds'])} of recording, {result.size_bytes / 1e6:.0f} MB"
    )
    for title, key in (("warning", "warnings"), ("note", "notes")):
        for entry in shortened(report[key]):
            print(f"{title}: {entry}")
    for line in offset_lines(report["action_offset"]["elements"], result.spec.fps):
        print(f"action ahead of state: {line}")
    if report["left_out"]:
        print(f"left out: {', '.join(report['left_out'])}")


def _list(root: str) -> int:
    """One line for each training set: name, episodes, steps, cameras, codec, size."""
    folder = local_path(root) if is_url(root) else Path(root).expanduser()
    if folder is None:
        raise errors.UsageError(f"--ls lists folders, but '{root}' is a URL; list it with the tools of its storage")
    count = 0
    for entry in entries(folder):
        count += 1
        size = f"{entry.size_bytes / 1e6:,.0f} MB"
        if entry.dataset is None:
            print(f"{entry.repo_id}  {size}  cannot be opened: {entry.trouble}")
            continue
        spec = entry.dataset.spec
        cameras = ", ".join(f"{camera.key} {camera.height}x{camera.width}" for camera in spec.cameras)
        print(
            f"{entry.repo_id}  {size}  {entry.dataset.episode_count} episodes, {len(entry.dataset)} steps at "
            f"{spec.fps:g} Hz  {spec.image_codec}  {cameras}"
        )
    for name in interrupted(folder):
        count += 1
        print(f"{name}  interrupted: convert with --resume goes on")
    if not count:
        print(f"no training sets in {folder}")
    return 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
