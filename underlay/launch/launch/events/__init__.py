"""Events of a launch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._coverage import refuse_attributes
from ..event import Event
from . import process as process

if TYPE_CHECKING:
    from ..action import Action
    from ..launch_description import LaunchDescription


class IncludeLaunchDescription(Event):
    """A request to visit a launch description."""

    def __init__(self, launch_description: LaunchDescription) -> None:
        self.launch_description = launch_description


class Shutdown(Event):
    """The launch is ending."""

    def __init__(self, *, reason: str = "", due_to_sigint: bool = False) -> None:
        self.reason = reason
        self.due_to_sigint = due_to_sigint


class TimerEvent(Event):
    """The period of a timer is over."""

    def __init__(self, *, timer_action: Action) -> None:
        self.timer_action = timer_action


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Return a matcher that accepts this very action."""
    return lambda action: action is target_action


__getattr__ = refuse_attributes(__name__)
