from __future__ import annotations

import gc
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vita_dataset.errors import DataError
from vita_train.batch_ring import ALIGNMENT, BatchRing, Ticket, aligned
from vita_train.data import RingDataset

TYPES = (torch.uint8, torch.bool, torch.float32, torch.int64, torch.float64)


def travel(ring: BatchRing, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """From a loader's process to training: a ticket is pickled on the way."""
    ring.begin()
    sent = ring.pack(batch)
    assert isinstance(sent, Ticket)
    return pickle.loads(pickle.dumps(sent))


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert list(one) == list(other)
    for key, value in one.items():
        assert value.dtype == other[key].dtype
        assert torch.equal(value, other[key])


@st.composite
def batches(draw: st.DrawFn) -> dict[str, Tensor]:
    shapes = draw(st.lists(st.lists(st.integers(1, 5), max_size=3), min_size=1, max_size=5))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    batch = {}
    for number, shape in enumerate(shapes):
        numbers = torch.randint(0, 2, tuple(shape), generator=generator)
        # Turned around, so that some do not lie in memory as they are read.
        batch[str(number)] = numbers.to(draw(st.sampled_from(TYPES))).permute(tuple(reversed(range(len(shape)))))
    return batch


@settings(deadline=None)
@given(batches(), st.integers(1, 3))
def test_every_batch_comes_out_as_it_went_in_and_the_piece_is_free_again(batch, pieces):
    size = sum(aligned(value.numel() * value.element_size()) for value in batch.values())
    ring = BatchRing(pieces, size, pin_memory=False)
    kept = [travel(ring, batch) for _ in range(2 * pieces + 1)]
    for came in kept:
        assert_same(came, batch)


def test_frames_read_into_the_piece_are_not_copied_there():
    ring = BatchRing(1, 10 * ALIGNMENT, pin_memory=False)
    ring.begin()
    frames = ring.empty((3, 70), np.uint8)
    frames[:] = np.arange(210, dtype=np.uint8).reshape(3, 70)
    batch = {"state": torch.ones(4), "frames": torch.from_numpy(frames).unflatten(1, (7, 10))}
    ticket = ring.pack(batch)
    # The frames lie where they were read, the state after them.
    assert [part.offset for part in ticket.parts] == [aligned(210), 0]
    assert_same(pickle.loads(pickle.dumps(ticket)), batch)


def test_with_all_pieces_under_way_a_batch_is_handed_over_as_it_is():
    ring = BatchRing(1, 4 * ALIGNMENT, pin_memory=False)
    batch = {"x": torch.arange(8)}
    ring.begin()
    first = ring.pack(batch)
    ring.begin()
    other = {"x": torch.from_numpy(ring.empty((8,), np.int64)).fill_(3)}
    second = ring.pack(other)
    assert second is other
    assert_same(pickle.loads(pickle.dumps(first)), batch)
    assert_same(travel(ring, batch), batch)


def test_a_batch_too_large_leaves_the_piece_and_keeps_nothing_in_it():
    ring = BatchRing(1, 2 * ALIGNMENT, pin_memory=False)
    ring.begin()
    inside = ring.empty((16,), np.int64)
    inside[:] = 7
    assert ring.empty((1,), np.int64) is not None
    sent = ring.pack({"inside": torch.from_numpy(inside), "more": torch.arange(9)})
    assert not isinstance(sent, Ticket)
    assert_same(travel(ring, {"x": torch.zeros(32, dtype=torch.int64).to(torch.uint8)}), {"x": torch.zeros(32).byte()})
    assert sent["inside"].tolist() == [7] * 16
    assert sent["more"].tolist() == list(range(9))


def test_a_batch_that_cannot_be_read_gives_its_piece_back():
    ring = BatchRing(1, 4 * ALIGNMENT, pin_memory=False)

    class Damaged:
        def reading_into(self, _empty):
            return self

        def __getitem__(self, number):
            if number == 0:
                raise DataError("damaged")
            return {"x": torch.arange(number)}

    batches = RingDataset(Damaged(), ring)
    with pytest.raises(DataError, match="damaged"):
        batches[0]
    assert_same(pickle.loads(pickle.dumps(batches[5])), {"x": torch.arange(5)})


def test_a_ring_that_nobody_holds_is_gone():
    ring = BatchRing(1, ALIGNMENT, pin_memory=False)
    ring.begin()
    ticket = ring.pack({"x": torch.arange(3)})
    del ring
    gc.collect()
    with pytest.raises(KeyError):
        pickle.loads(pickle.dumps(ticket))
