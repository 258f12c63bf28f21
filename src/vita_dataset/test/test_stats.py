import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vita_dataset.errors import DataError
from vita_dataset.stats import RunningStats, stats_from_dict, stats_to_dict

ROWS = hnp.arrays(np.float32, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(-1e3, 1e3, width=32))


@settings(max_examples=50, deadline=None)
@given(batches=st.lists(ROWS, min_size=1, max_size=5))
def test_batches_give_the_statistics_of_the_whole(batches):
    running = RunningStats(3)
    for batch in batches:
        running.update(batch)
    running.update(np.empty((0, 3)))
    whole, result = np.concatenate(batches).astype(np.float64), running.result()
    np.testing.assert_allclose(result.mean, whole.mean(0), atol=1e-9, rtol=1e-9)
    np.testing.assert_allclose(result.std, whole.std(0), atol=1e-6, rtol=1e-6)
    np.testing.assert_array_equal((result.min, result.max), (whole.min(0), whole.max(0)))
    assert result.count == len(whole)


def test_survives_json():
    running = RunningStats(2)
    running.update(np.array([[1.0, 2.0], [3.0, 5.0]]))
    stats = {"state": running.result()}
    again = stats_from_dict(json.loads(json.dumps(stats_to_dict(stats))))
    np.testing.assert_array_equal(again["state"].std, [1.0, 1.5])


def test_nothing_has_no_statistics():
    with pytest.raises(DataError, match="at least one step"):
        RunningStats(1).result()
    with pytest.raises(DataError, match="mean, std, min, max and count"):
        stats_from_dict({"state": {"mean": [0.0]}})
