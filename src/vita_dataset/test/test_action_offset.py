"""Finds the delay that was put in, and says so where there is none to find."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.action_offset import ActionOffsets, pairs
from vita_dataset.episode import EpisodeTable
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec


def spec(state=("a", "b"), action=("a", "b"), fps=30.0):
    return DatasetSpec(
        "lab/x",
        fps,
        (CameraSpec("front", 4, 4),),
        VectorSpec("state", len(state), state),
        VectorSpec("action", len(action), action),
        SourceSpec("/x", "v2.1", ""),
    )


def table(state, action, index=0):
    return EpisodeTable(index, np.arange(len(state)) / 30.0, state.astype(np.float32), action.astype(np.float32))


def motion(seed, steps, dim=2):
    """Smooth motions of a few rad: sines that differ from joint to joint."""
    rng = np.random.default_rng(seed)
    time = np.arange(steps)[:, None] / 30.0
    return sum(np.sin(2 * np.pi * f * time + rng.uniform(0, 6, dim)) / f for f in (0.3, 0.7, 1.3))


def shifted(whole, lag, steps, start=60):
    """State and action of which the action is ``lag`` steps ahead."""
    return whole[start : start + steps], whole[start + lag : start + lag + steps]


def offsets(description, *tables):
    found = ActionOffsets(description)
    for item in tables:
        found.add(item)
    return found.result()


@settings(max_examples=30, deadline=None)
@given(lag=st.integers(-20, 20), seed=st.integers(0, 100), scale=st.sampled_from([1.0, -0.02, 500.0]))
def test_the_lag_that_was_put_in(lag, seed, scale):
    tables = []
    for index in range(2):
        state, action = shifted(motion(seed + index, 400), lag, 200)
        tables.append(table(1e3 + scale * state, 7 + scale * action, index))
    for offset in offsets(spec(), *tables):
        assert offset.steps == lag
        assert offset.between[0] <= lag <= offset.between[1]
        assert offset.correlation > 0.999


def test_noise_and_a_few_bad_numbers_do_not_hide_it():
    state, action = shifted(motion(3, 400), 5, 300)
    state = state + np.random.default_rng(0).normal(0, 0.01, state.shape)
    state[10, 0], action[20, 1] = np.nan, np.inf
    for offset in offsets(spec(), table(state, action)):
        assert abs(offset.steps - 5) <= 1


def test_order_is_by_name():
    state, action = shifted(motion(3, 400), 4, 300)
    (first, second) = offsets(spec(state=("b", "a")), table(state[:, ::-1], action))
    assert (first.name, first.steps, second.steps) == ("a", 4, 4)


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        (("a", "b", "c"), ("c", "x"), {0: 2}),
        (("a", "b"), ("x", "y"), {0: 0, 1: 1}),
        (None, ("x", "y"), {0: 0, 1: 1}),
        (("a", "b", "c"), ("x", "y"), {}),
    ],
)
def test_what_belongs_together(state, action, expected):
    assert pairs(VectorSpec("s", len(state or "ab"), state), VectorSpec("a", len(action), action)) == expected


def test_it_says_when_it_cannot_tell():
    time = np.arange(300)
    rng = np.random.default_rng(0)
    still = np.full(300, 0.3)
    slow = 0.01 * np.sin(2 * np.pi * time / 3000)
    cases = {
        "it does not move": (still, np.sin(time / 9)),
        "not alike": (np.sin(time / 50), np.gradient(np.sin(time / 50))),
        "too slowly": (slow + rng.normal(0, 2e-4, 300), slow + rng.normal(0, 2e-4, 300)),
    }
    for reason, (state, action) in cases.items():
        (offset,) = offsets(spec(("a",), ("a",)), table(state[:, None], action[:, None]))
        assert offset.steps is None
        assert reason in offset.reason
    (short,) = offsets(spec(("a",), ("a",)), table(np.sin(time[:10, None]), np.sin(time[:10, None])))
    assert "fewer than" in short.reason
    (alone, _) = offsets(spec(("q", "b"), ("a", "b")), table(motion(0, 100), motion(0, 100)))
    assert alone.reason == "the state has no element of this name"
    assert alone.to_dict() == {"steps": None, "correlation": None, "between": None, "reason": alone.reason}


def test_beyond_the_window():
    state, action = shifted(motion(3, 600), 32, 300)  # the window is a second: 30 steps
    (offset, _) = offsets(spec(), table(state, action))
    assert offset.steps is None
    assert "steps or more" in offset.reason
