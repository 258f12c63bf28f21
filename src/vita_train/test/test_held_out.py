from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vita_dataset.errors import UsageError
from vita_train.held_out import Split, outside_training, refuse_seen, split_episodes


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 2**32), st.data())
def test_no_episode_is_on_both_sides_and_none_is_lost(count, wanted, seed, data):
    chosen = data.draw(st.none() | st.lists(st.integers(0, count - 1), min_size=1, unique=True))
    pool = list(range(count)) if chosen is None else chosen
    if wanted >= len(pool) and wanted:
        with pytest.raises(UsageError, match=f"val.num_episodes={wanted} of {len(pool)} episodes leaves none"):
            split_episodes(count, chosen, None, wanted, seed)
        return
    split = split_episodes(count, chosen, None, wanted, seed)
    assert len(split.held_out) == wanted
    assert list(split.held_out) == sorted(split.held_out)
    assert not set(split.train) & set(split.held_out)
    assert set(split.train) | set(split.held_out) == set(pool)
    assert list(split.train) == [episode for episode in pool if episode in split.train]
    assert split == split_episodes(count, chosen, None, wanted, seed)


def test_the_draw_follows_its_seed():
    assert len({split_episodes(100, None, None, 3, seed).held_out for seed in range(10)}) == 10


def test_a_list_may_name_what_training_would_not_have_seen_anyway():
    assert split_episodes(6, [0, 1, 2], [5, 1], 0, 0).held_out == (1, 5)
    assert split_episodes(6, [0, 1, 2], [5, 1], 2, 0).train == (0, 2)
    assert split_episodes(3, None, None, 0, 0).train == (0, 1, 2)


@pytest.mark.parametrize(
    ("chosen", "listed", "wanted", "message"),
    [
        ([7], None, 0, r"task.dataset_episodes names the episodes \[7\], but the dataset has the episodes 0 to 4"),
        ([1, 1], None, 0, "task.dataset_episodes names an episode twice"),
        (None, [-1, 2], 0, r"val.episodes names the episodes \[-1\]"),
        (None, [2, 2], 0, "val.episodes names an episode twice"),
        (None, [2, 3], 1, "val.num_episodes=1, but val.episodes names 2; leave one"),
        ([1, 2], [2, 1, 3], 0, "holds all 2 episodes out and leaves none"),
        (None, None, 5, "val.num_episodes=5 of 5 episodes leaves none to train on; lower it"),
    ],
)
def test_what_makes_no_sense_is_named(chosen, listed, wanted, message):
    with pytest.raises(UsageError, match=message):
        split_episodes(5, chosen, listed, wanted, 0)


def test_what_a_run_was_trained_on_cannot_be_held_out_later():
    refuse_seen([], [0, 1], [])
    refuse_seen([3], [0, 1], [2])
    with pytest.raises(UsageError, match=r"\[2\] are held out now.*trained on them.*val.episodes=\[1, 3\]"):
        refuse_seen([2, 3], [0, 2], [1, 3])
    with pytest.raises(UsageError, match=r"val\.episodes=null"):
        refuse_seen([2], [2], [])


def test_what_training_never_shows_is_named_by_episode():
    # Three episodes of four steps; the first element of the last is elsewhere, the second hardly.
    values = np.array([[0, 0], [1, 1], [0, 0], [1, 1]] * 2 + [[5, 1.01], [5, 1.04], [5, 0], [0, 0]], dtype=np.float32)
    ends = np.array([4, 8, 12])
    assert outside_training(values, ends, Split((0, 1), (2,)), ("a", "b")) == {2: ["a"]}
    assert outside_training(values, ends, Split((2, 0), (1,)), ("a", "b")) == {}
    assert outside_training(values, ends, Split((0, 1, 2), ()), ("a", "b")) == {}
