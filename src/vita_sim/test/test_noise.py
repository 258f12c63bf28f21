from __future__ import annotations

import numpy as np
import pytest

from vita_sim.noise import ExecutionNoise


def draw(scale: list[float], memory: float, seed: int = 0, steps: int = 20_000) -> np.ndarray:
    noise = ExecutionNoise(np.array(scale), memory, np.random.default_rng(seed))
    return np.array([noise.step() for _ in range(steps)])


def test_the_same_seed_gives_the_same_noise_and_another_does_not():
    np.testing.assert_array_equal(draw([1.0], 0.9, steps=50), draw([1.0], 0.9, steps=50))
    assert not np.array_equal(draw([1.0], 0.9, steps=50), draw([1.0], 0.9, seed=1, steps=50))


def test_an_element_without_scale_is_undisturbed():
    assert not draw([0.0, 1.0], 0.9, steps=100)[:, 0].any()


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_size_and_memory_are_as_asked_for(memory):
    values = draw([0.003, 0.5], memory)
    np.testing.assert_allclose(values.std(axis=0), [0.003, 0.5], rtol=0.1)
    for element in range(2):
        assert np.corrcoef(values[:-1, element], values[1:, element])[0, 1] == pytest.approx(memory, abs=0.05)
    assert abs(np.corrcoef(values.T)[0, 1]) < 0.1, "elements wander on their own"


def test_noise_does_not_have_to_warm_up():
    first = [ExecutionNoise(np.ones(1), 0.99, np.random.default_rng(seed)).step()[0] for seed in range(500)]
    assert np.std(first) == pytest.approx(1.0, rel=0.15)
