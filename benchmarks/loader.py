"""Whole training batches out of the DataLoader, against one sample at a time out of memory.

Two cameras, raw frames, warm page cache, batches as training gets them. The other sides hold the whole dataset in
memory: a dataset of single samples that become float one by one and are collated, as the published code does it, and
bare numpy indexing of bytes. Sides take turns. Then memory, in fresh processes: what is neither page cache nor code,
at two lengths of the dataset.
Usage: loader.py [--batch B] [--rounds R] [--steps N ...]; each length takes 0.5 GB of disk for a while.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from parts.training_set import CAMERAS, write_training_set
from torch.utils.data import DataLoader, Dataset

from vita_dataset.zarr_store import ConvertedDataset, open_dataset
from vita_train.data import BatchDataset, BatchKeys, StepRange, make_loader
from vita_train.sample_order import SampleOrder
from vita_train.windows import Windows, make_windows

SIZE = (240, 320)
HORIZON = 16
PREFETCH = 2
OURS, THEIRS = 60, 6
"""Batches in a turn."""


class SamplesInMemory(Dataset[dict[str, torch.Tensor]]):
    """One sample at a time, float, out of arrays that are in memory as a whole."""

    def __init__(self, dataset: ConvertedDataset, windows: Windows) -> None:
        self.images = {key: dataset.read_frames(key, np.arange(len(dataset))) for key in CAMERAS}
        self._state, self._action, self._windows = dataset.state, dataset.action, windows

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, window: int) -> dict[str, torch.Tensor]:
        step = self._windows.starts[window]
        steps, is_pad = self._windows.actions(np.array([window]))
        pixels = {key: torch.from_numpy(images[step]) for key, images in self.images.items()}
        sample = {key: image.permute(2, 0, 1)[None].float() / 255 for key, image in pixels.items()}
        sample["observation.state"] = torch.from_numpy(self._state[[step]])
        sample["action"] = torch.from_numpy(self._action[steps[0]])
        sample["action_is_pad"] = torch.from_numpy(is_pad[0])
        return sample


def rates(batches: Iterable[object], batch: int) -> tuple[float, float]:
    """Samples per second, the start of processes not counted, and per CPU-second of all processes."""
    cpu, children, began, count = time.process_time(), _children_s(), 0.0, 0
    for number, _ in enumerate(batches):
        began = began or time.perf_counter()
        count = number
    wall = time.perf_counter() - began
    spent = time.process_time() - cpu + _children_s() - children
    return count * batch / wall, (count + 1) * batch / spent


def memory_mb(path: Path, batch: int, workers: int) -> dict[str, tuple[float, float]]:
    """Anonymous and shared resident memory of this fresh process, and the most of any of its loader's processes."""
    loader = make_loader(_batches(open_dataset(path), batch), StepRange(0, 30), workers, PREFETCH, pin_memory=False)
    found: dict[str, tuple[float, float]] = {}
    for _ in loader:
        pids = {"self": "the process that trains"}
        pids |= {str(child.pid): "a loader process" for child in multiprocessing.active_children()}
        for pid, name in pids.items():
            found[name] = max(found.get(name, (0.0, 0.0)), _resident_mb(pid))
    return found


def main() -> int:
    """Print both rates of each side, medians over the rounds, and then memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, nargs="+", default=[1000, 20000])
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        sets = [write_training_set(Path(folder, str(steps)), steps, SIZE) for steps in args.steps]
        _print_rates(open_dataset(sets[0]), args.batch, args.rounds)
        print("memory beyond page cache and code, MB (of it shared between the processes):")
        for steps, path in zip(args.steps, sets, strict=True):
            for workers in (0, 2):
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
                    found = fresh.submit(_memory_in_words, path, args.batch, workers).result()
                print(f"  {steps:6d} steps, {workers} loader processes: {found}")
    return 0


def _print_rates(dataset: ConvertedDataset, batch: int, rounds: int) -> None:
    ours = _batches(dataset, batch)
    windows = make_windows(dataset.episode_ends, HORIZON)
    samples = SamplesInMemory(dataset, windows)
    order = SampleOrder(len(windows), batch, seed=0)

    def bare(number: int) -> list[NDArray[np.uint8]]:
        steps = windows.starts[order.batch(number)]
        return [images[steps] for images in samples.images.values()]

    def loaded(workers: int) -> Iterable[object]:
        return make_loader(ours, StepRange(0, OURS), workers, PREFETCH, pin_memory=False)

    sides: dict[str, Any] = {
        "DataLoader, in the process": lambda: loaded(0),
        "DataLoader, 1 loader process": lambda: loaded(1),
        "DataLoader, 2 loader processes": lambda: loaded(2),
        "single samples out of memory": lambda: DataLoader(
            samples, batch, sampler=np.concatenate([order.batch(number) for number in range(THEIRS)]).tolist()
        ),
        "bare indexing out of memory": lambda: (bare(number) for number in range(OURS)),
    }
    for _ in loaded(0):  # warm files
        pass
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            measured[name].append(rates(side(), batch))
    print(f"{SIZE[0]}x{SIZE[1]}, two cameras, batch {batch}, {rounds} rounds, medians: samples/s, per CPU-second")
    for name, values in measured.items():
        wall, cpu = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"  {name + ':':32}{wall:8.0f} {cpu:8.0f}")


def _batches(dataset: ConvertedDataset, batch: int) -> BatchDataset:
    windows = make_windows(dataset.episode_ends, HORIZON)
    return BatchDataset(
        dataset, windows, SampleOrder(len(windows), batch, seed=0), BatchKeys(CAMERAS, "observation.state", "action")
    )


def _memory_in_words(path: Path, batch: int, workers: int) -> str:
    found = memory_mb(path, batch, workers)
    return ", ".join(f"{name} {anonymous + shared:.0f} ({shared:.0f})" for name, (anonymous, shared) in found.items())


def _resident_mb(pid: str) -> tuple[float, float]:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:  # it has ended
        return 0.0, 0.0
    found = {name: int(size) / 1e3 for name, size in re.findall(r"(RssAnon|RssShmem):\s+(\d+) kB", status)}
    return found.get("RssAnon", 0.0), found.get("RssShmem", 0.0)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
