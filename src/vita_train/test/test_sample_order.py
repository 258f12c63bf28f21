from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_train.sample_order import InOrder, SampleOrder


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 3), st.integers(1, 4))
def test_batches_are_slices_of_whole_passes(windows, batch_size, seed, passes):
    order = SampleOrder(windows, batch_size, seed)
    count = -(-windows * passes // batch_size)
    # Asked for backwards: a batch does not depend on those before it.
    batches = [order.batch(number) for number in reversed(range(count))][::-1]
    assert all(len(batch) == batch_size for batch in batches)
    row = np.concatenate(batches)
    for number in range(passes):
        assert sorted(row[number * windows : (number + 1) * windows]) == list(range(windows))


def test_passes_and_seeds_differ():
    order = SampleOrder(100, 100, seed=1)
    first, second, other = order.batch(0), order.batch(1), SampleOrder(100, 100, seed=2).batch(0)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(1, 20))
def test_in_order_every_window_comes_once(windows, batch_size):
    order = InOrder(windows, batch_size)
    batches = [order.batch(number).tolist() for number in range(len(order))]
    assert [window for batch in batches for window in batch] == list(range(windows))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert 0 < len(batches[-1]) <= batch_size
