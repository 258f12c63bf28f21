from __future__ import annotations

import numpy as np
from policy_node_fakes import NAMES, PERIOD_NS, START_NS, joint_state

from vita_dataset.errors import DataError
from vita_policy_node.chunk_scheduler import ChunkScheduler
from vita_policy_node.chunk_supply import ChunkSupply
from vita_policy_node.control_tick import LoopCounts
from vita_policy_node.observation_sync import MatchedSet, ObservationSync
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_policy_node.streams import StreamLimit
from vita_train.policy.observation import ActionChunk


class Supply:
    """A supply over one stream, with its clock."""

    def __init__(self, latency_periods: float = 1.0, fails: bool = False) -> None:
        self.asked: list[int] = []
        self.fails = fails
        self.counts, self.scheduler = LoopCounts(), ChunkScheduler(4)
        self.sync = ObservationSync((StreamLimit("joint state", 10 * PERIOD_NS),), 0.01, 10)
        worker = SimulatedWorker(self.predict, round(latency_periods * PERIOD_NS))
        self.supply = ChunkSupply(worker, self.scheduler, self.sync, 3 * PERIOD_NS, 5 * PERIOD_NS)

    def predict(self, matched: MatchedSet) -> ActionChunk:
        self.asked.append((matched.stamp_ns - START_NS) // PERIOD_NS)
        if self.fails:
            raise DataError("the picture is torn")
        return ActionChunk(matched.stamp_ns, PERIOD_NS, np.zeros((8, 3), np.float32), NAMES)

    def tick(self, step: int, message: bool = True, skip: bool = False) -> ActionChunk | None:
        now_ns = START_NS + step * PERIOD_NS
        if message:
            self.sync.add(0, joint_state(now_ns), now_ns)
        return self.supply.advance(now_ns, step * PERIOD_NS, self.counts, skip)

    def why(self) -> str:
        return self.supply.why_nothing_is_due(self.counts)


def test_one_prediction_at_a_time_and_the_next_before_the_chunk_ends():
    supply = Supply()
    chunks = [supply.tick(step) is not None for step in range(10)]
    assert chunks == [False, True, False, False, False, True, False, False, False, True]
    assert supply.asked == [0, 4, 8]
    assert supply.counts.chunks == 3


def test_it_says_why_nothing_is_due():
    supply = Supply()
    supply.tick(0, message=False)
    assert "no set of messages matches" in supply.why()
    supply.tick(1)
    assert supply.why() == "waiting for the first chunk"
    supply.tick(2)
    assert supply.why() == "starved: the next chunk is late"


def test_a_failed_prediction_is_named_and_the_next_one_may_do():
    supply = Supply(fails=True)
    supply.tick(0)
    assert supply.tick(1) is None
    assert supply.why() == "the picture is torn"
    supply.fails = False
    supply.tick(2)
    assert supply.tick(3) is not None
    assert supply.why() == "starved: the next chunk is late"


def test_nothing_is_predicted_from_an_old_set_or_where_it_must_not():
    supply = Supply()
    supply.sync.add(0, joint_state(START_NS), START_NS)
    supply.tick(4, message=False)
    supply.tick(5, skip=True)
    assert supply.asked == []
    supply.tick(6)
    assert supply.asked == [6]


def test_what_was_discarded_never_comes_and_is_asked_for_anew():
    supply = Supply(latency_periods=2.0)
    supply.tick(0)
    supply.supply.discard()
    assert [supply.tick(step) is not None for step in range(1, 4)] == [False, False, True]
    assert supply.asked == [0, 1]


def test_a_prediction_that_never_comes_is_a_hang_until_it_is_discarded():
    supply = Supply(latency_periods=1e6)
    supply.tick(0)
    assert supply.supply.hang(5 * PERIOD_NS) == ""
    assert "may hang" in supply.supply.hang(6 * PERIOD_NS)
    supply.supply.discard()
    assert supply.supply.hang(6 * PERIOD_NS) == ""
