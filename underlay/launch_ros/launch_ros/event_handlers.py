"""Handlers for the events of managed nodes."""

from __future__ import annotations

from typing import Any

from launch import Event, EventHandler, SomeEntitiesType

from .actions import LifecycleNode
from .events.lifecycle import StateTransition


class OnStateTransition(EventHandler):
    """Visits entities when a managed node, or any one, made a transition, or any one; None stands for any."""

    def __init__(
        self,
        *,
        entities: SomeEntitiesType,
        target_lifecycle_node: LifecycleNode | None = None,
        transition: str | None = None,
        start_state: str | None = None,
        goal_state: str | None = None,
        **kwargs: Any,
    ) -> None:
        def matches(event: Event) -> bool:
            return (
                isinstance(event, StateTransition)
                and target_lifecycle_node in (None, event.action)
                and transition in (None, event.transition)
                and start_state in (None, event.start_state)
                and goal_state in (None, event.goal_state)
            )

        super().__init__(matcher=matches, entities=entities, **kwargs)
