from __future__ import annotations

import multiprocessing
import os
import signal

import numpy as np
import pytest
import torch

from vita_dataset.zarr_store import open_dataset
from vita_train.batch_ring import BatchRing, aligned
from vita_train.data import BatchDataset, BatchKeys, StepRange, make_loader
from vita_train.sample_order import SampleOrder
from vita_train.windows import make_windows

KEYS = BatchKeys(("observation.images.image",), "observation.state", "action")


@pytest.fixture
def batches(dataset):
    store = open_dataset(dataset)
    windows = make_windows(store.episode_ends, 8, episodes=[1])
    return BatchDataset(store, windows, SampleOrder(len(windows), 14, seed=3), KEYS)


def test_a_batch_holds_the_steps_of_the_chosen_episode(batches, dataset):
    batch = batches[0]
    store = open_dataset(dataset)
    images = batch["observation.images.image"]
    assert images.dtype == torch.uint8
    assert images.shape == (14, 1, 32, 40, 3)
    # The fixture writes each step's number into its first pixel and its third joint: episode 1 has the steps 9 to 22.
    steps = images[:, 0, 0, 0, 0].numpy().astype(np.int64)
    assert sorted(steps) == list(range(9, 23))
    assert np.array_equal(batch["observation.state"][:, 0, 2].numpy(), steps)
    assert batch["action"].shape == (14, 8, 3)
    for row, step in enumerate(steps):
        learned = np.minimum(np.arange(step, step + 8), 22)
        assert np.array_equal(batch["action"][row].numpy(), store.action[learned])
        assert batch["action_is_pad"][row].tolist() == [number > 22 for number in range(step, step + 8)]


def test_a_batch_with_history_holds_the_steps_before(dataset):
    store = open_dataset(dataset)
    windows = make_windows(store.episode_ends, 8, episodes=[1], obs_horizon=3)
    batch = BatchDataset(store, windows, SampleOrder(len(windows), 14, seed=3), KEYS).gather(np.array([0, 1, 5]))
    expected = [[9, 9, 9], [9, 9, 10], [12, 13, 14]]
    assert batch["observation.images.image"].shape == (3, 3, 32, 40, 3)
    assert batch["observation.images.image"][:, :, 0, 0, 0].tolist() == expected
    assert batch["observation.state"][:, :, 2].tolist() == expected
    assert batch["action"].shape == (3, 8, 3)


def test_workers_change_nothing_and_outlive_an_interrupt(batches):
    alone = list(make_loader(batches, StepRange(2, 10), 0, 2, pin_memory=False))
    before, helped = set(multiprocessing.active_children()), []
    for batch in make_loader(batches, StepRange(2, 10), 1, 2, pin_memory=False):
        # Kept while later ones come: a batch is not in memory that is used again.
        helped.append(batch)
        if len(helped) == 1:
            (worker,) = set(multiprocessing.active_children()) - before
            os.kill(worker.pid, signal.SIGINT)
    assert len(alone) == len(helped) == 8
    for one, other in zip(alone, helped, strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_every_batch_of_a_worker_comes_through_the_ring(batches, monkeypatch):
    unpack, sizes = BatchRing.unpack, []

    def count(self, ticket):
        # Room for exactly one batch: its size was foreseen.
        sizes.append((self._piece_bytes, self._piece_bytes - ticket.parts[-1].offset))
        return unpack(self, ticket)

    monkeypatch.setattr(BatchRing, "unpack", count)
    assert len(list(make_loader(batches, StepRange(0, 6), 2, 1, pin_memory=False))) == 6
    frames, state, learned = 14 * 32 * 40 * 3, 14 * 3 * 4, 14 * 8
    assert sizes == [(batches.batch_bytes(0), aligned(learned))] * 6
    assert batches.batch_bytes(0) == sum(map(aligned, (frames, state, learned * 3 * 4, learned)))
