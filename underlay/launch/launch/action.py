"""The base of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._coverage import refuse_keywords
from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .condition import Condition
    from .launch_context import LaunchContext


class Action(LaunchDescriptionEntity):
    """An entity that is executed when it is visited, unless its condition says no."""

    def __init__(self, *, condition: Condition | None = None, **unsupported: Any) -> None:
        refuse_keywords(self, unsupported)
        self._condition = condition

    @property
    def condition(self) -> Condition | None:
        """The condition, None for an action that is always executed."""
        return self._condition

    def visit(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Execute the action when its condition holds."""
        if self._condition is None or self._condition.evaluate(context):
            return self.execute(context)
        return None

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Do the action's work and return the entities to visit next."""
        raise NotImplementedError(f"{type(self).__name__}.execute")
