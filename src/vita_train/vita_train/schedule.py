"""How the learning rate and the decay of the averaged weights follow the step number."""

from __future__ import annotations

import math

MAX_EMA_DECAY = 0.9999


def lr_multiplier(step: int, warmup_steps: int, total_steps: int) -> float:
    """Factor on the base learning rate: linear warm-up from 0, then half a cosine down to 0.

    Args:
        step: optimizer steps already done, from 0.
        warmup_steps: length of the warm-up.
        total_steps: length of the whole training; the factor stays 0 beyond it.

    Returns:
        A factor in [0, 1].
    """
    if step < warmup_steps:
        return step / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))


def ema_decay(update_number: int) -> float:
    """Decay of the exponential moving average: ``average = decay * average + (1 - decay) * value``.

    The decay grows with the number of updates, so that early averages do not remember the random start.

    Args:
        update_number: 1 for the first update, which copies the value (decay 0).

    Returns:
        A decay in [0, 0.9999].
    """
    if update_number <= 1:
        return 0.0
    return min(update_number / (9.0 + update_number), MAX_EMA_DECAY)
