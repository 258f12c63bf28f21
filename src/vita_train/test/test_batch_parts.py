from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vita_train.batch_parts import BatchParts, PartOrder
from vita_train.sample_order import SampleOrder

COUNTS = st.integers(1, 4)


@given(st.integers(1, 30), COUNTS, COUNTS, COUNTS, st.integers(0, 5))
def test_the_parts_of_all_processes_are_the_whole_batch(windows, size, turns, processes, step):
    order = SampleOrder(windows, size * turns * processes, seed=3)
    parts = [BatchParts(size, turns, processes, rank) for rank in range(processes)]
    numbers, found = [], []
    for turn in range(turns):
        for part in parts:
            numbers.append(part.number(turn))
            found.append(PartOrder(order, part).batch(step * turns + turn))
    assert sorted(numbers) == list(range(turns * processes))
    in_order = [found[numbers.index(number)] for number in range(len(found))]
    assert np.array_equal(np.concatenate(in_order), order.batch(step))
    assert parts[0].batch_size == order.batch_size


def test_the_size_of_a_step_in_words():
    assert BatchParts(16).in_words == "16 samples"
    assert BatchParts(8, turns=2, processes=3).in_words == "48 samples (8 x 3 processes x 2 turns)"
