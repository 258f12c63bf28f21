"""The time that a filter files a message under."""

from __future__ import annotations

from typing import Any

from rclpy.clock import ROSClock
from rclpy.logging import get_logger
from rclpy.time import Time


def stamp_of(msg: Any, allow_headerless: bool, owner: str) -> Time | None:
    """Return the header's stamp, or the arrival time of a message that has none.

    Args:
        msg: any ROS message.
        allow_headerless: whether a message without a header may be filed under its arrival time [ROS clock].
        owner: name of the filter, for the warning.

    Returns:
        The time, or None, after a warning, when the message has no header and needs one.
    """
    header = getattr(msg, "header", None)
    if header is not None and hasattr(header, "stamp"):
        return Time.from_msg(header.stamp)
    if allow_headerless:
        return ROSClock().now()
    get_logger("message_filters").warning(
        f"{owner} drops a {type(msg).__name__}: it has no header; allow_headerless=True would take its arrival time",
        throttle_duration_sec=5.0,
    )
    return None
