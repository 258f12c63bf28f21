"""Handlers for the events that launch files react to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ._coverage import Covered
from .events import Shutdown
from .events.process import ProcessExited, ProcessStarted, RunningProcessEvent
from .launch_description import Action, LaunchDescriptionEntity, SomeEntitiesType

if TYPE_CHECKING:
    from .events import Event
    from .launch_context import LaunchContext

_Reaction: TypeAlias = SomeEntitiesType | Callable[..., SomeEntitiesType | None]
_Target: TypeAlias = Action | Callable[[Action], bool] | None


def as_entities(entities: SomeEntitiesType | None) -> list[LaunchDescriptionEntity]:
    """Return one entity, several or None as a list."""
    return [entities] if isinstance(entities, LaunchDescriptionEntity) else list(entities or [])


class EventHandler(Covered):
    """Visits entities, or what a function of event and context returns, when the matcher accepts an event."""

    def __init__(
        self,
        *,
        matcher: Callable[[Any], bool],
        entities: _Reaction | None = None,
        handle_once: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._matcher = matcher
        self._reaction = entities
        self._handle_once = handle_once

    def matches(self, event: Event) -> bool:
        """Return True when this handler is to handle ``event``."""
        return self._matcher(event)

    def handle(self, event: Event, context: LaunchContext) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities to visit; they find the event in ``context.locals.event``."""
        if self._handle_once:
            context.unregister_event_handler(self)
        context.extend_locals({"event": event})
        return as_entities(self._reaction(event, context) if callable(self._reaction) else self._reaction)


def _matcher(kind: type[RunningProcessEvent], target: _Target) -> Callable[[Event], bool]:
    if target is None or isinstance(target, Action):
        return lambda event: isinstance(event, kind) and target in (None, event.action)
    return lambda event: isinstance(event, kind) and target(event.action)


class OnProcessStart(EventHandler):
    """Reacts when a process, or any process, was started."""

    def __init__(self, *, target_action: _Target = None, on_start: _Reaction, **kwargs: Any) -> None:
        super().__init__(matcher=_matcher(ProcessStarted, target_action), entities=on_start, **kwargs)


class OnProcessExit(EventHandler):
    """Reacts when a process, or any process, has ended."""

    def __init__(self, *, target_action: _Target = None, on_exit: _Reaction, **kwargs: Any) -> None:
        super().__init__(matcher=_matcher(ProcessExited, target_action), entities=on_exit, **kwargs)


class OnShutdown(EventHandler):
    """Reacts when the launch is ending."""

    def __init__(self, *, on_shutdown: _Reaction, **kwargs: Any) -> None:
        super().__init__(matcher=lambda event: isinstance(event, Shutdown), entities=on_shutdown, **kwargs)
