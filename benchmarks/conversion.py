"""What a conversion costs beside the decoding of its videos, in turn: PyAV alone, one process, two processes.

PyAV's side decodes the same files in order into RGB arrays and throws them away; ours decodes them, checks, counts
pixels for the statistics, watches for black and frozen pictures, writes and syncs the training set.
Usage: conversion.py [--rounds R] [--recording PATH of a LeRobot v2.1 dataset with videos, for a third comparison]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av

from vita_dataset.conversion import run_conversion
from vita_dataset.conversion_plan import plan_conversion
from vita_dataset.sample import write_sample
from vita_dataset.selection import SourceRequest

DECODING, CONVERSION = "PyAV, decoding alone", "conversion"


def decode(videos: list[Path]) -> int:
    """Decode all files with one thread, as each of our workers does; the number of frames."""
    count = 0
    for path in videos:
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            for frame in container.decode(video=0):
                frame.to_ndarray(format="rgb24")
                count += 1
    return count


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall time [s] of one call in this process."""
    cpu_s, wall_s = time.process_time(), time.monotonic()
    work()
    return time.process_time() - cpu_s, time.monotonic() - wall_s


def compare(title: str, recording: Path, rounds: int, folder: Path) -> None:
    """Print images per CPU-second of both sides and what a second process brings."""
    videos = sorted(recording.glob("videos/**/*.mp4"))
    images = decode(videos)
    sides: dict[str, list[float]] = {DECODING: [], CONVERSION: []}
    one_wall, two_wall = [], []

    def convert(workers: int) -> tuple[float, float]:
        shutil.rmtree(folder, ignore_errors=True)
        return spent(lambda: run_conversion(plan_conversion(SourceRequest(recording), folder), workers=workers))

    for _ in range(rounds):
        sides[DECODING].append(images / spent(lambda: decode(videos))[0])
        cpu_s, wall_s = convert(1)
        sides[CONVERSION].append(images / cpu_s)
        one_wall.append(wall_s)
        two_wall.append(convert(2)[1])
    plain, ours = (statistics.median(rates) for rates in sides.values())
    print(f"{title}: {images} images, {rounds} rounds in turn, medians")
    for name, rates in sides.items():
        rate = f"{statistics.median(rates):6.0f} images per CPU-second ({min(rates):.0f} to {max(rates):.0f})"
        print(f"  {name:20} {rate}")
    print(f"  conversion / decoding: {ours / plain:.2f}")
    ratios = [one / two for one, two in zip(one_wall, two_wall, strict=True)]
    print(
        f"  two workers: {statistics.median(ratios):.2f} times as fast as one ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> int:
    """Run the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--recording", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "sets")
        small, long, large = (Path(folder, "bench", name) for name in ("h264", "long", "av1"))
        write_sample(small, episodes=10, steps=100, size=(240, 320))
        compare("10 episodes x 100 steps, two cameras 240x320 h264, raw", small, args.rounds, out)
        write_sample(long, episodes=50, steps=100, size=(240, 320))
        compare("50 episodes x 100 steps, two cameras 240x320 h264, raw", long, args.rounds, out)
        write_sample(large, episodes=4, steps=150, size=(480, 640), codec="av1")
        compare("4 episodes x 150 steps, two cameras 480x640 AV1, raw", large, args.rounds, out)
        if args.recording is not None:
            compare(args.recording.name, args.recording, args.rounds, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
