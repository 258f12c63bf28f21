"""A stand-in for ROS 2's launch, for machines whose package registries do not carry it.

Python launch files that use what it covers run unchanged under the genuine package; anything else raises an
error that names it.
"""

from . import utilities as utilities
from ._coverage import refuse_the_rest
from .actions import Action as Action
from .conditions import Condition as Condition
from .event_handlers import EventHandler as EventHandler
from .events import Event as Event
from .launch_context import LaunchContext as LaunchContext
from .launch_description import LaunchDescription as LaunchDescription
from .launch_description import SomeEntitiesType as SomeEntitiesType
from .launch_description_entity import LaunchDescriptionEntity as LaunchDescriptionEntity
from .launch_service import LaunchService as LaunchService
from .some_substitutions_type import SomeSubstitutionsType as SomeSubstitutionsType
from .substitutions import Substitution as Substitution

refuse_the_rest(__name__)  # last: it refuses modules that are not imported by now
