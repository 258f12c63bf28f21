"""The base of event handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ._coverage import refuse_keywords
from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .event import Event
    from .launch_context import LaunchContext

SomeEntitiesType: TypeAlias = LaunchDescriptionEntity | Iterable[LaunchDescriptionEntity]
Reaction: TypeAlias = SomeEntitiesType | Callable[..., SomeEntitiesType | None]


def as_entities(entities: SomeEntitiesType | None) -> list[LaunchDescriptionEntity]:
    """Return one entity, several or None as a list."""
    if entities is None:
        return []
    return [entities] if isinstance(entities, LaunchDescriptionEntity) else list(entities)


class EventHandler:
    """Visits entities whenever an event comes that its matcher accepts."""

    def __init__(
        self,
        *,
        matcher: Callable[[Any], bool],
        entities: SomeEntitiesType | None = None,
        handle_once: bool = False,
        **unsupported: Any,
    ) -> None:
        refuse_keywords(self, unsupported)
        self._matcher = matcher
        self._entities = as_entities(entities)
        self._handle_once = handle_once

    @property
    def entities(self) -> list[LaunchDescriptionEntity]:
        """The entities to visit, as far as they are known before the event."""
        return self._entities

    def matches(self, event: Event) -> bool:
        """Return True when this handler is to handle ``event``."""
        return self._matcher(event)

    def handle(self, event: Event, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities to visit; they find the event in ``context.locals.event``."""
        if self._handle_once:
            context.unregister_event_handler(self)
        context.extend_locals({"event": event})
        return self._react(event, context)

    def _react(self, event: Event, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:  # noqa: ARG002
        return self._entities


class ReactingHandler(EventHandler):
    """A handler with entities to visit, or with a function of event and context that is asked for them."""

    def __init__(self, *, matcher: Callable[[Any], bool], reaction: Reaction, **kwargs: Any) -> None:
        self._function = reaction if callable(reaction) else None
        super().__init__(matcher=matcher, entities=None if callable(reaction) else reaction, **kwargs)

    def _react(self, event: Event, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:
        return self._entities if self._function is None else as_entities(self._function(event, context))
