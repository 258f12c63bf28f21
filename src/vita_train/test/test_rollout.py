"""Episodes of policies whose actions are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from policy_support import tiny_config
from torch import nn
from toy_environment import CAMERAS

from vita_dataset.errors import DataError
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.video import decode_video
from vita_train import running_episode
from vita_train.environment_group import LocalGroup
from vita_train.environment_layout import Needs
from vita_train.online_settings import environment_settings
from vita_train.rollout import run_episodes

STATE = "observation.state"
SPEC = DatasetSpec(
    "toy/reach",
    10.0,
    tuple(CameraSpec(key, 32, 40) for key in CAMERAS),
    VectorSpec(STATE, 3),
    VectorSpec("action", 3),
    SourceSpec("nowhere", "v2.1", "toy"),
)


class Walk(nn.Module):
    """Goes ``stride`` further in each action than the newest state; notes what it was shown."""

    def __init__(self, stride=0.0, **changes):
        super().__init__()
        changes = {"image_keys": CAMERAS, "state_dim": 3, "action_dim": 3} | changes
        self.config = tiny_config(**changes)
        self.stride = nn.Parameter(torch.tensor(float(stride)))
        self.shown = []

    def predict(self, images, state):
        self.shown.append(({key: images[key].numpy() for key in CAMERAS}, state.numpy()))
        strides = torch.arange(1, self.config.pred_horizon + 1)[None, :, None] * self.stride
        return state[:, -1:] + strides


@pytest.fixture
def play():
    groups = []

    def play(policy, seeds, envs=1, films=(), **options):
        kwargs = options.pop("kwargs", {})
        needs = Needs(CAMERAS, STATE, 3, 3, 10.0)
        groups.append(LocalGroup(environment_settings("toy_environment", "toy/Reach-v0", kwargs), needs, range(envs)))
        return run_episodes(policy, SPEC, groups[-1], envs, seeds, films, **options)

    yield play
    for group in groups:
        group.close()


def test_a_chunk_is_carried_out_as_far_as_the_action_horizon(play):
    policy = Walk(0.01, action_horizon=3)
    (outcome,) = play(policy, [2], kwargs={"length": 8})
    assert (outcome.seed, outcome.success, outcome.steps, outcome.video) == (2, False, 8, None)
    states = np.concatenate([state for _, state in policy.shown])[:, 0]
    # Asked at steps 0, 3 and 6: three strides lie between two predictions.
    assert len(states) == 3
    np.testing.assert_allclose(np.diff(states, axis=0), 0.03, atol=1e-6)
    start = np.abs(states[0] - 1).max()
    assert outcome.max_reward == pytest.approx(-(start - 0.08), abs=1e-5)


def test_the_number_of_environments_changes_no_episode(play):
    seeds = range(10, 17)
    walk = {"kwargs": {"length": 9}}
    alone = play(Walk(0.1), seeds, envs=1, **walk)
    assert [outcome.seed for outcome in alone] == list(seeds)
    assert len({outcome.steps for outcome in alone}) > 1
    assert {outcome.success for outcome in alone} == {True, False}
    for envs in (3, 7):
        counts = []
        policy = Walk(0.1)
        assert play(policy, seeds, envs=envs, on_progress=lambda *done, to=counts: to.append(done), **walk) == alone
        assert len(policy.shown[0][1]) == envs
        assert counts == [(number, 7) for number in range(8)]


def test_the_history_is_the_last_observations_oldest_first(play):
    policy = Walk(0.01, obs_horizon=3, action_horizon=4)
    play(policy, [0], kwargs={"length": 6})
    (first, _), (later, states) = policy.shown
    assert first[CAMERAS[0]].shape == (1, 3, 32, 40, 3)
    # The toy paints each image with the number of its step: at the start there is only the first.
    assert [image.mean() for image in first[CAMERAS[0]][0]] == [0, 0, 0]
    assert [image.mean() for image in later[CAMERAS[1]][0]] == [2, 3, 4]
    np.testing.assert_allclose(np.diff(states[0], axis=0), 0.01, atol=1e-6)


def test_films_show_every_step_and_the_end(play, tmp_path):
    films = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    outcomes = play(Walk(), [1, 2, 3], envs=2, films=films, kwargs={"length": 6})
    assert [outcome.video for outcome in outcomes] == ["a.mp4", "b.mp4", None]
    frames = list(decode_video(films[1]))
    assert len(frames) == 6 + round(running_episode.LAST_FRAME_S * 10)
    assert frames[0].shape == (16, 32, 3)
    assert frames[-1].mean() > frames[0].mean()


def test_a_film_that_cannot_be_written_costs_no_episode(play, tmp_path, caplog):
    (tmp_path / "taken.mp4").mkdir()
    (outcome,) = play(Walk(), [1], films=[tmp_path / "taken.mp4"])
    assert outcome.video is None
    assert outcome.steps == 4
    assert "the film of the episode with seed 1 could not be written" in caplog.text


def test_it_can_be_interrupted(play, tmp_path):
    asked = []
    films = [tmp_path / "a.mp4"]
    assert play(Walk(), [1, 2], films=films, interrupted=lambda: len(asked) > 2 or asked.append(1)) is None
    assert len(list(decode_video(films[0]))) == 4


def test_an_episode_without_end_is_an_error(play, monkeypatch):
    monkeypatch.setattr(running_episode, "MAX_STEPS", 20)
    with pytest.raises(DataError, match="seed 4 did not end within 20 steps; give the environment a time limit"):
        play(Walk(), [4], kwargs={"length": 1000})
    (outcome,) = play(Walk(), [4], kwargs={"length": 1000, "max_episode_steps": 5})
    assert outcome.steps == 5


def test_no_action_that_is_no_number_reaches_the_environment(play):
    with pytest.raises(DataError, match="not finite after step 0 of the episode with seed 4"):
        play(Walk(float("nan")), [4])
