"""The base of everything that a launch description may hold."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that is visited, and that may return further entities to visit."""

    def visit(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Do the entity's work; the entities returned are visited next, depth first."""
        raise NotImplementedError(f"{type(self).__name__}.visit")

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities that are visited in any case, without running anything."""
        return []

    def describe_conditional_sub_entities(self) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return the entities that are visited only on a condition, each list with its condition in words."""
        return []

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return the work that goes on after the visit, or None."""
        return None
