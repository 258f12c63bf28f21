"""Trains and compares VITA's variants and two plain policies on the simulator's demonstrations.

All get the same demonstrations, observer, steps, batches, schedule and averaged weights, and try the same starts.
Usage, from the workspace's folder: python -m benchmarks.comparison [--jobs N] [--quick] [--steps N] [--out FOLDER]
About 40 CPU-minutes. Every trial is kept when it is finished: the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.comparison.demonstrations import training_set
from benchmarks.comparison.plan import FULL, QUICK, claim
from benchmarks.comparison.pool import run_trials
from benchmarks.comparison.report import write_report
from benchmarks.comparison.trial import Trial, finished
from benchmarks.comparison.variants import VARIANTS, find_variant
from vita_dataset.errors import run_cli


def main(argv: Sequence[str]) -> int:
    """Run what is missing, then report everything there is."""
    keys = [variant.key for variant in VARIANTS]
    parser = argparse.ArgumentParser(prog="benchmarks.comparison", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("outputs/comparison"), help="work folder and results")
    parser.add_argument("--jobs", type=int, default=1, help="trials at once, one thread each")
    parser.add_argument("--quick", action="store_true", help="toy sizes: does it work?")
    parser.add_argument("--steps", type=int, help="of each training, instead of the plan's")
    parser.add_argument("--seeds", type=int, help="trainings of each variant, instead of the plan's")
    parser.add_argument("--only", nargs="+", default=keys, metavar="VARIANT", help=f"train these of {', '.join(keys)}")
    parser.add_argument("--report", action="store_true", help="train nothing, report what is finished")
    args = parser.parse_args(argv)
    folder, plan = args.out, QUICK if args.quick else FULL
    plan = replace(plan, steps=args.steps or plan.steps, seeds=args.seeds or plan.seeds)
    wanted = [find_variant(key).key for key in args.only]
    claim(folder, plan)
    dataset = training_set(folder, plan)
    # Seed by seed, so that what a stopped run leaves is a comparison too.
    missing = [(key, seed) for seed in range(plan.seeds) for key in wanted if finished(folder, key, seed) is None]
    if missing and not args.report:
        for number, trial in enumerate(run_trials(folder, plan, missing, args.jobs), start=1):
            print(f"[{number}/{len(missing)}] {_line(trial)}", file=sys.stderr, flush=True)
    print(write_report(folder, plan, dataset), end="")
    return 0


def _line(trial: Trial) -> str:
    return (
        f"{trial.variant} seed {trial.seed}: {trial.successes} of {len(trial.episodes)} starts, executed part off by "
        f"{trial.error.executed:.1%}, trained in {trial.training.cpu_s:.0f} CPU seconds"
    )


if __name__ == "__main__":
    sys.exit(run_cli(main))
