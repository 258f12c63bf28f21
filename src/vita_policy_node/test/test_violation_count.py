from __future__ import annotations

import pytest

from vita_policy_node.violation_count import ViolationCount

HIT, NONE = ("step: a",), ()


def test_so_many_in_a_row_are_too_many():
    count = ViolationCount(3)
    assert [bool(count.add(hits)) for hits in (HIT, HIT, NONE, HIT, HIT)] == [False] * 5
    assert "3 actions in a row hit a limit, the last one step: a" in count.add(HIT)


def test_a_start_begins_anew():
    count = ViolationCount(2)
    count.add(HIT)
    count.start()
    assert count.add(HIT) == ""
    assert count.add(HIT)


@pytest.mark.parametrize("ticks", [1, 1000])
def test_none_is_ever_too_many_when_it_is_off(ticks):
    count = ViolationCount(0)
    assert not any(count.add(HIT) for _ in range(ticks))
