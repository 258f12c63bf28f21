import numpy as np
import pytest

from vita_dataset.errors import DataError
from vita_dataset.lerobot_steps import check_in_order, times_from_start


def test_rows_in_order():
    check_in_order(np.arange(4), 2, "x")
    with pytest.raises(DataError, match="frame_index of episode 2 in 'x' is 4 at step 3"):
        check_in_order(np.array([0, 1, 2, 4]), 2, "x")


def test_times_count_from_the_first():
    notes = []
    assert times_from_start(np.array([7.0, 7.1]), 2, 10.0, 0, "x", notes.append).tolist() == pytest.approx([0.0, 0.1])
    assert times_from_start(np.array([0.04, 0.1]), 2, 10.0, 0, "x", notes.append)[0] == 0.0
    assert times_from_start(None, 3, 10.0, 0, "x", notes.append).tolist() == [0.0, 0.1, 0.2]
    assert [note.split()[0] for note in notes] == ["timestamps", "the"]


@pytest.mark.parametrize("stamps", [[0.0, 0.0], [0.1, 0.0], [0.0, np.nan], [np.inf, 1.0]])
def test_time_must_run_forward(stamps):
    with pytest.raises(DataError, match="timestamp of episode 5 in 'x'"):
        times_from_start(np.array(stamps), 2, 10.0, 5, "x", print)
