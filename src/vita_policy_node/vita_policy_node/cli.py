"""The command line of the offline replay; the only file here that prints."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vita_dataset.errors import DataError, UsageError, run_cli
from vita_dataset.robot import read_parameters
from vita_policy_node.replay import read_recorded_actions, replay_bag
from vita_policy_node.replay_live import match_nearest, read_commands
from vita_policy_node.replay_plot import plot_replay
from vita_policy_node.replay_report import ReplayReport, format_table, make_report
from vita_policy_node.robot_files import find_robot_file
from vita_policy_node.serving import open_checkpoint


def main() -> int:
    """Entry point of ``ros2 run vita_policy_node replay``."""
    return run_cli(replay)


def replay(argv: Sequence[str]) -> int:
    """Replay a bag offline, print the table, write report.json and report.png.

    Returns:
        0; or 1 when ``--must-beat-hold`` is given and the policy does not.

    Raises:
        VitaError: an argument, the bag, the robot file or the checkpoint is not what it must be.
    """
    arguments = _parser().parse_args(argv)
    bag: Path = arguments.bag
    if not bag.is_dir():
        raise UsageError(f"--bag '{bag}' is not a folder; give the folder of a rosbag2")
    robot_file = find_robot_file(arguments.robot) if arguments.robot else bag / "robot.yaml"
    parameters = {**read_parameters(robot_file), "checkpoint": arguments.checkpoint}
    if arguments.device:
        parameters["device"] = arguments.device
    serving = open_checkpoint(parameters)
    policy, layout = serving.policy, serving.layout

    latency_ns = round(arguments.latency_ms * 1e6)
    horizon = policy.config.action_horizon
    result = replay_bag(bag, layout, serving.settings, policy.predict_chunk, horizon, latency_ns)
    recorded = read_recorded_actions(bag, layout.limits.names)
    live = read_commands(arguments.commands, layout) if arguments.commands else {}
    pairs = match_nearest(live, recorded, layout.period_ns)
    beside = (np.array([live[a] for a, _ in pairs]), np.array([recorded[b] for _, b in pairs])) if pairs else None
    origin = {
        "bag": str(bag),
        "checkpoint": str(policy.checkpoint),
        "checkpoint_step": policy.step,
        "robot": str(robot_file),
        "rate_hz": round(1e9 / layout.period_ns, 6),
    }
    report = make_report(result, np.array(list(recorded.values())), beside, origin)

    out: Path = arguments.out or Path(f"replay_{bag.resolve().name}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.json").write_text(json.dumps(report.to_dict(), indent=2) + "\n", encoding="utf-8")
        plot_replay(result, recorded, live, out / "report.png")
    except OSError as error:
        raise DataError(f"the report cannot be written to '{out}' ({error.strerror}); choose another --out") from error
    _print(report, out)
    if arguments.commands and not pairs:
        raise DataError(f"bag '{arguments.commands}' holds no command beside a recorded action; was the node active?")
    if arguments.must_beat_hold and not report.beats_hold:
        raise DataError(
            f"the policy of '{policy.checkpoint}' is not better than holding the pose of each observation on '{bag}' "
            f"(it commanded {report.policy.count} of {report.total_ticks} ticks); train it longer or on more episodes"
        )
    return 0


def _print(report: ReplayReport, out: Path) -> None:
    details = report.details
    print(format_table(report))
    print(f"ticks: {report.policy.count} of {report.total_ticks} compared with the recorded action")
    for reason, number in details["holds"].items():
        print(f"  held {number}: {reason}")
    for name, stream in details["streams"].items():
        print(f"{name}: {stream['received']} received, {stream['matched']} matched, {stream['dropped']} dropped")
    limited, hits = details["safety"]["commands_limited"], details["safety"]["hits"]
    print(f"safety: {limited} commands limited" + "".join(f"; {name} {number}x" for name, number in hits.items()))
    latency = details["timing"]["inference_ms"]
    if latency["p50"] is not None:
        print("inference [ms]: " + ", ".join(f"{name} {value:.1f}" for name, value in latency.items()))
    print(f"report: {out / 'report.json'}")
    print(f"plot: {out / 'report.png'}")


def _latency(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 10_000:
        raise argparse.ArgumentTypeError(f"must be between 0 and 10000 ms, but is {text}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="replay", description="Run a recorded episode through the policy node's classes and report the errors."
    )
    parser.add_argument("--bag", type=Path, required=True, help="rosbag2 folder, as written by vita_dataset to_bag")
    parser.add_argument("--checkpoint", required=True, help="step, checkpoints or session folder")
    parser.add_argument("--robot", help="robot file or its name in vita_bringup (default: robot.yaml of the bag)")
    parser.add_argument("--out", type=Path, help="folder for report.json and report.png (default: replay_<bag name>)")
    parser.add_argument("--commands", type=Path, help="bag of a live replay: reports the live node's errors as well")
    parser.add_argument("--device", help="where the model runs (default: the robot file's, else cpu)")
    parser.add_argument(
        "--latency-ms", type=_latency, default=0.0, help="assumed inference time [ms]; 0 = a chunk is there at once"
    )
    parser.add_argument(
        "--must-beat-hold",
        action="store_true",
        help="exit 1 unless better than holding the pose measured at each observation",
    )
    return parser
