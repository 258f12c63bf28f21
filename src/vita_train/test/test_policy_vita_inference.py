"""The Python door: what the guide promises, what it refuses, and that it adds nothing to the policy."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from policy_support import (
    CAMERAS,
    STATE,
    save_session,
    tiny_config,
    tiny_observation,
    tiny_spec,
    tiny_stats,
)

import vita_train.policy as package
from vita_dataset.errors import DataError, UsageError
from vita_dataset.spec import CameraSpec
from vita_train.policy import VitaInference, latest_checkpoint, load_policy
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.policy.vita import VitaPolicy

FRONT, WRIST = CAMERAS
BARE = ("front", "wrist")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_session(tmp_path_factory.mktemp("session"))


@pytest.fixture(scope="module")
def loaded(session: Path) -> VitaInference:
    return VitaInference(session, mixed_precision="fp32", device="cpu")


@pytest.fixture
def door(loaded: VitaInference) -> VitaInference:
    loaded.reset()
    return loaded


def pixels(seed: int, key: str, dtype: type = np.float32) -> NDArray[Any]:
    """The image of a tiny observation as the guide hands it over: [3, H, W] in [0, 1]."""
    return (tiny_observation(seed).images[key].transpose(2, 0, 1) / 255).astype(dtype)


def nested(seed: int = 0, **changes: Any) -> dict[str, Any]:
    images = {"front": pixels(seed, FRONT), "wrist": pixels(seed, WRIST)}
    return {"observation": {"images": images, "state": tiny_observation(seed).state, **changes}}


def test_its_arguments_are_those_of_the_guide() -> None:
    parameters = inspect.signature(VitaInference).parameters
    assert {name: parameter.default for name, parameter in parameters.items()} == {
        "checkpoint_dir": inspect.Parameter.empty,
        "mixed_precision": "bf16",
        "device": "cuda:0",
    }


@pytest.mark.parametrize("seed", range(3))
def test_it_acts_as_the_policy_predicts_bit_for_bit(session: Path, door: VitaInference, seed: int) -> None:
    door.update_obs(nested(seed))
    actions = door.get_action()
    expected = load_policy(session).predict_chunk(tiny_observation(seed)).actions
    assert (actions.dtype, actions.shape) == (np.float32, (4, 2))
    np.testing.assert_array_equal(actions, expected[:4])
    np.testing.assert_array_equal(door.get_action(), actions)


@pytest.mark.parametrize("level", ["", "checkpoints", "checkpoints/step_0000000007"])
def test_every_folder_of_a_session_will_do(session: Path, level: str) -> None:
    folder = session / level
    assert latest_checkpoint(folder).name == "step_0000000007"
    assert VitaInference(str(folder), device="cpu").policy.step == 7


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_level_of_a_pixel_comes_through(door: VitaInference, dtype: type) -> None:
    levels = np.arange(3 * 32 * 40, dtype=np.uint32).reshape(32, 40, 3).astype(np.uint8)
    image = (levels.transpose(2, 0, 1) / 255).astype(dtype)
    observation = nested(images={"front": image, "wrist": pixels(0, WRIST)})
    door.update_obs(observation)
    assert len(np.unique(levels)) == 256
    images = {FRONT: levels, WRIST: tiny_observation().images[WRIST]}
    expected = door.policy.predict_chunk(tiny_observation(images=images))
    np.testing.assert_array_equal(door.get_action(), expected.actions[:4])


def test_a_trace_beyond_the_range_is_the_end_of_the_range(door: VitaInference) -> None:
    ends = np.where(pixels(0, FRONT) > 0.5, 1.0, 0.0)
    results = []
    for image in (ends, ends + np.where(ends > 0.5, 1e-3, -1e-3)):
        door.update_obs(nested(images={"front": image, "wrist": pixels(0, WRIST)}))
        results.append(door.get_action())
    np.testing.assert_array_equal(*results)


def test_dotted_keys_and_what_is_not_used_are_welcome(door: VitaInference) -> None:
    door.update_obs(nested())
    expected = door.get_action()
    flat = {FRONT: pixels(0, FRONT), WRIST: pixels(0, WRIST), STATE: tiny_observation().state, "task": "pick"}
    door.update_obs(flat)
    np.testing.assert_array_equal(door.get_action(), expected)
    more = nested()
    more["observation"]["images"]["depth"] = np.zeros((1, 2, 2), np.uint16)
    door.update_obs(more)
    np.testing.assert_array_equal(door.get_action(), expected)


def test_cameras_that_training_named_without_a_group(tmp_path: Path) -> None:
    spec = replace(tiny_spec(), cameras=tuple(CameraSpec(key, 32, 40) for key in BARE))
    stats = tiny_stats()
    stats |= {bare: stats[key] for bare, key in zip(BARE, CAMERAS, strict=True)}
    policy = VitaPolicy(tiny_config(image_keys=BARE), stats)
    save_checkpoint(tmp_path / "step_1", policy, spec, stats, step=1)
    door = VitaInference(tmp_path, "fp32", "cpu")
    door.update_obs(nested())
    expected = door.get_action()
    door.update_obs({"front": pixels(0, FRONT), "wrist": pixels(0, WRIST), STATE: tiny_observation().state})
    np.testing.assert_array_equal(door.get_action(), expected)


def test_it_keeps_no_hold_on_the_caller_s_arrays(door: VitaInference) -> None:
    observation = nested()
    door.update_obs(observation)
    expected = door.get_action()
    observation["observation"]["images"]["front"][:] = 0
    observation["observation"]["state"][:] = 9
    again = door.get_action()
    np.testing.assert_array_equal(again, expected)
    again[:] = 0
    np.testing.assert_array_equal(door.get_action(), expected)


def test_each_update_is_one_step_of_what_the_policy_looks_back_on(tmp_path: Path) -> None:
    session = save_session(tmp_path, obs_horizon=3, observer="small")
    door, policy = VitaInference(session, device="cpu"), load_policy(session)
    for steps in ([0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3]):
        door.update_obs(nested(steps[-1]))
        expected = policy.predict_chunk([tiny_observation(step) for step in steps]).actions
        np.testing.assert_array_equal(door.get_action(), expected[:4])

    def be_refused() -> None:
        with pytest.raises(DataError, match="does not fit"):
            door.update_obs({})

    for forget in (door.reset, be_refused):
        forget()
        door.update_obs(nested(5))
        expected = policy.predict_chunk([tiny_observation(5)] * 3).actions
        np.testing.assert_array_equal(door.get_action(), expected[:4])


def test_without_an_observation_there_is_no_action(door: VitaInference) -> None:
    def be_refused() -> None:
        with pytest.raises(DataError, match="does not fit"):
            door.update_obs({})

    for forget in (door.reset, be_refused):
        with pytest.raises(UsageError, match="call update_obs before get_action"):
            door.get_action()
        door.update_obs(nested())
        door.get_action()
        forget()
    with pytest.raises(UsageError, match="call update_obs before get_action"):
        door.get_action()


@pytest.mark.parametrize(
    ("observation", "words"),
    [
        (["state"], ["must be a mapping, but is list"]),
        ({}, [f"'{FRONT}' is missing", f"'{WRIST}' is missing", f"'{STATE}' is missing"]),
        (nested(images={"front": pixels(0, FRONT)}), [f"'{WRIST}' is missing, present are ['{FRONT}', '{STATE}']"]),
        (
            nested(
                images={"front": np.zeros((32, 40, 3), np.float32), "wrist": np.zeros((3, 32, 40), np.uint8)},
                state=np.zeros(4, np.float32),
            ),
            [
                f"'{FRONT}' must be float32 [3, 32, 40], but is float32 [32, 40, 3]",
                f"'{WRIST}' must be float32 [3, 32, 40], but is uint8 [3, 32, 40]",
                f"'{STATE}' must be float32 [3], but is float32 [4]",
            ],
        ),
        (
            nested(images={"front": np.full((3, 32, 40), 255.0), "wrist": np.full((3, 32, 40), np.nan)}),
            [f"'{FRONT}' must lie in [0, 1], but reaches from 255 to 255", f"'{WRIST}' must be finite"],
        ),
        (nested(state=np.array([0, 1e300, 0])), [f"'{STATE}' must be finite"]),
    ],
)
def test_an_observation_that_does_not_fit(door: VitaInference, observation: Any, words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        door.update_obs(observation)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"device": "cuda:99"}, "device 'cuda:99' is not available"),
        ({"device": "gpu"}, "device 'gpu' is not known"),
        ({"device": "cpu", "mixed_precision": "int8"}, "precision 'int8' is not known"),
    ],
)
def test_unusable_arguments(session: Path, arguments: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        VitaInference(session, **arguments)


def test_a_computer_without_a_gpu_says_so(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="device 'cuda:0' is not available on this computer; choose cpu"):
        VitaInference(session)


def test_the_package_loads_torch_when_it_is_needed() -> None:
    probe = "import sys, vita_train.policy.config as c; assert c.VitaConfig; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_the_door_has_these_names_and_no_others() -> None:
    assert all(getattr(package, name).__name__ == name for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'VitaInferense'"):
        _ = package.VitaInferense
