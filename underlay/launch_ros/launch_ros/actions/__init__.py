"""What a launch description can do with ROS nodes."""

from launch._coverage import refuse_attributes

from .lifecycle_node import LifecycleNode
from .node import Node
from .scoped import PushRosNamespace, SetParameter, SetRemap

PushROSNamespace = PushRosNamespace

__all__ = ["LifecycleNode", "Node", "PushROSNamespace", "PushRosNamespace", "SetParameter", "SetRemap"]

__getattr__ = refuse_attributes(__name__)
