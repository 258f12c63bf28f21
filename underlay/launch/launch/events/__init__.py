"""Events of a launch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._coverage import Covered

if TYPE_CHECKING:
    from ..launch_description import Action, LaunchDescription


class Event(Covered):
    """Something that happened; handlers that match it react."""


@dataclass(frozen=True)
class IncludeLaunchDescription(Event):
    """A request to visit a launch description."""

    launch_description: LaunchDescription


@dataclass(frozen=True, kw_only=True)
class Shutdown(Event):
    """The launch is ending."""

    reason: str = "reason not given"
    due_to_sigint: bool = False


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Return a matcher that accepts this very action."""
    return lambda action: action is target_action
