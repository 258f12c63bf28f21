"""Whole training batches, gathered from the dataset's raw frames as they are stored."""

from __future__ import annotations

import copy
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from vita_dataset.spec import DatasetSpec
from vita_train.batch_loader import BatchLoader
from vita_train.batch_ring import Batch, BatchRing, Ticket, aligned
from vita_train.windows import Windows

Empty = Callable[[tuple[int, ...], type[np.uint8]], NDArray[Any]]
"""Where frames are read to: an array of that shape and type whose content does not matter, as ``numpy.empty``."""


class StepStore(Protocol):
    """What a batch needs of a converted dataset of N steps."""

    @property
    def spec(self) -> DatasetSpec:
        """What the steps hold."""
        ...

    @property
    def state(self) -> NDArray[np.float32]:
        """float32 [N, S], robot units."""
        ...

    @property
    def action(self) -> NDArray[np.float32]:
        """float32 [N, A], robot units."""
        ...

    def read_frames(self, key: str, indices: NDArray[np.int64], out: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 [n, H, W, 3] RGB of one camera at n steps, read into ``out``."""
        ...


class Order(Protocol):
    """Which windows make a batch."""

    def batch(self, number: int) -> NDArray[np.int64]:
        """The windows of one batch, int64 [B]."""
        ...


@dataclass(frozen=True)
class BatchKeys:
    """Under which keys a batch carries its parts."""

    images: tuple[str, ...]
    state: str
    action: str


class BatchDataset(Dataset[Batch]):
    """Item k is the whole k-th batch.

    The loader's worker gathers all frames of a camera in one call and hands bytes on; they become float on the
    device. A batch holds for each image key uint8 [B, O, H, W, 3], state float32 [B, O, S] (the oldest observation
    first), action float32 [B, T, A] and ``action_is_pad`` bool [B, T].
    """

    def __init__(self, store: StepStore, windows: Windows, order: Order, keys: BatchKeys) -> None:
        self._store = store
        # Read here, once: worker processes then share the memory instead of each reading the vectors again.
        self._state, self._action = store.state, store.action
        self._windows = windows
        self._order = order
        self._keys = keys
        self._empty: Empty = np.empty

    def reading_into(self, empty: Empty) -> BatchDataset:
        """The same batches with frames in memory from ``empty``."""
        other = copy.copy(self)
        other._empty = empty
        return other

    def batch_bytes(self, number: int) -> int:
        """What a batch takes at most, each of its arrays aligned as in a ``BatchRing``."""
        count = len(self._order.batch(number))
        steps = count * self._windows.obs_horizon
        cameras = [self._store.spec.camera(key) for key in self._keys.images]
        sizes = [steps * camera.height * camera.width * camera.channels for camera in cameras]
        learned = count * self._windows.horizon
        sizes += [steps * self._state[0].nbytes, learned * self._action[0].nbytes, learned]
        return sum(map(aligned, sizes))

    def __getitem__(self, number: int) -> Batch:
        return self.gather(self._order.batch(number))

    def gather(self, windows: NDArray[np.int64]) -> Batch:
        """A batch of these windows, int64 [B]."""
        observed = self._windows.observations(windows)
        steps, is_pad = self._windows.actions(windows)
        batch = {key: torch.from_numpy(self._frames(key, observed)) for key in self._keys.images}
        batch[self._keys.state] = torch.from_numpy(self._state[observed])
        batch[self._keys.action] = torch.from_numpy(self._action[steps])
        batch["action_is_pad"] = torch.from_numpy(is_pad)
        return batch

    def _frames(self, key: str, steps: NDArray[np.int64]) -> NDArray[np.uint8]:
        """One camera's frames at steps [B, O]: uint8 [B, O, H, W, 3]."""
        camera = self._store.spec.camera(key)
        out = self._empty((steps.size, camera.height, camera.width, camera.channels), np.uint8)
        return self._store.read_frames(key, steps.ravel(), out).reshape(*steps.shape, *out.shape[1:])


class RingDataset(Dataset[Batch]):
    """The batches of a dataset, handed over through a ring: the training process gets them, not their tickets."""

    def __init__(self, dataset: BatchDataset, ring: BatchRing) -> None:
        self._dataset = dataset.reading_into(ring.empty)
        self._ring = ring

    def __getitem__(self, number: int) -> Batch | Ticket:  # type: ignore[override]
        self._ring.begin()
        try:
            return self._ring.pack(self._dataset[number])
        except BaseException:
            self._ring.give_up()
            raise


class StepRange(torch.utils.data.Sampler[int]):
    """The numbers of the batches from one step of the run to its last."""

    def __init__(self, first: int, end: int) -> None:
        self._numbers: Sequence[int] = range(first, end)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def make_loader(
    dataset: BatchDataset, steps: StepRange, num_workers: int, prefetch_factor: int, pin_memory: bool
) -> DataLoader[Batch]:
    """A loader of the batches of a run's remaining steps.

    Args:
        dataset: gives whole batches.
        steps: which batches.
        num_workers: processes that gather ahead; 0 = gather in the training process.
        prefetch_factor: batches that each worker keeps ready.
        pin_memory: page-locked batches, for a CUDA device.
    """
    if not num_workers or not len(steps):
        return BatchLoader(dataset, sampler=steps, pin_memory=pin_memory)
    ring = BatchRing(num_workers * prefetch_factor, dataset.batch_bytes(next(iter(steps))), pin_memory)
    return BatchLoader(
        RingDataset(dataset, ring),
        sampler=steps,
        num_workers=num_workers,
        prefetch_factor=prefetch_factor,
        pin_memory=pin_memory,
        worker_init_fn=_leave_signals_to_parent,
        # The ring's memory is inherited. A forked process must not touch the CUDA device; these read files only.
        multiprocessing_context="fork",
    )


def _leave_signals_to_parent(_worker: int) -> None:
    """Ctrl-C reaches the workers too; they must go on until the training process has finished its step."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
