"""Whole training batches, gathered from the dataset's raw frames as they are stored."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from vita_train.windows import Windows

Batch = dict[str, Tensor]


class StepStore(Protocol):
    """What a batch needs of a converted dataset of N steps."""

    @property
    def state(self) -> NDArray[np.float32]:
        """float32 [N, S], robot units."""
        ...

    @property
    def action(self) -> NDArray[np.float32]:
        """float32 [N, A], robot units."""
        ...

    def read_frames(self, key: str, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8 [n, H, W, 3] RGB of one camera at n steps."""
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
    device. A batch holds for each image key uint8 [B, H, W, 3], state float32 [B, S], action float32 [B, T, A]
    and ``action_is_pad`` bool [B, T].
    """

    def __init__(self, store: StepStore, windows: Windows, order: Order, keys: BatchKeys) -> None:
        self._store = store
        # Read here, once: worker processes then share the memory instead of each reading the vectors again.
        self._state, self._action = store.state, store.action
        self._windows = windows
        self._order = order
        self._keys = keys

    def __getitem__(self, number: int) -> Batch:
        return self.gather(self._order.batch(number))

    def gather(self, windows: NDArray[np.int64]) -> Batch:
        """A batch of these windows, int64 [B]."""
        observed = self._windows.starts[windows]
        steps, is_pad = self._windows.actions(windows)
        batch = {key: torch.from_numpy(self._store.read_frames(key, observed)) for key in self._keys.images}
        batch[self._keys.state] = torch.from_numpy(self._state[observed])
        batch[self._keys.action] = torch.from_numpy(self._action[steps])
        batch["action_is_pad"] = torch.from_numpy(is_pad)
        return batch


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
    return DataLoader(
        dataset,
        batch_size=None,
        sampler=steps,
        num_workers=num_workers,
        prefetch_factor=prefetch_factor if num_workers else None,
        pin_memory=pin_memory,
        worker_init_fn=_leave_signals_to_parent,
    )


def _leave_signals_to_parent(_worker: int) -> None:
    """Ctrl-C reaches the workers too; they must go on until the training process has finished its step."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
