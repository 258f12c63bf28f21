"""Handlers for the events that launch files react to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ._coverage import refuse_attributes
from .action import Action
from .event_handler import ReactingHandler, Reaction
from .events import Shutdown
from .events.process import ProcessExited, ProcessStarted

_Target: TypeAlias = Action | Callable[[Action], bool] | None


def _aims_at(target: _Target, action: Action) -> bool:
    if target is None or isinstance(target, Action):
        return target is None or action is target
    return target(action)


class OnProcessStart(ReactingHandler):
    """Reacts when a process, or any process, was started."""

    def __init__(self, *, target_action: _Target = None, on_start: Reaction, **kwargs: Any) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, ProcessStarted) and _aims_at(target_action, event.action),
            reaction=on_start,
            **kwargs,
        )


class OnProcessExit(ReactingHandler):
    """Reacts when a process, or any process, has ended."""

    def __init__(self, *, target_action: _Target = None, on_exit: Reaction, **kwargs: Any) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, ProcessExited) and _aims_at(target_action, event.action),
            reaction=on_exit,
            **kwargs,
        )


class OnShutdown(ReactingHandler):
    """Reacts when the launch is ending."""

    def __init__(self, *, on_shutdown: Reaction, **kwargs: Any) -> None:
        super().__init__(matcher=lambda event: isinstance(event, Shutdown), reaction=on_shutdown, **kwargs)


__all__ = ["OnProcessExit", "OnProcessStart", "OnShutdown"]

__getattr__ = refuse_attributes(__name__)
