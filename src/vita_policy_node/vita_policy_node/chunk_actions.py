"""What chunks say for a time: one alone, or several together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vita_train.policy.observation import ActionChunk

Action = NDArray[np.float32]
Mask = NDArray[np.bool_]


def step_at(chunk: ActionChunk, now_ns: int) -> int:
    """The index of the action whose time is nearest to now; negative before the chunk begins, large after its end."""
    return (now_ns - chunk.stamp_ns + chunk.period_ns // 2) // chunk.period_ns


def last_action_ns(chunk: ActionChunk) -> int:
    """The time of a chunk's last action: it predicts nothing for later."""
    return chunk.stamp_ns + (len(chunk.actions) - 1) * chunk.period_ns


def action_at(chunk: ActionChunk, now_ns: int) -> Action:
    """The prediction for a time, float32 [A]: linear between its actions, the first before them and the last after."""
    last = len(chunk.actions) - 1
    place = min(max(0.0, (now_ns - chunk.stamp_ns) / chunk.period_ns), float(last))
    before = min(int(place), max(0, last - 1))
    share = np.float32(place - before)
    after = chunk.actions[min(before + 1, last)]
    with np.errstate(invalid="ignore"):  # what is not finite is the safety gate's business, also beside a share of 0
        return np.asarray((1 - share) * chunk.actions[before] + share * after, dtype=np.float32)


def mix(chunks: Sequence[ActionChunk], weights: NDArray[np.float64], mixes: Mask, now_ns: int) -> Action:
    """The weighted mean of what chunks predict for one time.

    Half of "open" and "closed" is neither: an element that does not mix takes the newest chunk's value.

    Args:
        chunks: at least one, the newest last, all of the same width.
        weights: float64 [n], their sum is 1.
        mixes: bool [A], which elements to mix.
        now_ns: the time.

    Returns:
        float32 [A]. An element is not finite as soon as it is not finite in one of the chunks, whatever that one's
        weight and whether the element mixes: the safety gate then sends nothing.
    """
    actions = np.array([action_at(chunk, now_ns) for chunk in chunks], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        mean = weights @ actions
    return np.where(mixes | ~np.isfinite(mean), mean, actions[-1]).astype(np.float32)
