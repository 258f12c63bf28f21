"""Random single-frame reads from a training set, raw and jpeg:90, against what limits them.

The batch is what the trainer asks for: frames at random steps, gathered into one uint8 array. Files are warm from the
page cache. Four sides read the same steps in turn: raw frames and JPEGs as the trainer gets them, the JPEG decoder
alone on the same bytes in memory, and zarr's own reading of the raw frames.
Usage: random_reads.py [--episodes N] [--height H --width W] [--rounds R]
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
from vita_dataset.image_codec import ImageCodec
from vita_dataset.jpeg import decode_jpeg, encode_jpeg
from vita_dataset.sample import write_sample
from vita_dataset.zarr_store import ConvertedDataset, open_dataset

BATCH = 64
KEY = "observation.images.image"
QUALITY = 90

Read = Callable[[NDArray[np.int64]], object]


def cpu_rate(read: Read, batches: list[NDArray[np.int64]]) -> float:
    """Frames per CPU-second. Each batch is dropped before the next, so that memory is used again, as in a trainer."""
    began = time.process_time()
    for batch in batches:
        read(batch)
    return sum(map(len, batches)) / (time.process_time() - began)


def decoder_alone(raw: ConvertedDataset, height: int, width: int) -> Read:
    """Decodes the JPEGs of all frames from memory; they are those that the converter stored."""
    encoded = [encode_jpeg(raw.read_frames(KEY, [step])[0], QUALITY) for step in range(len(raw))]

    def read(batch: NDArray[np.int64]) -> None:
        for step in batch.tolist():
            decode_jpeg(encoded[step], height, width)

    return read


def main() -> int:
    """Print frames per CPU-second of each side, medians over the rounds, and the ratios that matter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "bench", "recording")
        write_sample(recording, episodes=args.episodes, size=(args.height, args.width))
        raw = open_dataset(convert(recording, Path(folder, "raw")).output)
        jpeg = open_dataset(convert(recording, Path(folder, "jpeg"), codec=ImageCodec(QUALITY)).output)
        array = zarr.open_array(raw.path / "data" / KEY, mode="r")
        order = np.random.default_rng(0)
        batches = [order.integers(0, len(raw), BATCH) for _ in range(40)]
        sides: dict[str, tuple[Read, list[NDArray[np.int64]]]] = {  # slow sides read fewer: a frame costs the same
            "raw": (lambda batch: raw.read_frames(KEY, batch), batches),
            "zarr, raw": (lambda batch: [array[int(step)] for step in batch], batches[:2]),
            f"jpeg:{QUALITY}": (lambda batch: jpeg.read_frames(KEY, batch), batches[:6]),
            "decoder alone": (decoder_alone(raw, args.height, args.width), batches[:6]),
        }
        if not np.array_equal(raw.read_frames(KEY, batches[0]), np.stack([array[int(step)] for step in batches[0]])):
            sys.stderr.write("error: zarr reads other frames\n")
            return 1
        jpeg.read_frames(KEY, np.arange(len(jpeg)))  # warm files and indexes
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(args.rounds):
            for name, (read, some) in sides.items():
                rates[name].append(cpu_rate(read, some))
    print(f"{args.height}x{args.width} RGB, batch {BATCH}, {args.rounds} rounds, frames per CPU-second (median)")
    middle = {name: statistics.median(values) for name, values in rates.items()}
    for name, values in rates.items():
        print(f"  {name + ':':15}{middle[name]:9.0f}   ({min(values):.0f} to {max(values):.0f})")
    print(f"  raw against zarr:                    {middle['raw'] / middle['zarr, raw']:6.1f} times")
    print(f"  jpeg:{QUALITY} against the decoder alone: {middle[f'jpeg:{QUALITY}'] / middle['decoder alone']:6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
