"""The quality of service of the node's topics."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# Best effort is compatible with every publisher. Images are large and only the newest count; joint states are fast.
CAMERA_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
STATE_QOS = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
INPUT_QOS = {"raw": CAMERA_QOS, "compressed": CAMERA_QOS, "joint_state": STATE_QOS}
NEWEST_QOS = QoSProfile(depth=1)
# Best effort: an old word that is sent again would count as a new one.
DEAD_MAN_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
STATUS_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
