"""Runs launch descriptions."""

from __future__ import annotations

import asyncio
import logging
import signal
import traceback
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from ._coverage import Covered
from .event_handlers import EventHandler
from .events import Event, IncludeLaunchDescription, Shutdown
from .launch_context import LaunchContext
from .launch_description import LaunchDescription, LaunchDescriptionEntity
from .logging import get_logger, launch_config


class LaunchService(Covered):
    """Takes events one by one, visits what their handlers return, and ends when nothing is left to do."""

    def __init__(
        self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, debug: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self._logger = get_logger("launch")
        self._trace_level = logging.ERROR if debug else logging.DEBUG
        self._return_code = 0
        self._interrupted = False
        include = EventHandler(
            matcher=lambda event: isinstance(event, IncludeLaunchDescription),
            entities=lambda event, _: event.launch_description,
        )
        self.context.register_event_handler(include)

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Queue a description to visit. May be called from any thread."""
        self.emit_event(IncludeLaunchDescription(launch_description))

    def emit_event(self, event: Event) -> None:
        """Queue an event. May be called from any thread."""
        self.context.emit_event_sync(event)

    def run(self) -> int:
        """Run in the main thread until everything has ended; 1 when a description or handler raised, 0 otherwise."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        context, loop, news = self.context, asyncio.get_running_loop(), asyncio.Event()
        context._wake = partial(loop.call_soon_threadsafe, news.set)
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(signum, self._on_signal, signum)  # until the loop is closed
        self._logger.info("All log files can be found below %s", launch_config.log_dir)
        self._logger.info("Default logging verbosity is set to INFO")
        while True:
            news.clear()
            while context._queue:
                self._process(context._queue.popleft())
            for future in [future for future in context._futures if future.done()]:
                context._futures.remove(future)
                if not future.cancelled() and (failure := future.exception()) is not None:
                    self._fail(failure)
            if context._queue:
                continue
            if context._futures:
                await news.wait()
            elif context.is_shutdown:
                context._wake = lambda: None
                return self._return_code
            else:
                self.emit_event(Shutdown(reason="idle"))

    def _on_signal(self, signum: signal.Signals) -> None:
        sigint = signum is signal.SIGINT
        what = "user interrupted with ctrl-c (SIGINT)" if sigint else f"caught {signum.name}"
        self._logger.warning(what + (" again, ignoring..." if self._interrupted else ""))
        self._interrupted = True
        if not self.context.is_shutdown:
            self.emit_event(Shutdown(reason="ctrl-c (SIGINT)" if sigint else what, due_to_sigint=sigint))

    def _fail(self, error: BaseException) -> None:
        self._return_code = 1
        self._logger.log(self._trace_level, "".join(traceback.format_exception(error)))
        self._logger.error("Caught exception in launch (see debug for traceback): %s", error)
        if not self.context.is_shutdown:
            self.emit_event(Shutdown(reason="exception in launch"))

    def _process(self, event: Event) -> None:
        """Give an event to every handler that matches it, and visit what they return."""
        context = self.context
        context.is_shutdown = context.is_shutdown or isinstance(event, Shutdown)
        for handler in tuple(context._handlers):
            try:
                if handler.matches(event):
                    self._visit(handler.handle(event, context))
            except Exception as error:  # of a launch file or handler, whatever it is: the rest is ended properly
                self._fail(error)
            context._locals = {}
            while context._scopes:  # an exception left them open
                context._pop_scope()

    def _visit(self, entities: Sequence[LaunchDescriptionEntity]) -> None:
        for entity in entities:
            self._visit(entity.visit(self.context) or [])
            if (future := entity.get_asyncio_future()) is not None:
                self.context.add_completion_future(future)
