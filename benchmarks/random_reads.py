"""Random single-frame reads from a training set: our own positioned reads against zarr's own reading, in turn.

The batch is what the trainer asks for: frames at random steps, gathered into one uint8 array. Both sides read the
same files, warm from the page cache. Usage: random_reads.py [--frames N] [--height H --width W] [--rounds R]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from vita_dataset.convert import convert
from vita_dataset.sample import write_sample
from vita_dataset.zarr_store import open_dataset

BATCH = 64
KEY = "observation.images.image"

Read = Callable[[NDArray[np.int64]], NDArray[np.uint8]]


def cpu_seconds(read: Read, batches: list[NDArray[np.int64]]) -> float:
    """CPU time of reading all batches."""
    began = time.process_time()
    for batch in batches:
        read(batch)
    return time.process_time() - began


def main() -> int:
    """Print frames per CPU-second of both sides, medians over the rounds, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "bench", "recording")
        write_sample(recording, episodes=args.episodes, size=(args.height, args.width))
        path = convert(recording, Path(folder, "sets")).output
        dataset = open_dataset(path)
        array = zarr.open_array(path / "data" / KEY, mode="r")
        order = np.random.default_rng(0)
        batches = [order.integers(0, len(dataset), BATCH) for _ in range(20)]
        few = batches[:2]  # zarr's side is slow; a frame costs the same whatever the count

        def ours_read(batch: NDArray[np.int64]) -> NDArray[np.uint8]:
            return dataset.read_frames(KEY, batch)

        def through_zarr(batch: NDArray[np.int64]) -> NDArray[np.uint8]:
            return np.stack([np.asarray(array[int(step)]) for step in batch])

        if not np.array_equal(ours_read(batches[0]), through_zarr(batches[0])):
            sys.stderr.write("error: the two sides read different frames\n")
            return 1
        ours, theirs = [], []
        for _ in range(args.rounds):
            ours.append(BATCH * len(batches) / cpu_seconds(ours_read, batches))
            theirs.append(BATCH * len(few) / cpu_seconds(through_zarr, few))
    print(f"{args.height}x{args.width} RGB, batch {BATCH}, {args.rounds} rounds, frames per CPU-second (median)")
    print(f"  vita_dataset:{statistics.median(ours):9.0f}   ({min(ours):.0f} to {max(ours):.0f})")
    print(f"  zarr:         {statistics.median(theirs):9.0f}   ({min(theirs):.0f} to {max(theirs):.0f})")
    print(f"  ratio:        {statistics.median(ours) / statistics.median(theirs):9.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
