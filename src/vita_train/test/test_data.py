from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import torch

from vita_dataset.zarr_store import open_dataset
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
    assert images.shape == (14, 32, 40, 3)
    # The fixture writes each step's number into its first pixel and its third joint: episode 1 has the steps 9 to 22.
    steps = images[:, 0, 0, 0].numpy().astype(np.int64)
    assert sorted(steps) == list(range(9, 23))
    assert np.array_equal(batch["observation.state"][:, 2].numpy(), steps)
    assert batch["action"].shape == (14, 8, 3)
    for row, step in enumerate(steps):
        learned = np.minimum(np.arange(step, step + 8), 22)
        assert np.array_equal(batch["action"][row].numpy(), store.action[learned])
        assert batch["action_is_pad"][row].tolist() == [number > 22 for number in range(step, step + 8)]


def test_workers_change_nothing_and_outlive_an_interrupt(batches):
    alone = list(make_loader(batches, StepRange(2, 6), 0, 2, pin_memory=False))
    helped = []
    iterator = iter(make_loader(batches, StepRange(2, 6), 1, 2, pin_memory=False))
    for number in range(4):
        helped.append(next(iterator))
        if number == 0:
            os.kill(iterator._workers[0].pid, signal.SIGINT)
    assert len(alone) == len(helped) == 4
    for one, other in zip(alone, helped, strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)
