"""A list of entities: what a launch file returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .actions import DeclareLaunchArgument
    from .launch_context import LaunchContext


class LaunchDescription(LaunchDescriptionEntity):
    """Entities that are visited in order."""

    def __init__(self, initial_entities: Iterable[LaunchDescriptionEntity] | None = None) -> None:
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

    def add_action(self, action: LaunchDescriptionEntity) -> None:
        """Append an action."""
        self.add_entity(action)

    def get_launch_arguments(self, conditional_inclusion: bool = False) -> list[DeclareLaunchArgument]:
        """Return the launch arguments declared here and in included files, each name once.

        Args:
            conditional_inclusion: these entities themselves are visited on a condition only.
        """
        found: dict[str, DeclareLaunchArgument] = {}
        _collect_arguments(self.entities, conditional_inclusion, found, set())
        return list(found.values())


def _collect_arguments(
    entities: Iterable[LaunchDescriptionEntity],
    conditional: bool,
    found: dict[str, DeclareLaunchArgument],
    given: set[str],
) -> None:
    """Walk depth first; ``given`` holds the arguments that an include passes down itself."""
    from .actions import DeclareLaunchArgument, IncludeLaunchDescription

    for entity in entities:
        depends = conditional or getattr(entity, "condition", None) is not None
        if isinstance(entity, DeclareLaunchArgument):
            if entity.name not in given and entity.name not in found:
                entity.conditionally_included = depends
                found[entity.name] = entity
            continue
        below = given | entity.argument_names if isinstance(entity, IncludeLaunchDescription) else given
        _collect_arguments(entity.describe_sub_entities(), depends, found, below)
        for _, some in entity.describe_conditional_sub_entities():
            _collect_arguments(some, True, found, below)
