"""Handlers for the events of managed nodes."""

from __future__ import annotations

from typing import Any

from launch import Event, EventHandler, SomeEntitiesType
from launch._coverage import refuse_attributes

from .actions import LifecycleNode
from .events.lifecycle import StateTransition


class OnStateTransition(EventHandler):
    """Visits entities when a managed node, or any one, made a transition.

    Args:
        entities: the entities.
        target_lifecycle_node: None for any node.
        transition: name of the transition, None for any; start_state and goal_state likewise.
        **kwargs: handle_once.
    """

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


__all__ = ["OnStateTransition"]

__getattr__ = refuse_attributes(__name__)
