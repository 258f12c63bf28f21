"""What entities share while a description runs."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .event import Event
    from .event_handler import EventHandler
    from .substitution import Substitution


class LaunchContext:
    """Launch configurations, environment, local names, event handlers and the queue of events."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = list(argv or [])
        self.noninteractive = noninteractive
        self.is_shutdown = False
        self._configurations: list[dict[str, Any]] = [{}]
        self._environments: list[dict[str, str]] = []
        self._globals: dict[str, Any] = {}
        self._locals: dict[str, Any] = {}
        self._handlers: deque[EventHandler] = deque()
        self._queue: deque[Event] = deque()
        self._futures: set[asyncio.Future[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: Callable[[], object] = lambda: None

    @property
    def launch_configurations(self) -> dict[str, Any]:
        """The launch configurations of the innermost scope."""
        return self._configurations[-1]

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment that processes inherit: this process's own."""
        return os.environ

    def _push_scope(self, *, forwarding: bool) -> None:
        self._configurations.append(dict(self.launch_configurations) if forwarding else {})
        self._environments.append(dict(os.environ))

    def _pop_scope(self) -> None:
        self._configurations.pop()
        os.environ.clear()
        os.environ.update(self._environments.pop())

    @property
    def locals(self) -> SimpleNamespace:
        """The names that the entities around the current one have set, as attributes."""
        return SimpleNamespace(**self.get_locals_as_dict())

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Return local and global names in one dictionary."""
        return {**self._globals, **self._locals}

    def extend_locals(self, names: Mapping[str, Any]) -> None:
        """Set names that are forgotten when the current event is done."""
        self._locals.update(names)

    def extend_globals(self, names: Mapping[str, Any]) -> None:
        """Set names that stay."""
        self._globals.update(names)

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that runs the description; RuntimeError when none runs."""
        if self._loop is None:
            raise RuntimeError("the launch context has no event loop: start it with LaunchService.run() first")
        return self._loop

    def register_event_handler(self, handler: EventHandler, append: bool = False) -> None:
        """Add a handler before all others, or after them with ``append``."""
        (self._handlers.append if append else self._handlers.appendleft)(handler)

    def unregister_event_handler(self, handler: EventHandler) -> None:
        """Remove a handler; ValueError when it is not registered."""
        self._handlers.remove(handler)

    def would_handle_event(self, event: Event) -> bool:
        """Return True when at least one handler matches the event."""
        return any(handler.matches(event) for handler in self._handlers)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event. May be called from any thread."""
        self._queue.append(event)
        self._wake()

    async def emit_event(self, event: Event) -> None:
        """Queue an event from a coroutine."""
        self.emit_event_sync(event)

    def add_completion_future(self, future: asyncio.Future[Any]) -> None:
        """Keep the launch running until ``future`` is done; its exception ends the launch."""
        self._futures.add(future)

    def perform_substitution(self, substitution: Substitution) -> str:
        """Return the text of one substitution."""
        return substitution.perform(self)
