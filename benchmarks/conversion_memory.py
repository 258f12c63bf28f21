"""How much memory a conversion takes, for 1,000 and for 20,000 steps: peak of each worker and of the main process.

Two cameras of 240x320, h264, raw. Takes 10 GB of disk for a few minutes. Usage: conversion_memory.py [--steps N ...]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import shutil
import sys
import tempfile
from pathlib import Path

from vita_dataset.convert import convert
from vita_dataset.sample import write_sample

EPISODE_STEPS = 100


def peak_mb(pid: int | str | None) -> float:
    """The largest resident memory that a process has had so far."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:  # it has ended
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1e3 if found else 0.0


def repeated(recording: Path, folder: Path, episodes: int) -> Path:
    """The same recording with its first episode so many times: links, so that 20,000 steps cost no time to make."""
    folder.mkdir(parents=True)
    (folder / "meta").mkdir()
    info = json.loads((recording / "meta/info.json").read_text(encoding="utf-8"))
    info["total_episodes"] = episodes
    (folder / "meta/info.json").write_text(json.dumps(info), encoding="utf-8")
    for path in recording.glob("*/chunk-000/**/episode_000000.*"):
        for episode in range(episodes):
            name = path.name.replace("000000", f"{episode:06d}")
            link = folder / path.parent.relative_to(recording) / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return folder


def main() -> int:
    """Print a line for each length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=[1000, 20000])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sample(folder / "bench/one", episodes=1, steps=EPISODE_STEPS, size=(240, 320))
        for steps in args.steps:
            recording = repeated(folder / "bench/one", folder / f"bench/steps{steps}", steps // EPISODE_STEPS)
            workers: dict[int | None, float] = {}

            def watch(_done: int, _total: int, workers: dict[int | None, float] = workers) -> None:
                for process in multiprocessing.active_children():
                    workers[process.pid] = max(workers.get(process.pid, 0.0), peak_mb(process.pid))

            convert(recording, folder / "sets", workers=2, on_progress=watch)
            shutil.rmtree(folder / "sets")
            largest = max(workers.values())
            print(f"{steps:6d} steps: each worker at most {largest:.0f} MB, the main process {peak_mb('self'):.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
