"""Runs launch descriptions."""

from __future__ import annotations

import asyncio
import logging
import signal
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from .event import Event
from .events import IncludeLaunchDescription, Shutdown
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .logging import get_logger, launch_config

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LaunchService:
    """Takes events one by one, visits what their handlers return, and ends when nothing is left to do."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, debug: bool = False) -> None:
        self._context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self._debug = debug
        self._logger = get_logger("launch")
        self._return_code = 0
        self._futures: set[asyncio.Future[Any]] = set()
        self._signalled: set[signal.Signals] = set()

    @property
    def context(self) -> LaunchContext:
        """The context of this service."""
        return self._context

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Queue a description to visit. May be called from any thread."""
        self.emit_event(IncludeLaunchDescription(launch_description))

    def emit_event(self, event: Event) -> None:
        """Queue an event. May be called from any thread."""
        self._context.emit_event_sync(event)

    def shutdown(self, force_sync: bool = False) -> None:  # noqa: ARG002 - never waits, so either is the same
        """Begin to end the launch. May be called from any thread."""
        if not self._context.is_shutdown:
            self.emit_event(Shutdown(reason="LaunchService.shutdown() called"))

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run until everything has ended; must be called in the main thread.

        Returns:
            0, or 1 when a description or a handler raised an exception.
        """
        return asyncio.run(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Do what run() does, in a loop that runs already."""
        loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._context._loop = loop
        self._context._wake = partial(loop.call_soon_threadsafe, self._news.set)
        self._logger.info("All log files can be found below %s", launch_config.log_dir)
        self._logger.info("Default logging verbosity is set to INFO")
        try:
            with self._signals_handled(loop):
                await self._work(shutdown_when_idle)
        finally:
            self._context._wake = lambda: None
            self._context._loop = None
        return self._return_code

    @contextmanager
    def _signals_handled(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        before = {signum: signal.getsignal(signum) for signum in _SIGNALS}
        for signum in _SIGNALS:
            loop.add_signal_handler(signum, self._on_signal, signum)
        try:
            yield
        finally:
            for signum, handler in before.items():
                loop.remove_signal_handler(signum)
                signal.signal(signum, handler)

    def _on_signal(self, signum: signal.Signals) -> None:
        interrupted = signum is signal.SIGINT
        what = "user interrupted with ctrl-c (SIGINT)" if interrupted else f"caught {signum.name}"
        self._logger.warning(what + (" again, ignoring..." if signum in self._signalled else ""))
        first = not self._signalled
        self._signalled.add(signum)
        if first and not self._context.is_shutdown:
            self.emit_event(Shutdown(reason="ctrl-c (SIGINT)" if interrupted else what, due_to_sigint=interrupted))

    async def _work(self, shutdown_when_idle: bool) -> None:
        context = self._context
        while True:
            self._news.clear()
            while context._queue:
                try:
                    self._process(context._queue.popleft())
                except Exception as error:  # of a launch file or handler, whatever it is: the rest is ended properly
                    self._fail(error)
            self._futures |= context._futures
            context._futures.clear()
            for future in [future for future in self._futures if future.done()]:
                self._futures.remove(future)
                if not future.cancelled() and (failure := future.exception()) is not None:
                    self._fail(failure)
            if context._queue:
                continue
            if not self._futures:
                if context.is_shutdown:
                    return
                if shutdown_when_idle:
                    self.emit_event(Shutdown(reason="idle"))
                    continue
            news = asyncio.ensure_future(self._news.wait())
            await asyncio.wait({news, *self._futures}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()

    def _fail(self, error: BaseException) -> None:
        self._return_code = 1
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self._logger.log(logging.ERROR if self._debug else logging.DEBUG, trace)
        self._logger.error("Caught exception in launch (see debug for traceback): %s", error)
        if not self._context.is_shutdown:
            self.emit_event(Shutdown(reason="exception in launch"))

    def _process(self, event: Event) -> None:
        """Give an event to every handler that matches it, and visit what they return."""
        context = self._context
        if isinstance(event, Shutdown):
            context.is_shutdown = True
        names = context._locals
        depth = len(context._configurations)
        try:
            if isinstance(event, IncludeLaunchDescription):
                context._locals = dict(names)
                self._visit([event.launch_description])
            for handler in tuple(context._handlers):
                if handler.matches(event):
                    context._locals = dict(names)
                    self._visit(handler.handle(event, context))
        finally:
            context._locals = names
            while len(context._configurations) > depth:  # an exception left scopes open
                context._pop_scope()

    def _visit(self, entities: Sequence[LaunchDescriptionEntity]) -> None:
        for entity in entities:
            self._visit(entity.visit(self._context) or [])
            if (future := entity.get_asyncio_future()) is not None:
                self._context.add_completion_future(future)
