from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vita_dataset.errors import UsageError
from vita_train.windows import make_windows

lengths_of = st.lists(st.integers(1, 30), min_size=1, max_size=8)


@given(lengths_of, st.integers(1, 20), st.integers(0, 5), st.data())
def test_windows_stay_in_their_episode_and_count_every_step_once(lengths, horizon, drop, data):
    ends = np.cumsum(lengths)
    episode_of = np.repeat(np.arange(len(lengths)), lengths)
    chosen = data.draw(st.lists(st.sampled_from(range(len(lengths))), min_size=1, unique=True))
    expected = [
        step for episode in chosen for step in np.flatnonzero(episode_of == episode)[: max(0, lengths[episode] - drop)]
    ]
    if not expected:
        with pytest.raises(UsageError, match="no training window"):
            make_windows(ends, horizon, chosen, drop)
        return
    windows = make_windows(ends, horizon, chosen, drop)
    assert windows.starts.tolist() == expected
    steps, is_pad = windows.actions(np.arange(len(windows)))
    wanted = windows.starts[:, None] + np.arange(horizon)
    assert steps.shape == is_pad.shape == (len(windows), horizon)
    assert (episode_of[steps] == episode_of[windows.starts][:, None]).all()
    assert (steps[~is_pad] == wanted[~is_pad]).all()
    assert (steps[is_pad] < wanted[is_pad]).all()
    assert not is_pad[:, 0].any()


@given(lengths_of, st.integers(1, 6), st.data())
def test_observations_go_back_in_time_and_stay_in_their_episode(lengths, obs_horizon, data):
    ends = np.cumsum(lengths)
    begins = ends - lengths
    chosen = data.draw(st.lists(st.sampled_from(range(len(lengths))), min_size=1, unique=True))
    windows = make_windows(ends, 4, chosen, obs_horizon=obs_horizon)
    steps = windows.observations(np.arange(len(windows)))
    assert steps.shape == (len(windows), obs_horizon)
    assert steps.dtype == np.int64
    for start, row in zip(windows.starts, steps, strict=True):
        begin = begins[np.searchsorted(ends, start, side="right")]
        assert row.tolist() == [max(begin, start - back) for back in reversed(range(obs_horizon))]


def test_a_subset_reads_its_own_episodes():
    windows = make_windows(np.array([3, 5, 9]), 2, episodes=[2, 0])
    assert windows.starts.tolist() == [5, 6, 7, 8, 0, 1, 2]
    steps, is_pad = windows.actions(np.array([3, 6]))
    assert steps.tolist() == [[8, 8], [2, 2]]
    assert is_pad.tolist() == [[False, True], [False, True]]


@pytest.mark.parametrize(("episodes", "message"), [([0, 3], r"\[3\].*0 to 2"), ([-1], r"\[-1\]"), ([1, 1], "twice")])
def test_wrong_episodes_are_named(episodes, message):
    with pytest.raises(UsageError, match=message):
        make_windows(np.array([3, 5, 9]), 2, episodes)
