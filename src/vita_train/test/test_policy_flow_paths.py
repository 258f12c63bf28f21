from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from vita_train.policy.flow_paths import bridge, from_noise, straight

RNG = np.random.default_rng(0)
SOURCE, TARGET, NOISE = RNG.normal(size=(3, 5, 4))
TIMES = np.array([0.1, 0.25, 0.5, 0.7, 0.95])
T = TIMES[:, None]


def tensors(*arrays: NDArray[np.float64]) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def check(path: tuple[torch.Tensor, torch.Tensor], point: NDArray[np.float64], velocity: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(path[0].numpy(), point, rtol=1e-6)
    np.testing.assert_allclose(path[1].numpy(), velocity, rtol=1e-6)


def test_straight() -> None:
    source, target, times, noise = tensors(SOURCE, TARGET, TIMES, NOISE)
    line = T * TARGET + (1 - T) * SOURCE
    check(straight(source, target, times, None, 0.0), line, TARGET - SOURCE)
    check(straight(source, target, times, noise, 0.3), line + 0.3 * NOISE, TARGET - SOURCE)


@pytest.mark.parametrize("sigma", [0.0, 0.3])
def test_from_noise(sigma: float) -> None:
    target, times, noise = tensors(TARGET, TIMES, NOISE)
    x_t = T * TARGET + (1 - (1 - sigma) * T) * NOISE
    velocity = (TARGET - (1 - sigma) * x_t) / (1 - (1 - sigma) * T)
    check(from_noise(target, times, noise, sigma), x_t, velocity)


def test_bridge() -> None:
    source, target, times, noise = tensors(SOURCE, TARGET, TIMES, NOISE)
    middle = T * TARGET + (1 - T) * SOURCE
    x_t = middle + 0.2 * np.sqrt(T * (1 - T)) * NOISE
    velocity = (1 - 2 * T) / (2 * T * (1 - T)) * (x_t - middle) + TARGET - SOURCE
    check(bridge(source, target, times, noise, 0.2), x_t, velocity)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_ends_are_finite_and_where_they_should_be(end: float) -> None:
    source, target, noise = (each.float() for each in tensors(SOURCE, TARGET, NOISE))
    times = torch.full((5,), end)
    here = target if end else source
    paths = {
        "straight": straight(source, target, times, None, 0.0),
        "bridge": bridge(source, target, times, noise, 0.5),
        "from_noise": from_noise(target, times, noise, 0.0),
    }
    for name, (x_t, velocity) in paths.items():
        torch.testing.assert_close(x_t, noise if name == "from_noise" and not end else here)
        assert torch.isfinite(velocity).all()
    torch.testing.assert_close(paths["bridge"][1], target - source)


def test_a_line_and_its_velocity_agree() -> None:
    source, target, noise = tensors(SOURCE, TARGET, NOISE)
    step = 1e-6
    paths: list[Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]] = [
        lambda t: straight(source, target, t, noise, 0.1),
        lambda t: from_noise(target, t, noise, 0.1),
        lambda t: bridge(source, target, t, noise, 0.1),
    ]
    for path in paths:
        t = torch.full((5,), 0.3, dtype=torch.float64)
        slope = (path(t + step)[0] - path(t - step)[0]) / (2 * step)
        torch.testing.assert_close(slope, path(t)[1], rtol=1e-5, atol=1e-6)
