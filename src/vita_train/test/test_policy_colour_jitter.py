from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_support import CAMERAS, STATE, tiny_batch, tiny_policy

from vita_train.policy.augmentation import Augmentation
from vita_train.policy.colour_jitter import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
    jitter_colours,
)
from vita_train.policy.draws import Draws

ALL = Augmentation(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)
LEVEL = st.integers(0, 255).map(lambda level: level / 255)


def draws(seed: int = 0) -> Draws:
    return Draws(torch.Generator().manual_seed(seed), torch.device("cpu"))


def pictures(count: int = 4, horizon: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(256, (count, horizon, 3, 6, 7), generator=generator) / 255


@settings(max_examples=100, deadline=None)
@given(st.tuples(LEVEL, LEVEL, LEVEL), st.floats(-0.5, 0.5))
def test_hue_is_turned_as_the_definition_of_hsv_says(colour: tuple[float, float, float], turn: float) -> None:
    hue, saturation, value = colorsys.rgb_to_hsv(*colour)
    expected = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
    ours = adjust_hue(torch.tensor(colour).view(3, 1, 1), torch.tensor(turn)).flatten()
    np.testing.assert_allclose(ours.numpy(), expected, atol=2e-5)


def test_brightness_contrast_and_saturation_by_hand() -> None:
    image = torch.tensor([[[0.2, 0.6]], [[0.4, 0.6]], [[0.8, 0.0]]])
    factor = torch.tensor(1.5)
    np.testing.assert_allclose(adjust_brightness(image, factor).flatten(), [0.3, 0.9, 0.6, 0.9, 1.0, 0.0], atol=1e-6)
    greys = np.array([0.2989 * 0.2 + 0.587 * 0.4 + 0.114 * 0.8, (0.2989 + 0.587) * 0.6])
    values = image.squeeze(1).numpy()
    expected = (greys.mean() + 1.5 * (values - greys.mean())).clip(0, 1)
    np.testing.assert_allclose(adjust_contrast(image, factor).squeeze(1), expected, atol=1e-6)
    expected = (greys + 1.5 * (values - greys)).clip(0, 1)
    np.testing.assert_allclose(adjust_saturation(image, factor).squeeze(1), expected, atol=1e-6)


@pytest.mark.parametrize("adjust", [adjust_brightness, adjust_contrast, adjust_saturation])
def test_a_factor_of_one_and_a_turn_of_nothing_change_nothing(adjust) -> None:
    torch.testing.assert_close(adjust(pictures(), torch.ones(())), pictures(), atol=1e-6, rtol=0)
    torch.testing.assert_close(adjust_hue(pictures(), torch.zeros(())), pictures(), atol=1e-6, rtol=0)


def test_a_grey_has_no_hue_to_turn() -> None:
    greys = torch.linspace(0, 1, 5).expand(3, 1, 5)
    assert torch.equal(adjust_hue(greys, torch.tensor(0.3)), greys)


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
def test_factors_differ_by_sample_not_by_observation_and_stay_in_their_range(name: str) -> None:
    images = pictures(1, 1).expand(200, 2, 3, 6, 7)
    out = jitter_colours(images, Augmentation(**{name: 0.3}), draws())
    assert torch.equal(out[:, 0], out[:, 1])
    assert len(out[:, 0].flatten(1).unique(dim=0)) == 200
    assert out.min() >= 0
    assert out.max() <= 1
    if name == "brightness":
        dim = images[:, 0] * 1.3 < 1
        factors = (out[:, 0] / images[:, 0])[dim & (images[:, 0] > 0)]
        assert 0.7 - 1e-5 <= factors.min() < 0.75
        assert 1.25 < factors.max() <= 1.3 + 1e-5


def test_the_generator_decides() -> None:
    first, second, other = (jitter_colours(pictures(), ALL, draws(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def latents(augmentation: Augmentation, seed: int = 0, training: bool = True) -> torch.Tensor:
    policy = tiny_policy(observer="small").train(training)
    policy.observer.augmentation = augmentation
    batch = tiny_batch()
    with torch.no_grad():
        return policy.encode_observation(batch, batch[STATE], torch.Generator().manual_seed(seed))


def test_it_is_for_training_alone() -> None:
    assert not torch.equal(latents(ALL), latents(Augmentation()))
    assert torch.equal(latents(ALL), latents(ALL))
    assert torch.equal(latents(ALL, training=False), latents(Augmentation(), training=False))


def test_without_the_random_crop_training_sees_what_serving_sees() -> None:
    still = Augmentation(random_crop=False)
    assert torch.equal(latents(still), latents(Augmentation(), training=False))
    assert not torch.equal(latents(Augmentation()), latents(still))


def test_each_camera_has_factors_of_its_own() -> None:
    policy = tiny_policy(observer="small").train()
    policy.observer.augmentation = Augmentation(random_crop=False, brightness=0.5)
    images, generator = tiny_batch()[CAMERAS[0]], torch.Generator().manual_seed(0)
    scale = policy.normalize_inputs[CAMERAS[0]]
    first, second = (policy.observer.prepare(images, scale, generator) for _ in CAMERAS)
    assert not torch.equal(first, second)
