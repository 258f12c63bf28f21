from __future__ import annotations

import pytest

from vita_policy_node.dead_man import DeadMan

MS = 1_000_000


def test_motion_is_allowed_only_while_somebody_says_so():
    switch = DeadMan("/enable", 500 * MS)
    assert switch.reason(0) == "the dead-man switch on '/enable' has sent nothing"
    switch.hear(True, 1000 * MS)
    assert switch.reason(1000 * MS) == switch.reason(1500 * MS) == ""
    assert "silent for 0.5 s" in switch.reason(1501 * MS)
    switch.hear(False, 1600 * MS)
    assert "is released" in switch.reason(1600 * MS)


def test_it_is_not_latched():
    switch = DeadMan("/enable", 500 * MS)
    switch.hear(True, 0)
    assert switch.reason(5000 * MS)
    switch.hear(True, 5000 * MS)
    assert switch.reason(5100 * MS) == ""


@pytest.mark.parametrize("now_ms", [-1, -10_000])
def test_a_word_from_the_future_does_not_count(now_ms):
    switch = DeadMan("/enable", 500 * MS)
    switch.hear(True, 0)
    assert switch.reason(now_ms * MS)
