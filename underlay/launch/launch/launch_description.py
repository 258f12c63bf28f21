"""What launch files are made of: entities, actions, and the description that lists them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ._coverage import Covered

if TYPE_CHECKING:
    from .actions import DeclareLaunchArgument
    from .conditions import Condition
    from .launch_context import LaunchContext


class LaunchDescriptionEntity(Covered):
    """Something that is visited, and that may return further entities to visit."""

    def visit(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Do the entity's work; the entities returned are visited next, depth first."""
        raise NotImplementedError(f"{type(self).__name__}.visit")

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities that this one will visit, as far as they are known without running anything."""
        return []

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return the work that goes on after the visit, or None."""
        return None

    def _declared(self, conditional: bool) -> Iterator[tuple[DeclareLaunchArgument, bool]]:
        """Yield the arguments declared in and below this entity, and whether each must be given from outside."""
        for entity in self.describe_sub_entities():
            yield from entity._declared(conditional)


SomeEntitiesType: TypeAlias = LaunchDescriptionEntity | Iterable[LaunchDescriptionEntity]


class Action(LaunchDescriptionEntity):
    """An entity that is executed when it is visited, unless its condition says no."""

    def __init__(self, *, condition: Condition | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.condition = condition

    def visit(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Execute the action when its condition holds."""
        return self.execute(context) if self.condition is None or self.condition.evaluate(context) else None

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Do the action's work and return the entities to visit next."""
        raise NotImplementedError(f"{type(self).__name__}.execute")

    def _declared(self, conditional: bool) -> Iterator[tuple[DeclareLaunchArgument, bool]]:
        return super()._declared(conditional or self.condition is not None)


class LaunchDescription(LaunchDescriptionEntity):
    """Entities that are visited in order: what a launch file returns."""

    def __init__(self, initial_entities: Iterable[LaunchDescriptionEntity] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.entities = list(initial_entities or [])

    def visit(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:  # noqa: ARG002
        """Return the entities."""
        return self.entities

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities."""
        return self.entities

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        """Append an entity."""
        self.entities.append(entity)

    def add_action(self, action: Action) -> None:
        """Append an action."""
        self.add_entity(action)

    def get_launch_arguments(self) -> list[DeclareLaunchArgument]:
        """Return the launch arguments declared here and in included files, each name once."""
        found: dict[str, DeclareLaunchArgument] = {}
        for argument, _ in self._declared(False):
            found.setdefault(argument.name, argument)
        return list(found.values())
