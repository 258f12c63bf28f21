from __future__ import annotations

import pytest

from vita_policy_node.age_ladder import AgeLadder, AgeVerdict
from vita_policy_node.streams import StreamLimit

MS = 1_000_000
LIMITS = (StreamLimit("camera 'front'", 200 * MS), StreamLimit("joint state '/arm'", 100 * MS))
LADDER = AgeLadder(LIMITS, warn=0.5, skip=0.8, stop=10.0)


def ages(front_ms: int, arm_ms: int) -> tuple[int, int]:
    return front_ms * MS, arm_ms * MS


def test_the_rungs_come_one_after_the_other_for_each_stream():
    assert LADDER.judge(ages(100, 50)) == AgeVerdict()
    assert LADDER.judge(ages(101, 50)) == AgeVerdict(("age: camera 'front' older than 0.1 s",))
    assert LADDER.judge(ages(0, 81)) == AgeVerdict(("age: joint state '/arm' older than 0.05 s",), skip=True)
    verdict = LADDER.judge(ages(2001, 1000))
    assert verdict.skip
    assert len(verdict.warnings) == 2
    assert verdict.stop == "camera 'front' has been silent for 2 s"


def test_a_stamp_ahead_of_the_clock_is_as_far_off_as_one_behind():
    assert LADDER.judge(ages(-161, 0)).skip


def test_a_stream_that_has_sent_nothing_is_left_to_the_hold():
    assert LADDER.judge((None, None)) == AgeVerdict()


@pytest.mark.parametrize("age_ms", [0, 100, 10**9])
def test_a_rung_of_0_is_left_out(age_ms):
    assert AgeLadder(LIMITS, 0.0, 0.0, 0.0).judge(ages(age_ms, age_ms)) == AgeVerdict()
