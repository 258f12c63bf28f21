"""What only the stand-in promises: clear refusals, and a lock that survives a raising callback."""

from __future__ import annotations

import message_filters
import pytest
from message_filters import SimpleFilter, TimeSynchronizer
from std_msgs.msg import Header


class Stamped:
    def __init__(self, sec: int) -> None:
        self.header = Header()
        self.header.stamp.sec = sec


def test_a_missing_class_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    with pytest.raises(ImportError, match=r"message_filters.InputAligner .* ros-kilted-message-filters"):
        from message_filters import InputAligner  # noqa: F401
    with pytest.raises(AttributeError, match=r"message_filters.nothing .* ros-kilted-message-filters"):
        _ = message_filters.nothing


def test_a_raising_callback_does_not_block_the_next_set() -> None:
    source = SimpleFilter()
    sync = TimeSynchronizer([source], 5)
    seen: list[int] = []

    def callback(msg: Stamped) -> None:
        seen.append(msg.header.stamp.sec)
        raise ValueError("on purpose")

    sync.registerCallback(callback)
    for sec in (1, 2):
        with pytest.raises(ValueError, match="on purpose"):
            source.signalMessage(Stamped(sec))
    assert seen == [1, 2]
