from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_support import ACTION, CAMERAS, STATE, feature_stats, tiny_config, tiny_stats

from vita_dataset.errors import UsageError
from vita_train.policy.normalizer import FeatureScale, FeatureScales, override_stats
from vita_train.policy.vita import VitaPolicy

NUMBERS = st.floats(-100, 100, width=32)


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=2, max_size=2), st.floats(1e-3, 50))
def test_inverse(values: list[float], std: float) -> None:
    scale = FeatureScale((2,), feature_stats([1.0, -2.0], [std, std]), 1.0)
    x = torch.tensor(values)
    torch.testing.assert_close(scale.unnormalize(scale.normalize(x)), x, rtol=1e-4, atol=1e-3)


def test_arithmetic_is_the_published_one() -> None:
    scale = FeatureScale((1,), feature_stats([0.5], [0.25]), 1.0)
    assert scale.normalize(torch.tensor([1.0])).item() == pytest.approx(0.5 / (0.25 + 1e-8))
    assert scale.unnormalize(torch.tensor([2.0])).item() == 1.0


def test_a_joint_that_never_moved_stays_finite_and_is_commanded_where_it_was() -> None:
    stats = tiny_stats() | {
        STATE: feature_stats([0.1, -1.0, 2.0], [0.5, 0.0, 1.5]),
        ACTION: feature_stats([0.3, -0.4], [0.7, 1e-9]),
    }
    policy = VitaPolicy(tiny_config(), stats).eval()
    state = policy.normalize_inputs[STATE].normalize(torch.tensor([0.1, -0.9, 2.0]))
    assert state[1].item() == pytest.approx(0.1, rel=1e-5)
    images = {key: torch.zeros(1, 1, 32, 40, 3, dtype=torch.uint8) for key in CAMERAS}
    chunk = policy.predict(images, torch.zeros(1, 1, 3))
    assert (chunk[..., 1] == torch.tensor(-0.4)).all()
    assert chunk[0, 0, 0] != chunk[0, 1, 0]


def test_missing_or_misfit_statistics() -> None:
    with pytest.raises(UsageError, match="'action' has no statistics"):
        VitaPolicy(tiny_config(), {key: value for key, value in tiny_stats().items() if key != ACTION})
    with pytest.raises(UsageError, match=r"needs statistics of 3 elements, but they have 2"):
        FeatureScales({STATE: (3,)}, {STATE: feature_stats([0, 0], [1, 1])})


def test_override_replaces_mean_and_std_only() -> None:
    nested = {"mean": [[[0.485]], [[0.456]], [[0.406]]], "std": [0.229, 0.224, 0.225]}
    stats = override_stats(tiny_stats(), {CAMERAS[0]: nested})
    assert stats[CAMERAS[0]].mean.shape == stats[CAMERAS[0]].std.shape == (3, 1, 1)
    assert stats[CAMERAS[0]].mean[1, 0, 0] == 0.456
    assert stats[CAMERAS[0]].count == 100
    known = {CAMERAS[0]: replace(tiny_stats()[CAMERAS[0]], q01=np.zeros((3, 1, 1)), q99=np.ones((3, 1, 1)))}
    assert override_stats(known, {CAMERAS[0]: nested})[CAMERAS[0]].q99 is known[CAMERAS[0]].q99
    np.testing.assert_array_equal(stats[STATE].mean, tiny_stats()[STATE].mean)
    assert override_stats(tiny_stats(), None).keys() == tiny_stats().keys()


@pytest.mark.parametrize(
    ("key", "entry", "words"),
    [
        ("front", {"mean": [0, 0, 0], "std": [1, 1, 1]}, "override_stats names 'front'"),
        (CAMERAS[0], {"mean": [0, 0, 0]}, "std must hold 3 numbers"),
        (CAMERAS[0], {"mean": [0, 0], "std": [1, 1, 1]}, "mean must hold 3 numbers"),
        (CAMERAS[0], {"mean": [0, 0, "x"], "std": [1, 1, 1]}, "mean must hold 3 numbers"),
        (CAMERAS[0], {"mean": [0, 0, 0], "std": [1, 1, -1]}, "not negative"),
    ],
)
def test_bad_overrides(key: str, entry: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        override_stats(tiny_stats(), {key: entry})
    assert words in str(caught.value)
