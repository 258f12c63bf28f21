from __future__ import annotations

import numpy as np
import pytest

from vita_policy_node.run_statistics import RunStatistics
from vita_train.policy.observation import ActionChunk

PERIOD_NS = 33_333_333


@pytest.mark.parametrize(("periods", "missed"), [(0.1, 0), (1.0, 0), (1.49, 0), (1.51, 1), (2.4, 1), (10.0, 9)])
def test_a_gap_tells_how_many_ticks_were_missed(periods, missed):
    statistics = RunStatistics(PERIOD_NS)
    statistics.tick(0)
    statistics.tick(round(periods * PERIOD_NS))
    assert (statistics.missed_ticks, statistics.ticks.count) == (missed, 1)


def test_values_and_words():
    statistics = RunStatistics(PERIOD_NS)
    for tick in range(11):
        statistics.tick(tick * PERIOD_NS)
    statistics.chunk(ActionChunk(0, PERIOD_NS, np.zeros((1, 1), np.float32), ("j",), 5_000_000), 40_000_000)
    values = statistics.values()
    assert values["tick period"] == "p50 33.3, p95 33.3, p99 33.3, max 33.3 ms"
    assert values["ticks missed"] == 0
    assert values["inference"] == "p50 5.0, p95 5.0, max 5.0 ms"
    assert values["observation to chunk"] == "p50 40.0, p95 40.0, max 40.0 ms"
    assert "0 missed of 10" in statistics.words()
