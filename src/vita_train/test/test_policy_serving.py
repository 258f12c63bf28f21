"""Serving is training's prediction, computed otherwise."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from policy_support import CAMERAS, tiny_observation, tiny_spec, tiny_stats
from serving_support import LIMIT, random_observation, random_policy, relative
from test_policy_captured_graphs import Recorder

from vita_train.policy.checkpoint import save_checkpoint
from vita_train.policy.inference import load_policy
from vita_train.policy.serving import ServingPolicy

CPU = torch.device("cpu")
STORED = {CAMERAS[0]: (32, 40), CAMERAS[1]: (32, 40)}
OTHER_SIZES = {CAMERAS[0]: (48, 60), CAMERAS[1]: (24, 31)}


@pytest.mark.parametrize("observer", ["resnet18", "small"])
@pytest.mark.parametrize("sizes", [STORED, OTHER_SIZES])
@pytest.mark.parametrize(("cameras", "horizon"), [(1, 1), (2, 1), (2, 2), (1, 3)])
@torch.inference_mode()
def test_it_predicts_what_training_predicts(
    observer: str, sizes: dict[str, tuple[int, int]], cameras: int, horizon: int
) -> None:
    changes: dict[str, Any] = {"observer": observer, "image_keys": CAMERAS[:cameras], "obs_horizon": horizon}
    trained = random_policy(**changes)
    serving = ServingPolicy(random_policy(**changes), CPU)
    for seed in range(3):
        observation = random_observation(sizes, seed, horizon)
        expected = trained.predict(*observation)
        ours = serving.predict(*observation)
        assert relative(ours, expected) <= LIMIT
        assert torch.equal(serving.predict(*observation), ours)


def test_without_packed_layers_it_predicts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    observation = random_observation(STORED)
    packed = ServingPolicy(random_policy(), CPU).predict(*observation)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert relative(ServingPolicy(random_policy(), CPU).predict(*observation), packed) <= LIMIT


def test_only_the_flow() -> None:
    trained, serving = random_policy(), ServingPolicy(random_policy(), CPU)
    z_obs = torch.randn(1, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert relative(serving.flow(z_obs), trained.flow(z_obs)) <= LIMIT


def test_the_action_encoder_and_the_time_network_leave_the_memory() -> None:
    policy = random_policy()
    gone = [
        weakref.ref(weight)
        for name, weight in policy.named_parameters()
        if name.startswith(("action_encoder.", "flow_net.time_embed.", "observer.backbone.")) or "time_mod" in name
    ]
    assert len(gone) > 20
    serving = ServingPolicy(policy, CPU)
    del policy
    gc.collect()
    assert [weight for weight in gone if weight() is not None] == []
    assert serving.predict(*random_observation(STORED)).shape == (1, 8, 2)


def test_chunks_are_not_overwritten_by_later_ones() -> None:
    serving = ServingPolicy(random_policy(), CPU)
    first = serving.predict(*random_observation(STORED, 0))
    before = first.clone()
    assert not torch.equal(serving.predict(*random_observation(STORED, 1)), before)
    assert torch.equal(first, before)


def test_the_recorded_prediction_is_the_prediction() -> None:
    recorder = Recorder()
    recorded, plain = ServingPolicy(random_policy(), CPU, record=recorder), ServingPolicy(random_policy(), CPU)
    for seed, sizes in enumerate((STORED, OTHER_SIZES, STORED)):
        observation = random_observation(sizes, seed)
        assert torch.equal(recorded.predict(*observation), plain.predict(*observation))
    assert (recorder.recorded, recorder.replayed) == (2, 3)


@pytest.mark.parametrize("observer", ["resnet18", "small"])
def test_half_precision_is_near(observer: str) -> None:
    whole = ServingPolicy(random_policy(observer=observer), CPU)
    half = ServingPolicy(random_policy(observer=observer), CPU, torch.bfloat16)
    observation = random_observation(STORED)
    with torch.autocast("cpu", torch.bfloat16):
        chunk = half.predict(*observation)
    assert 0 < relative(chunk, whole.predict(*observation)) < 0.1


@pytest.mark.parametrize("observer", ["resnet18", "small"])
def test_a_loaded_checkpoint_is_served_this_way(observer: str, tmp_path: Any) -> None:
    trained = random_policy(observer=observer)
    save_checkpoint(tmp_path / "step_0000000001", trained, tiny_spec(), tiny_stats(), step=1)
    observation = tiny_observation()
    batch = {key: torch.from_numpy(image[None, None]) for key, image in observation.images.items()}
    with torch.inference_mode():
        expected = trained.predict(batch, torch.from_numpy(observation.state[None, None]))[0].numpy()
    actions = load_policy(tmp_path).predict_chunk(observation).actions
    assert np.abs(actions - expected).max() <= LIMIT * np.abs(expected).max()
