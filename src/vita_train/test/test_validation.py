from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from policy_support import tiny_config

from vita_dataset.zarr_store import open_dataset
from vita_train.holding import MEASURED
from vita_train.policy.vita import VitaPolicy
from vita_train.validation import Validator


@pytest.fixture
def data(dataset):
    return open_dataset(dataset)


@pytest.fixture
def config(data):
    keys = tuple(camera.key for camera in data.spec.cameras)
    # A network without a backbone of millions of weights.
    return tiny_config(image_keys=keys, state_dim=3, action_dim=3, observer="small")


@pytest.fixture
def policy(config, data):
    torch.manual_seed(1)
    return VitaPolicy(config, data.stats).train()


@pytest.mark.parametrize("obs_horizon", [1, 3])
def test_the_errors_are_those_of_predicting_from_each_step_alone(data, config, obs_horizon):
    config = replace(config, obs_horizon=obs_horizon)
    torch.manual_seed(1)
    policy = VitaPolicy(config, data.stats).train()
    validation, examples = Validator(data, config, [2, 0], batch_size=6, examples=1).run(policy)
    assert (validation.windows, validation.episodes, validation.hold_is) == (20, (2, 0), MEASURED)
    policy.eval()
    errors, held, first = [], [], []
    for begin, end in ((23, 34), (0, 9)):
        for step in range(begin, end):
            seen = [max(begin, step - back) for back in reversed(range(obs_horizon))]
            images = {key: torch.from_numpy(data.read_frames(key, seen)[None]) for key in config.image_keys}
            with torch.no_grad():
                chunk = policy.predict(images, torch.from_numpy(data.state[None, seen]))[0].numpy()
            recorded = data.action[step : min(step + 8, end)]
            errors += list(np.abs(chunk[: len(recorded)] - recorded))
            first += list(np.abs(chunk[:4][: len(recorded)] - recorded[:4]))
            held += list(np.abs(data.state[step] - recorded[:4]))
            if begin == 23:
                assert np.allclose(examples[0].predicted[step - 23], chunk, atol=1e-5)
    assert np.allclose(validation.policy.chunk, np.mean(errors, axis=0), atol=1e-5)
    assert np.allclose(validation.policy.executed, np.mean(first, axis=0), atol=1e-5)
    assert np.allclose(validation.hold.executed, np.mean(held, axis=0), atol=1e-5)
    assert {"loss", "flow_loss", "consistency_loss", "flow_action_recon_loss"} <= validation.losses.keys()


def test_an_example_shows_the_whole_way_from_vision_to_action(data, config, policy):
    _, (example,) = Validator(data, config, [1], 100, examples=3).run(policy)
    assert (example.episode, example.flow_step) == (1, 7)
    assert np.array_equal(example.recorded, data.action[9:23])
    assert example.flow.shape == (config.flow_matcher.num_sampling_steps + 1, 8, 3)
    assert np.allclose(example.flow[-1], example.predicted[7], atol=1e-5)
    assert not policy.flow_net._forward_pre_hooks


def test_two_runs_give_the_same_and_other_weights_something_else(data, config, policy):
    validator = Validator(data, config, [1], 4)
    (one, none), (other, _) = validator.run(policy), validator.run(policy)
    assert none == ()
    assert one.to_dict() == other.to_dict()
    averaged = {name: value.detach() * 0.5 for name, value in policy.named_parameters()}
    changed, _ = validator.run(policy, averaged)
    assert changed.score != one.score
    policy.load_state_dict(policy.state_dict() | averaged)
    assert validator.run(policy)[0].to_dict() == changed.to_dict()


def test_losses_do_not_hang_on_the_batch_size_but_for_random_times(data, config, policy):
    without_padding = replace(config, mask_padding=False)
    policy.config = without_padding
    large, small = (Validator(data, without_padding, [1], size).run(policy)[0].losses for size in (14, 3))
    for name in ("consistency_loss", "flow_action_recon_loss", "enc_action_recon_loss"):
        assert small[name] == pytest.approx(large[name], rel=1e-5)


def test_an_interrupted_run_has_no_result(data, config, policy):
    asked = iter([False, True])
    assert Validator(data, config, [1], 4).run(policy, interrupted=lambda: next(asked)) is None
    assert policy.training
