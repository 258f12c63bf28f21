from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from vita_policy_node.control_timer import STANDSTILL_NS, ControlTimer


class Clocked:
    """A node whose timers are called by hand, and a steady clock."""

    def __init__(self) -> None:
        self.now_ns, self.ticks, self.timers = 10**12, 0, list[Any]()
        self.timer = ControlTimer(self, self.tick, lambda: self.now_ns)

    def tick(self) -> None:
        self.ticks += 1

    def create_timer(self, period_s: float, callback: Any) -> Any:
        self.timers.append(SimpleNamespace(period_s=period_s, call=callback))
        return self.timers[-1]

    def destroy_timer(self, timer: Any) -> None:
        self.timers.remove(timer)


def test_one_timer_at_a_time_and_none_after_the_end():
    node = Clocked()
    node.timer.begin(20_000_000)
    node.timer.begin(50_000_000)
    assert [timer.period_s for timer in node.timers] == [0.05]
    node.timers[0].call()
    assert (node.ticks, node.timer.ticked_ns) == (1, node.now_ns)
    node.timer.end()
    node.timer.end()
    assert not node.timers


def test_it_stands_still_after_half_a_second_or_two_of_its_periods():
    node = Clocked()
    node.timer.begin(20_000_000)
    node.timer.touch()
    node.now_ns += STANDSTILL_NS
    assert not node.timer.stands_still
    node.now_ns += 1
    assert node.timer.stands_still
    node.timer.begin(1_000_000_000)
    assert not node.timer.stands_still
