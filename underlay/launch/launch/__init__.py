"""A stand-in for ROS 2's launch, for machines whose package registries do not carry it.

Python launch files that use what it covers run unchanged under the genuine package; anything else raises an
error that names it.
"""

from . import (
    actions,
    conditions,
    event_handlers,
    events,
    launch_description_sources,
    logging,
    some_substitutions_type,
    substitutions,
    utilities,
)
from ._coverage import refuse_attributes
from .action import Action
from .condition import Condition
from .event import Event
from .event_handler import EventHandler, SomeEntitiesType
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .launch_service import LaunchService
from .some_substitutions_type import SomeSubstitutionsType
from .substitution import Substitution

__all__ = [
    "Action",
    "Condition",
    "Event",
    "EventHandler",
    "LaunchContext",
    "LaunchDescription",
    "LaunchDescriptionEntity",
    "LaunchService",
    "SomeEntitiesType",
    "SomeSubstitutionsType",
    "Substitution",
    "actions",
    "conditions",
    "event_handlers",
    "events",
    "launch_description_sources",
    "logging",
    "some_substitutions_type",
    "substitutions",
    "utilities",
]

# Last, so that Python's own search for the modules above does not meet it.
__getattr__ = refuse_attributes(__name__)
