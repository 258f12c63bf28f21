"""The command line of the offline replay; the only file here that prints."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from vita_dataset.errors import DataError, UsageError, run_cli
from vita_policy_node.replay_folder import BagResult, is_bag, replay_folder
from vita_policy_node.replay_run import Outcome, Replayer
from vita_policy_node.replay_table import format_table
from vita_policy_node.replay_thresholds import BEAT_HOLD, Threshold, read_thresholds

MOST_BAGS_NAMED = 10


def main() -> int:
    """Entry point of ``ros2 run vita_policy_node replay``."""
    return run_cli(replay)


def replay(argv: Sequence[str]) -> int:
    """Replay a bag, or each bag below a folder, offline; print the result and write the reports.

    Returns:
        0, when every threshold that was given is passed.

    Raises:
        VitaError: an argument, a bag, the robot file or the checkpoint is not what it must be, or a threshold is not
            passed.
    """
    arguments = _parser().parse_args(argv)
    bag: Path = arguments.bag
    if not bag.is_dir():
        raise UsageError(f"--bag '{bag}' is not a folder; give the folder of a rosbag2, or one with bags below it")
    thresholds = read_thresholds(arguments.thresholds) if arguments.thresholds else ()
    if arguments.must_beat_hold and all(threshold.name != BEAT_HOLD for threshold in thresholds):
        thresholds = (Threshold(BEAT_HOLD, 1.0), *thresholds)
    latency_ns = round(arguments.latency_ms * 1e6)
    replayer = Replayer(arguments.checkpoint, arguments.robot, arguments.device, latency_ns, thresholds)
    out: Path = arguments.out or Path(f"replay_{bag.resolve().name}")
    if is_bag(bag):
        return _one(replayer, bag, out, arguments.commands)
    if arguments.commands:
        raise UsageError(f"--commands belongs to one bag, but --bag '{bag}' is a folder of bags; replay them singly")
    return _all(replayer, bag, out)


def _one(replayer: Replayer, bag: Path, out: Path, commands: Path | None) -> int:
    outcome = replayer.run(bag, out, commands)
    _print(outcome)
    if outcome.failures:
        raise DataError(
            f"the policy of '{replayer.checkpoint}' does not pass on '{bag}', where it commanded "
            f"{outcome.report.policy.count} of {outcome.report.total_ticks} ticks: {'; '.join(outcome.failures)} "
            f"(look at '{out / 'report.html'}'; train longer or on more episodes)"
        )
    return 0


def _all(replayer: Replayer, folder: Path, out: Path) -> int:
    results = replay_folder(folder, out, replayer.run, _print_line)
    print(f"summary: {out / 'summary.json'}")
    print(f"page: {out / 'summary.html'}")
    wrong = [f"'{result.name}' ({'; '.join(result.sentences)})" for result in results if result.sentences]
    if wrong:
        more = f" and {len(wrong) - MOST_BAGS_NAMED} more" if len(wrong) > MOST_BAGS_NAMED else ""
        raise DataError(
            f"{len(wrong)} of {len(results)} bags below '{folder}' do not pass or cannot be replayed: "
            f"{', '.join(wrong[:MOST_BAGS_NAMED])}{more}"
        )
    return 0


def _print_line(result: BagResult) -> None:
    print(f"{result.state}: {result.name}" + "".join(f"\n  {sentence}" for sentence in result.sentences), flush=True)


def _print(outcome: Outcome) -> None:
    report, out = outcome.report, outcome.out
    details = report.details
    print(format_table(report))
    print(f"ticks: {report.policy.count} of {report.total_ticks} compared with the recorded action")
    for reason, number in details["holds"].items():
        print(f"  held {number}: {reason}")
    for name, stream in details["streams"].items():
        print(f"{name}: {stream['received']} received, {stream['matched']} matched, {stream['dropped']} dropped")
    limited, hits = details["safety"]["commands_limited"], details["safety"]["hits"]
    print(f"safety: {limited} commands limited" + "".join(f"; {name} {number}x" for name, number in hits.items()))
    known = {name: value for name, value in report.figures.items() if math.isfinite(value)}
    print("figures: " + ", ".join(f"{name} {value:.4g}" for name, value in known.items()))
    latency = details["timing"]["inference_ms"]
    if latency["p50"] is not None:
        print("inference [ms]: " + ", ".join(f"{name} {value:.1f}" for name, value in latency.items()))
    for judgement in outcome.judgements:
        print(f"{'pass' if judgement.passed else 'FAIL'}: {judgement.sentence()}")
    print(f"report: {out / 'report.json'}")
    print(f"plot: {out / 'report.png'}")
    print(f"page: {out / 'report.html'}")


def _latency(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 10_000:
        raise argparse.ArgumentTypeError(f"must be between 0 and 10000 ms, but is {text}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="replay", description="Run recorded episodes through the policy node's classes and report the errors."
    )
    parser.add_argument("--bag", type=Path, required=True, help="a rosbag2 folder, or a folder with some below it")
    parser.add_argument("--checkpoint", required=True, help="step, checkpoints or session folder")
    parser.add_argument(
        "--robot", default="", help="robot file or its name in vita_bringup (default: robot.yaml of the bag)"
    )
    parser.add_argument("--out", type=Path, help="folder for the reports (default: replay_<name of the bag or folder>)")
    parser.add_argument("--thresholds", type=Path, help="YAML file of limits on the report; exit 1 unless all are kept")
    parser.add_argument("--commands", type=Path, help="bag of a live replay: reports the live node's errors as well")
    parser.add_argument("--device", default="", help="where the model runs (default: the robot file's, else cpu)")
    parser.add_argument(
        "--latency-ms", type=_latency, default=0.0, help="assumed inference time [ms]; 0 = a chunk is there at once"
    )
    parser.add_argument(
        "--must-beat-hold",
        action="store_true",
        help="exit 1 unless better than holding the pose measured at each observation",
    )
    return parser
