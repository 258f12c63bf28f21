"""The share of a training run on a CPU that is spent waiting for data, as the run itself reports it.

The default network, batch 32, two cameras of 240x320 raw, warm page cache, frames gathered in the
training process. The first step, which also reads what the page cache lacks, counts.
Usage: data_wait.py [--threads N] [--steps N] [--workers N ...]
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from pathlib import Path

# As the trainer does: threads that wait for each other do not spin. Torch reads it when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from parts.training_run import prepare_run, run_training


def main() -> int:
    """Print the share for each number of loader processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for workers in args.workers:
        settings = [f"train.steps={args.steps}", f"train.log_freq={args.steps}", f"train.num_workers={workers}"]
        with tempfile.TemporaryDirectory() as folder:
            run, text = prepare_run(Path(folder), (240, 320), (224, 308), [*settings, "scheduler_warmup_steps=1"])
            run_training(run, text)
            (path,) = (run.session.logs / "metrics").rglob("metrics.csv")
            with path.open(encoding="utf-8") as file:
                row = list(csv.DictReader(file))[-1]
        share, pace = float(row["data_wait_share"]), float(row["steps_per_s"])
        print(f"{workers} loader processes: {share:.2%} of the time waiting for data, {1 / pace:.2f} s a step")
    return 0


if __name__ == "__main__":
    sys.exit(main())
