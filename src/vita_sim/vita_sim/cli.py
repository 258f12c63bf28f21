"""The commands of this package that need no running ROS: demonstrate, evaluate."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from vita_dataset import errors
from vita_dataset.origin import folder_bytes
from vita_dataset.progress import ProgressLine
from vita_sim.demonstrate import write_demonstrations
from vita_sim.env import VitaSimEnv
from vita_sim.episode import FIRST_SEED, TIME_LIMIT_S, episode_seeds
from vita_sim.evaluate import LATENCY_MS, control_loop, run_evaluation, source_size
from vita_sim.evaluation_folder import evaluation_folder
from vita_sim.render import DEFAULT_SIZE
from vita_sim.results import REPORT_FILE, evaluation_report, report_table, require_success, write_report
from vita_sim.scene import SCENES
from vita_sim.stage import open_stage


def demonstrate(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_sim demonstrate``."""
    return errors.run_cli(_demonstrate, argv)


def evaluate(argv: Sequence[str] | None = None) -> int:
    """``ros2 run vita_sim evaluate``."""
    return errors.run_cli(_evaluate, argv)


def _demonstrate(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="demonstrate",
        description="Let a scripted expert show a task in the simulator, and write what it does as a LeRobot dataset.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="PATH", help="folder to make")
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="how many demonstrations")
    parser.add_argument("--scene", choices=sorted(SCENES), default="lift", help="what to show")
    parser.add_argument(
        "--robot", default="", metavar="NAME|FILE", help="robot file: names, image keys, rate; empty = the scene's own"
    )
    parser.add_argument("--size", type=int, nargs=2, default=DEFAULT_SIZE, metavar=("H", "W"), help="of all images")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed of the first episode; the next take S+1..."
    )
    parser.add_argument("--noise-rad", type=float, default=0.003, metavar="RAD", help="disturbance that is corrected")
    parser.add_argument("--images", action="store_true", help="embed lossless images instead of videos")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier demonstrations")
    args = parser.parse_args(argv)
    height, width = args.size
    made = write_demonstrations(
        open_stage(args.scene, args.robot),
        args.out,
        episodes=args.episodes,
        size=(height, width),
        seed=args.seed,
        noise_rad=args.noise_rad,
        codec=None if args.images else "h264",
        overwrite=args.overwrite,
        on_progress=ProgressLine(sys.stderr, "episodes"),
    )
    print(f"{args.out}: {made.episodes} episodes, {made.steps} steps, {folder_bytes(args.out) / 1e6:.1f} MB")
    if made.skipped_seeds:
        print(f"note: left out, because the expert failed: seeds {list(made.skipped_seeds)}")
    return 0


def _evaluate(argv: Sequence[str]) -> int:
    args = _evaluation_parser().parse_args(argv)
    # Torch reads it when it is first imported. Its waiting threads would spin, and keep the renderer off the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from vita_policy_node.serving import open_checkpoint

    seeds = episode_seeds(args.seed, args.episodes)
    stage = open_stage(args.scene, args.robot)
    device = {"device": args.device} if args.device else {}
    serving = open_checkpoint({**stage.parameters, **device, "checkpoint": args.checkpoint})
    policy = serving.policy
    height, width = args.size or source_size(policy.spec)
    latency_ns = round(args.latency_ms * 1e6)
    out: Path = args.out or Path(f"evaluation_{args.scene}")
    with (
        evaluation_folder(out) as folder,
        closing(VitaSimEnv(stage, (height, width), args.time_limit_s)) as env,
    ):
        progress = ProgressLine(sys.stderr, "episodes")
        found = run_evaluation(env, lambda: control_loop(serving, latency_ns), seeds, folder, args.videos, progress)
        report = evaluation_report(
            found.results,
            way="direct",
            scene=args.scene,
            checkpoint=str(policy.checkpoint),
            settings={
                "checkpoint_step": policy.step,
                "robot": str(stage.robot_file),
                "rate_hz": stage.rate_hz,
                "first_seed": args.seed,
                "time_limit_s": args.time_limit_s,
                "assumed_latency_ms": args.latency_ms,
                "image_size": [height, width],
                "device": str(policy.device),
                "precision": policy.precision,
            },
            inference_ns=found.inference_ns,
        )
        write_report(folder / REPORT_FILE, report)
    print(report_table(report))
    print(f"report: {out / REPORT_FILE}")
    require_success(report, args.min_success)
    return 0


def _evaluation_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate",
        description="Let a policy do the task in the simulator, through the policy node's own classes but without ROS "
        "nodes, and report how often it succeeds.",
    )
    parser.add_argument("--checkpoint", required=True, metavar="C", help="step, checkpoints or session folder")
    parser.add_argument("--episodes", type=int, default=50, metavar="N", help="how many starts (default: %(default)s)")
    parser.add_argument("--scene", choices=sorted(SCENES), default="lift", help="default: %(default)s")
    parser.add_argument("--robot", default="", metavar="NAME|FILE", help="robot file (default: the scene's own)")
    parser.add_argument(
        "--seed", type=int, default=FIRST_SEED, metavar="S", help="of the first start (default: %(default)s)"
    )
    parser.add_argument(
        "--time-limit-s",
        type=float,
        default=TIME_LIMIT_S,
        metavar="T",
        help="simulated time [s] (default: %(default)g)",
    )
    parser.add_argument(
        "--latency-ms",
        type=_between(0, 10_000),
        default=LATENCY_MS,
        metavar="X",
        help="assumed time of a prediction [ms] (default: %(default)g)",
    )
    parser.add_argument(
        "--size", type=int, nargs=2, metavar=("H", "W"), help="of the cameras (default: as the checkpoint's recordings)"
    )
    parser.add_argument(
        "--videos", type=_videos, metavar="N|all", default="all", help="how many episodes to film (default: all)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="for report and films (default: evaluation_<scene>)")
    parser.add_argument("--device", metavar="D", help="where the model runs (default: the robot file's, else cpu)")
    parser.add_argument(
        "--min-success", type=_between(0, 1), default=0.0, metavar="RATE", help="exit 1 below this rate, 0 to 1"
    )
    return parser


def _between(low: float, high: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be between {low:g} and {high:g}, but is {text}")
        return value

    return number


def _videos(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a number from 0 or all, but is {text}")
    return int(text)
