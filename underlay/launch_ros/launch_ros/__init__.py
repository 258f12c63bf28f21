"""A stand-in for ROS 2's launch_ros, for machines whose package registries do not carry it."""

from launch._coverage import refuse_the_rest

from . import descriptions as descriptions
from . import event_handlers as event_handlers
from . import substitutions as substitutions

refuse_the_rest(__name__)  # last: it refuses modules that are not imported by now
