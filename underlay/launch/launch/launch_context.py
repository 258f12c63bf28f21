"""What entities share while a description runs."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ._coverage import Covered

if TYPE_CHECKING:
    from .event_handlers import EventHandler
    from .events import Event
    from .substitutions import Substitution


class LaunchContext(Covered):
    """Launch configurations, environment, local names, event handlers and the queue of events."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.argv = list(argv or [])
        self.noninteractive = noninteractive
        self.is_shutdown = False
        self.launch_configurations: dict[str, Any] = {}
        # What processes inherit is this process's own environment.
        self.environment: MutableMapping[str, str] = os.environ
        self._scopes: list[tuple[dict[str, Any], dict[str, str]]] = []
        self._globals: dict[str, Any] = {}
        self._locals: dict[str, Any] = {}
        self._handlers: deque[EventHandler] = deque()
        self._queue: deque[Event] = deque()
        self._futures: set[asyncio.Future[Any]] = set()
        self._wake: Callable[[], object] = lambda: None

    def _push_scope(self) -> None:
        self._scopes.append((self.launch_configurations, dict(os.environ)))
        self.launch_configurations = dict(self.launch_configurations)

    def _pop_scope(self) -> None:
        self.launch_configurations, environment = self._scopes.pop()
        os.environ.clear()
        os.environ.update(environment)

    @property
    def locals(self) -> SimpleNamespace:
        """The names that the entities around the current one have set, as attributes."""
        return SimpleNamespace(**self.get_locals_as_dict())

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Return local and global names in one dictionary."""
        return {**self._globals, **self._locals}

    def extend_locals(self, extensions: Mapping[str, Any]) -> None:
        """Set names that are forgotten when the current event is done."""
        self._locals.update(extensions)

    def extend_globals(self, extensions: Mapping[str, Any]) -> None:
        """Set names that stay."""
        self._globals.update(extensions)

    def register_event_handler(self, event_handler: EventHandler, append: bool = False) -> None:
        """Add a handler before all others, or after them with ``append``."""
        (self._handlers.append if append else self._handlers.appendleft)(event_handler)

    def unregister_event_handler(self, event_handler: EventHandler) -> None:
        """Remove a handler; ValueError when it is not registered."""
        self._handlers.remove(event_handler)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event. May be called from any thread."""
        self._queue.append(event)
        self._wake()

    async def emit_event(self, event: Event) -> None:
        """Queue an event from a coroutine."""
        self.emit_event_sync(event)

    def add_completion_future(self, completion_future: asyncio.Future[Any]) -> None:
        """Keep the launch running until the future is done; its exception ends the launch."""
        self._futures.add(completion_future)
        completion_future.add_done_callback(lambda _: self._wake())

    def perform_substitution(self, sub: Substitution) -> str:
        """Return the text of one substitution."""
        return sub.perform(self)
