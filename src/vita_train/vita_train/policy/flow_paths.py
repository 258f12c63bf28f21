"""Paths that flow matching trains on: a point between two latents, and the velocity to learn there.

Latents and points are [B, Z], times [B] in [0, 1]: ``source`` at 0, ``target`` at 1.
"""

from __future__ import annotations

from torch import Tensor

TINY = 1e-8
"""Keeps the bridge's velocity finite where its noise vanishes: 0 times 1/0 at both ends becomes 0."""


def straight(source: Tensor, target: Tensor, t: Tensor, noise: Tensor | None, sigma: float) -> tuple[Tensor, Tensor]:
    """The straight line with noise of constant width (Lipman et al. 2023; Tong et al. 2024).

    Args:
        source: where it starts.
        target: where it ends.
        t: times.
        noise: standard normal [B, Z]; None where ``sigma`` is 0.
        sigma: standard deviation of the noise around the line.

    Returns:
        Point x_t = t target + (1 - t) source + sigma noise, and velocity target - source.
    """
    x_t = _between(source, target, t)
    return x_t if noise is None else x_t + sigma * noise, target - source


def from_noise(target: Tensor, t: Tensor, noise: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """The path from standard normal noise to a normal distribution around the target (Lipman et al. 2023, eq. 20-23).

    Args:
        target: where it ends.
        t: times.
        noise: standard normal [B, Z], where it starts.
        sigma: standard deviation around the target at its end.

    Returns:
        Point x_t = t target + (1 - (1 - sigma) t) noise, and velocity
        (target - (1 - sigma) x_t) / (1 - (1 - sigma) t), in the form target - (1 - sigma) noise, which is the same
        number and has no 0 / 0 at t = 1.
    """
    x_t = t[:, None] * target + (1 - (1 - sigma) * t)[:, None] * noise
    return x_t, target - (1 - sigma) * noise


def bridge(source: Tensor, target: Tensor, t: Tensor, noise: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """The Brownian bridge between two latents, as Schroedinger bridge matching follows it (Tong et al. 2024).

    Args:
        source: where it starts.
        target: where it ends.
        t: times.
        noise: standard normal [B, Z].
        sigma: width of the noise, which is sigma sqrt(t (1 - t)).

    Returns:
        Point x_t = mu_t + sigma sqrt(t (1 - t)) noise with mu_t = t target + (1 - t) source, and velocity
        (1 - 2t) / (2t (1 - t) + 1e-8) (x_t - mu_t) + target - source. Without the 1e-8 it has no value at 0 and 1.
    """
    spread = (t * (1 - t))[:, None]
    away = sigma * spread.sqrt() * noise
    velocity = (1 - 2 * t)[:, None] / (2 * spread + TINY) * away + target - source
    return _between(source, target, t) + away, velocity


def _between(source: Tensor, target: Tensor, t: Tensor) -> Tensor:
    return t[:, None] * target + (1 - t)[:, None] * source
