import numpy as np
import pytest

from vita_dataset.episode import EpisodeTable, check_finite, step_range
from vita_dataset.errors import DataError

NAMES = {"state": ("a", "b"), "action": ("c",)}


def table(state, action):
    return EpisodeTable(3, np.arange(len(state)) / 10, np.float32(state), np.float32(action))


def test_finite_vectors_pass():
    check_finite(table([[0, 1], [2, 3]], [[0], [1]]), NAMES, "lab/reach")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_bad_number_is_named(bad):
    with pytest.raises(DataError, match=r"action of episode 3 in 'lab/reach' is .* at step 1, element 'c'.*2 such"):
        check_finite(table([[0, 1]] * 3, [[0], [bad], [bad]]), NAMES, "lab/reach")
    with pytest.raises(DataError, match=r"state .* element 'b'"):
        check_finite(table([[0, bad]], [[0]]), NAMES, "lab/reach")


def test_a_range_of_steps_lies_in_the_episode():
    assert step_range(0, None, 5) == range(5)
    assert step_range(2, 4, 5) == range(2, 4)
    assert len(step_range(5, None, 5)) == 0
    for first, stop in ((-1, 2), (3, 2), (0, 6), (6, None)):
        with pytest.raises(IndexError, match="were asked of an episode with 5"):
            step_range(first, stop, 5)
