"""Quality of service between rclpy and the profiles stored in a bag."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime

NS_PER_S = 1_000_000_000
# A recorder cannot see the depth of another process's publisher and stores 0, so play has to choose. Reliable
# messages wait in the publisher's history to be acknowledged: of 500 Hz joints beside three cameras, 10 lost 4 %.
DEPTH = 100
# What a late subscriber gets of a transient-local topic.
LATCHED_DEPTH = 10


def to_bag(profile: QoSProfile) -> Qos:
    """Return the profile that a publisher offers as a bag stores it."""
    return Qos(
        history=QosHistory[HistoryPolicy(profile.history).name],
        depth=profile.depth,
        reliability=QosReliability[ReliabilityPolicy(profile.reliability).name],
        durability=QosDurability[DurabilityPolicy(profile.durability).name],
        deadline=_to_time(profile.deadline),
        lifespan=_to_time(profile.lifespan),
        liveliness=QosLiveliness[LivelinessPolicy(profile.liveliness).name],
        liveliness_lease_duration=_to_time(profile.liveliness_lease_duration),
        avoid_ros_namespace_conventions=profile.avoid_ros_namespace_conventions,
    )


def offer_like(recorded: Sequence[Qos]) -> QoSProfile:
    """Return an offer that suits every subscriber that any of the recorded publishers suited.

    Reliable unless all were best effort, transient local if one was; a bag without profiles gives the default.
    """
    best_effort = bool(recorded) and all(qos.reliability == QosReliability.BEST_EFFORT for qos in recorded)
    latched = any(qos.durability == QosDurability.TRANSIENT_LOCAL for qos in recorded)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=max((qos.depth for qos in recorded), default=0) or (LATCHED_DEPTH if latched else DEPTH),
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def _to_time(duration: Duration) -> QosTime:
    return QosTime(*divmod(duration.nanoseconds, NS_PER_S))
