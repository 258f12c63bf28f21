"""The command ``evaluate``: a finished checkpoint against recorded episodes."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vita_dataset.errors import UsageError, run_cli

if TYPE_CHECKING:
    from vita_train.validation_errors import Validation

HELP = """\
examples:
  evaluate --checkpoint flare_outputs/pick/vita/first
  evaluate --checkpoint .../checkpoints/step_0000025000 --episodes 3,7 --device cuda
  evaluate --checkpoint .../first --dataset data/ur12e/pick_test --out pick_test

Without --episodes: those that training held out; of another dataset than training's all.
"""


def main() -> int:
    """Entry point of ``ros2 run vita_train evaluate``."""
    return run_cli(evaluate_command)


def evaluate_command(argv: Sequence[str]) -> int:
    """Measure how far a checkpoint's chunks lie from recorded actions.

    Returns:
        0.

    Raises:
        UsageError: arguments that make no sense.
        DataError: a checkpoint or dataset that cannot be read, or do not fit each other.
    """
    options = _parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Torch takes seconds to import; a mistyped argument should not.
    import torch

    from vita_train.device import read_device
    from vita_train.evaluation import evaluate, open_evaluated
    from vita_train.validation_folder import write_validation

    device = read_device(options.device, torch.cuda.device_count())
    checkpoint, dataset = open_evaluated(options.checkpoint, options.dataset)
    output = options.out or _default_output(checkpoint.path.resolve(), datetime.now())
    if output.exists():
        raise UsageError(f"'{output}' exists; choose another --out, or move it away")
    found = evaluate(checkpoint, dataset, options.episodes, device, options.batch_size, options.plots)
    write_validation(output, found.validation, found.examples, found.fps, found.about)
    print(_table(found.validation))
    print(output)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evaluate",
        description="Compare what a checkpoint predicts with what was recorded.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--checkpoint", type=Path, required=True, metavar="C", help="a session, checkpoints or step_* folder"
    )
    parser.add_argument(
        "--dataset", metavar="ROOT", help="converted dataset, folder or URL (default: $FLARE_DATASETS_DIR/<repo_id>)"
    )
    parser.add_argument("--episodes", metavar="N,A:B", help="numbers and ranges without their ends, such as 0:5,9")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="new folder (default: <session>/eval/<step>_<time>)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<n> (default: auto)")
    parser.add_argument("--batch-size", type=_whole(1), default=128, metavar="N", help="observations computed at once")
    parser.add_argument("--plots", type=_whole(0), default=4, metavar="N", help="episodes to plot (default: 4)")
    return parser


def _default_output(folder: Path, now: datetime) -> Path:
    if folder.parent.name != "checkpoints":
        raise UsageError(f"the checkpoint '{folder}' does not lie in a session; say with --out where the results go")
    return folder.parent.parent / "eval" / f"{folder.name}_{now:%Y%m%d_%H%M%S}"


def _table(validation: Validation) -> str:
    """The errors of each joint, and the figures over all."""
    policy, hold, over_range = validation.policy, validation.hold, validation.joints.over_range
    width = max(5, *(len(name) for name in validation.joints.names))
    lines = [f"{'joint':{width}}  {'executed':>10}  {'chunk':>10}  {'hold':>10}"]
    for name, *errors in zip(validation.joints.names, policy.executed, policy.chunk, hold.executed, strict=True):
        lines.append(f"{name:{width}}" + "".join(f"  {error:10.5g}" for error in errors))
    return "\n".join(
        [
            *lines,
            f"mean absolute errors of {validation.windows} predictions in {len(validation.episodes)} episodes, in each "
            f"joint's unit; executed: the first {validation.action_horizon} actions of a chunk",
            f"hold: {validation.hold_is}, in place of the executed actions",
            f"over each joint's recorded range: executed {over_range(policy.executed):.2%}, "
            f"chunk {over_range(policy.chunk):.2%}, hold {over_range(hold.executed):.2%}",
        ]
    )


def _whole(low: int) -> Callable[[str], int]:
    """Reads a whole number from ``low`` up."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} up, but is '{text}'")
        return int(text)

    return read
