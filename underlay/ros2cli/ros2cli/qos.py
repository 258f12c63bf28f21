"""Quality of service that matches whatever the publishers of a topic offer."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def request_matching(offers: Iterable[QoSProfile], depth: int = 10) -> QoSProfile:
    """Return the strictest request that all offers satisfy; reliable and volatile when there are none.

    Args:
        offers: what each publisher of the topic offers.
        depth: messages to keep until they are taken.
    """
    offered = list(offers)
    reliable = all(offer.reliability == ReliabilityPolicy.RELIABLE for offer in offered)
    latched = bool(offered) and all(offer.durability == DurabilityPolicy.TRANSIENT_LOCAL for offer in offered)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
