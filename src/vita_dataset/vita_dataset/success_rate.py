"""How sure a success rate is that was measured in a few episodes."""

from __future__ import annotations

import math
from statistics import NormalDist

CONFIDENCE = 0.95


def wilson_interval(successes: int, episodes: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Between which success rates the true one lies.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference". Unlike the rate plus or minus
    its standard error it stays within 0 and 1 and does not vanish when all or no episodes succeed.

    Args:
        successes: 0 to ``episodes``.
        episodes: 1 or more.
        confidence: share of evaluations whose interval holds the true rate, 0 to 1 exclusive.

    Returns:
        The lowest and the highest rate, 0 <= low <= rate <= high <= 1.
    """
    if not 0 <= successes <= episodes or episodes < 1:
        raise ValueError(f"{successes} successes in {episodes} episodes make no rate")
    rate = successes / episodes
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    weight = 1 + z**2 / episodes
    middle = (rate + z**2 / (2 * episodes)) / weight
    half = z / weight * math.sqrt(rate * (1 - rate) / episodes + z**2 / (4 * episodes**2))
    # At 0 and at 1 the bound equals the rate; rounding must not put it on the wrong side.
    return max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))
