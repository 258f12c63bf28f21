"""The command ``evaluate``: a finished checkpoint against recorded episodes and in an environment."""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from vita_dataset.errors import UsageError, run_cli
from vita_dataset.progress import ProgressLine
from vita_train.cli_evaluate_options import options_parser
from vita_train.online_settings import EnvironmentSettings, RolloutSettings

if TYPE_CHECKING:
    from vita_train.policy.checkpoint import Checkpoint
    from vita_train.validation_errors import Validation


def main() -> int:
    """Entry point of ``ros2 run vita_train evaluate``."""
    return run_cli(evaluate_command)


def evaluate_command(argv: Sequence[str]) -> int:
    """Measure how far a checkpoint's chunks lie from recorded actions, and how often it succeeds in an environment.

    Returns:
        0.

    Raises:
        UsageError: arguments that make no sense, or an environment that is not there.
        DataError: a checkpoint, dataset or environment that cannot be used, or do not fit each other.
    """
    options = options_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Torch takes seconds to import; a mistyped argument should not.
    import torch

    from vita_train.device import read_device
    from vita_train.policy.checkpoint import load_checkpoint

    device = read_device(options.device, torch.cuda.device_count())
    checkpoint = load_checkpoint(options.checkpoint)
    environment = _environment(options, checkpoint)
    output = options.out or _default_output(checkpoint.path.resolve(), datetime.now())
    if output.exists():
        raise UsageError(f"'{output}' exists; choose another --out, or move it away")
    if options.offline:
        _offline(options, checkpoint, device, output)
    if environment is not None:
        _online(options, checkpoint, environment, device, output)
    print(output)
    return 0


def _offline(options: Namespace, checkpoint: Checkpoint, device: str, output: Path) -> None:
    from vita_train.evaluation import evaluate, open_dataset_of
    from vita_train.validation_folder import write_validation

    dataset = open_dataset_of(checkpoint, options.dataset)
    progress = ProgressLine(sys.stderr, "predictions")
    found = evaluate(checkpoint, dataset, options.episodes, device, options.batch_size, options.plots, progress)
    write_validation(output, found.validation, found.examples, found.fps, found.about)
    print(_table(found.validation))


def _online(
    options: Namespace, checkpoint: Checkpoint, environment: EnvironmentSettings, device: str, output: Path
) -> None:
    from vita_train.online_evaluation import evaluate_online
    from vita_train.online_folder import write_online

    settings = RolloutSettings(options.episodes_online, options.envs, options.processes, options.videos, options.seed)
    with TemporaryDirectory(prefix="vita_films_") as films:
        progress = ProgressLine(sys.stderr, "episodes")
        result = evaluate_online(checkpoint, environment, settings, device, Path(films), progress)
        write_online(output, result, Path(films), {"checkpoint": str(checkpoint.path), "step": checkpoint.step})
    print(result.summary())
    if result.failures:
        print(result.failures)


def _environment(options: Namespace, checkpoint: Checkpoint) -> EnvironmentSettings | None:
    """Where to act, checked before anything takes long; None for not at all."""
    from vita_train.online_evaluation import environment_of_run, refuse_environment, with_changes

    if options.online is False:
        if not options.offline:
            raise UsageError("--no-offline --no-online leaves nothing to evaluate; leave one of them out")
        return None
    known = environment_of_run(checkpoint.path)
    environment = with_changes(known, options.env_package, options.env_name, options.env_kwargs)
    if environment is None:
        if options.online or not options.offline or options.env_package or options.env_kwargs:
            raise UsageError(
                f"the training of '{checkpoint.path}' names no environment; name one with --env-name and --env-package"
            )
        return None
    try:
        refuse_environment(checkpoint, environment)
    except UsageError as error:
        raise UsageError(f"{error}; or leave it out with --no-online") from error
    return environment


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
