"""Events of ROS nodes."""

from launch._coverage import refuse_attributes

from . import lifecycle

__all__ = ["lifecycle"]

__getattr__ = refuse_attributes(__name__)
