from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from vita_train.schedule import ema_decay, lr_multiplier


@settings(deadline=None)
@given(st.integers(0, 2000), st.integers(0, 500), st.integers(1, 1500))
def test_learning_rate_stays_in_range_and_has_one_peak(step: int, warmup: int, total: int) -> None:
    factor = lr_multiplier(step, warmup, total)
    after = lr_multiplier(step + 1, warmup, total)
    assert 0.0 <= factor <= 1.0
    assert after >= factor if step < warmup else after <= factor


def test_learning_rate_corners() -> None:
    assert lr_multiplier(0, 0, 10) == 1.0
    assert lr_multiplier(5, 5, 10) == 1.0
    assert lr_multiplier(10, 5, 10) < 1e-12
    assert lr_multiplier(99, 5, 10) < 1e-12


@settings(deadline=None)
@given(st.integers(1, 10**8))
def test_decay_grows_to_its_limit(update: int) -> None:
    assert 0.0 <= ema_decay(update) <= ema_decay(update + 1) <= 0.9999
