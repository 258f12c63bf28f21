"""What only the stand-in promises: clear refusals."""

from __future__ import annotations

import message_filters
import pytest


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    with pytest.raises(ImportError, match=r"message_filters.InputAligner .* ros-kilted-message-filters"):
        from message_filters import InputAligner  # noqa: F401
    with pytest.raises(AttributeError, match=r"message_filters.nothing .* ros-kilted-message-filters"):
        _ = message_filters.nothing
