"""Actions that emit events, react to them, wait or write a line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..action import Action
from ..event import Event
from ..event_handler import EventHandler
from ..event_handlers import OnShutdown
from ..events import Shutdown as ShutdownEvent
from ..events import TimerEvent
from ..events.process import ProcessExited
from ..launch_description_entity import LaunchDescriptionEntity
from ..logging import get_logger
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import perform_text

if TYPE_CHECKING:
    from ..launch_context import LaunchContext


class RegisterEventHandler(Action):
    """Registers an event handler."""

    def __init__(self, event_handler: EventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_handler = event_handler

    def execute(self, context: LaunchContext) -> None:
        """Register it."""
        context.register_event_handler(self.event_handler)

    def describe_conditional_sub_entities(self) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return the entities of the handler."""
        return [(f"On event of {type(self.event_handler).__name__}", self.event_handler.entities)]


class EmitEvent(Action):
    """Emits an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event = event

    def execute(self, context: LaunchContext) -> None:
        """Queue the event."""
        context.emit_event_sync(self.event)


class Shutdown(Action):
    """Ends the launch."""

    def __init__(self, *, reason: SomeSubstitutionsType = "reason not given", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reason = reason

    def execute(self, context: LaunchContext) -> None:
        """Emit a shutdown event, unless the launch is ending already."""
        if context.is_shutdown:
            return
        event = context.get_locals_as_dict().get("event")
        if isinstance(event, ProcessExited):
            get_logger("launch").info("process[%s] was required: shutting down launched system", event.process_name)
        context.emit_event_sync(ShutdownEvent(reason=perform_text(context, self._reason)))


class LogInfo(Action):
    """Writes a line to the log and to the screen."""

    def __init__(self, *, msg: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.msg = msg

    def execute(self, context: LaunchContext) -> None:
        """Write it."""
        get_logger("launch.user").info(perform_text(context, self.msg))


class TimerAction(Action):
    """Visits entities when a time, in seconds, has passed."""

    def __init__(
        self,
        *,
        period: float | SomeSubstitutionsType,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._period = period
        self._actions = list(actions)
        self._cancel_on_shutdown = cancel_on_shutdown
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    def describe_conditional_sub_entities(self) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return the entities."""
        return [("After a time", self._actions)]

    def cancel(self) -> None:
        """Forget the entities; nothing happens when the time is over already."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    def execute(self, context: LaunchContext) -> None:
        """Start the clock."""
        if self._cancelled or (context.is_shutdown and self._cancel_on_shutdown):
            return
        period = self._period if isinstance(self._period, (int, float)) else float(perform_text(context, self._period))
        handler = EventHandler(
            matcher=lambda event: isinstance(event, TimerEvent) and event.timer_action is self,
            entities=self._actions,
            handle_once=True,
        )
        context.register_event_handler(handler)

        async def wait() -> None:
            await asyncio.sleep(period)
            await context.emit_event(TimerEvent(timer_action=self))

        self._task = context.asyncio_loop.create_task(wait())
        if self._cancel_on_shutdown:
            context.register_event_handler(OnShutdown(on_shutdown=lambda *_: self.cancel()))

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return the wait."""
        return self._task
