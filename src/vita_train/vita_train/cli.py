"""The command ``train``."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime

from rich.console import Console

from vita_dataset.errors import run_cli
from vita_train.cli_config import compose_config, resolve, to_yaml
from vita_train.run_log import run_log
from vita_train.settings import parse_settings

HELP = """\
examples:
  train policy=vita task=ur12e_real_libero_spatial session=first
  train policy=vita task=my_task.yaml session=first train.steps=50000 train.batch_size=64
  train policy=vita task=my_task.yaml session=first resume=true
  train policy=vita task=my_task.yaml --cfg job

Results: flare_outputs/<task.name>/vita/<session>/{checkpoints,logs,val,eval} below base_dir.
"""


def main() -> int:
    """Entry point of ``ros2 run vita_train train``."""
    return run_cli(train_command)


def train_command(argv: Sequence[str]) -> int:
    """Train a policy.

    Returns:
        0, or 128 plus the signal's number when a signal ended training early (with a checkpoint).

    Raises:
        UsageError: settings that make no sense.
        DataError: a task file, dataset or checkpoint that is not what it must be, or numbers that stopped being finite.
    """
    parser = argparse.ArgumentParser(
        prog="train",
        description="Train a policy on a converted dataset.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings; --cfg job lists them")
    parser.add_argument("--cfg", choices=["job"], help="print the configuration that results, and stop")
    parser.add_argument("--resolve", action="store_true", help="with --cfg: replace interpolations by their values")
    options = parser.parse_intermixed_args(argv)

    config = compose_config(options.settings)
    if options.cfg:
        print(to_yaml(type(config)(resolve(config)) if options.resolve else config), end="")
        return 0
    now = datetime.now()
    values = resolve(config)
    settings = parse_settings(values, now)

    # A waiting thread of torch that spins keeps its fellows off the cores when other programs want them too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Torch and Lightning take seconds to import; a mistyped key should not.
    from vita_train.companions import companions
    from vita_train.preparation import prepare
    from vita_train.training import train

    run = prepare(settings)
    console = Console(stderr=True)
    with ExitStack() as stack:
        if run.processes.is_chief:
            run.session.make_folders()
            stack.enter_context(run.session.locked())
            stack.enter_context(run_log(run.session.logs / "train.log", console))
        stack.enter_context(companions(run, now, console))
        result = train(run, to_yaml(type(config)(values)), console, now)
    # One process speaks for all.
    if run.processes.is_chief:
        if result.stopped_by is not None:
            name = signal.Signals(result.stopped_by).name
            print(f"stopped by {name} after step {result.step}; go on with resume=true")
        print(result.checkpoint)
    return 0 if result.stopped_by is None else 128 + result.stopped_by
