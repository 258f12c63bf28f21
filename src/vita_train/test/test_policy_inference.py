from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from policy_support import (
    CAMERAS,
    STATE,
    save_session,
    tiny_batch,
    tiny_observation,
    tiny_policy,
)

from vita_dataset.errors import DataError, UsageError
from vita_train.policy.inference import ServedPolicy, load_policy

SERVING_LIMIT = 5e-6
"""Serving may order its arithmetic otherwise than training."""

DEVICES = [("cpu", "fp32", 0.0)]
if torch.cuda.is_available():
    DEVICES += [("cuda", "fp32", 1e-2), ("cuda", "fp16", 5e-2), ("cuda", "bf16", 1e-1)]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_session(tmp_path_factory.mktemp("session"))


@pytest.fixture(scope="module")
def served(session: Path) -> ServedPolicy:
    return load_policy(session)


def test_a_chunk_and_what_it_says(served: ServedPolicy) -> None:
    chunk = served.predict_chunk(tiny_observation())
    assert chunk.actions.shape == (8, 2)
    assert chunk.actions.dtype == np.float32
    assert (chunk.stamp_ns, chunk.period_ns, chunk.names) == (1_000_000_007, 50_000_000, ("a", "b"))
    assert chunk.inference_ns > 0
    assert (served.step, served.checkpoint.name) == (7, "step_0000000007")


def test_it_is_the_trained_policy_with_a_central_crop(served: ServedPolicy) -> None:
    batch = tiny_batch(1)
    with torch.inference_mode():
        expected = tiny_policy().eval().predict(batch, batch[STATE])[0].numpy()
    served.warm_up()
    first, second = (served.predict_chunk(tiny_observation()).actions for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - expected).max() <= SERVING_LIMIT * np.abs(expected).max()


def test_a_policy_that_looks_back_wants_as_many_observations(served: ServedPolicy, tmp_path: Path) -> None:
    looks_back = load_policy(save_session(tmp_path, obs_horizon=2, observer="small"))
    looks_back.warm_up()
    first, second = tiny_observation(0, stamp_ns=10), tiny_observation(1, stamp_ns=20)
    trained = tiny_policy(obs_horizon=2, observer="small").eval()
    pair = [tiny_batch(1, seed) for seed in (0, 1)]
    batch = {key: torch.cat([each[key] for each in pair], dim=1) for key in (*CAMERAS, STATE)}
    with torch.inference_mode():
        expected = trained.predict(batch, batch[STATE])[0].numpy()
    chunk = looks_back.predict_chunk([first, second])
    assert np.abs(chunk.actions - expected).max() <= SERVING_LIMIT * np.abs(expected).max()
    assert chunk.stamp_ns == 20
    assert not np.array_equal(looks_back.predict_chunk([second, first]).actions, chunk.actions)
    for count, observed in ((1, first), (0, []), (3, [first, first, second])):
        with pytest.raises(DataError, match=rf"looks at 2 observations at once .*, but got {count}; give as many"):
            looks_back.predict_chunk(observed)
    with pytest.raises(DataError, match="looks at 1 observation"):
        served.predict_chunk([first, second])
    with pytest.raises(DataError, match="must be finite"):
        looks_back.predict_chunk([tiny_observation(0, state=np.full(3, np.nan, np.float32)), second])


def test_read_only_and_further_images_are_welcome(served: ServedPolicy) -> None:
    observation = tiny_observation()
    images = dict(observation.images) | {"depth": np.zeros((2, 2, 3), np.uint8)}
    for image in images.values():
        image.flags.writeable = False
    again = served.predict_chunk(tiny_observation(images=images)).actions
    np.testing.assert_array_equal(again, served.predict_chunk(observation).actions)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": {}}, [f"image '{CAMERAS[0]}' is missing", f"image '{CAMERAS[1]}' is missing"]),
        (
            {
                "images": {CAMERAS[0]: np.zeros((32, 40, 3), np.float32), CAMERAS[1]: np.zeros((40, 32, 3), np.uint8)},
                "state": np.zeros(4, np.float32),
            },
            ["uint8 [32, 40, 3], but is float32", "but is uint8 [40, 32, 3]", "float32 [3], but is float32 [4]"],
        ),
        ({"state": np.zeros(3)}, ["float32 [3], but is float64 [3]"]),
        ({"state": np.array([0, np.nan, 0], np.float32)}, ["must be finite"]),
    ],
)
def test_an_observation_that_does_not_fit(served: ServedPolicy, changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        served.predict_chunk(tiny_observation(**changes))
    assert all(word in str(caught.value) for word in words)


def test_half_precision_on_the_cpu_warns_once_and_computes_in_fp32(
    session: Path, served: ServedPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        half = load_policy(session, precision="bf16")
        actions = half.predict_chunk(tiny_observation()).actions
    assert half.precision == "fp32"
    assert [record.getMessage() for record in caplog.records] == [
        "precision bf16 is for a GPU; the CPU computes in fp32"
    ]
    np.testing.assert_array_equal(actions, served.predict_chunk(tiny_observation()).actions)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"precision": "int8"}, "precision 'int8' is not known"),
        ({"device": "gpu"}, "device 'gpu' is not known"),
        ({"device": "cuda:99"}, "device 'cuda:99' is not available"),
    ],
)
def test_unusable_arguments(session: Path, arguments: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_policy(session, **arguments)
    assert words in str(caught.value)


@pytest.mark.parametrize(("device", "precision", "limit"), DEVICES)
def test_every_device_at_hand_agrees(
    session: Path, served: ServedPolicy, device: str, precision: str, limit: float
) -> None:
    expected = served.predict_chunk(tiny_observation()).actions
    actual = load_policy(session, device, precision).predict_chunk(tiny_observation()).actions
    assert actual.dtype == np.float32
    assert np.abs(actual - expected).max() <= limit * np.abs(expected).max()
