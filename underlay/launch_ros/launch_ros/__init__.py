"""A stand-in for ROS 2's launch_ros, for machines whose package registries do not carry it."""

from launch._coverage import refuse_attributes

from . import actions, descriptions, event_handlers, events, parameter_descriptions, substitutions

__all__ = ["actions", "descriptions", "event_handlers", "events", "parameter_descriptions", "substitutions"]

# Last, so that Python's own search for the modules above does not meet it.
__getattr__ = refuse_attributes(__name__)
