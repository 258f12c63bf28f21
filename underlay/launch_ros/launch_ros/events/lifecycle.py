"""Events of managed nodes, and requests to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from launch import Event
from launch._coverage import refuse_attributes

if TYPE_CHECKING:
    from lifecycle_msgs.msg import TransitionEvent

    from ..actions import LifecycleNode


class ChangeState(Event):
    """A request for a transition, by the number that lifecycle_msgs/msg/Transition gives it."""

    def __init__(self, *, lifecycle_node_matcher: Callable[[Any], bool], transition_id: int) -> None:
        self.lifecycle_node_matcher = lifecycle_node_matcher
        self.transition_id = transition_id


class StateTransition(Event):
    """A managed node came from one state into another."""

    def __init__(self, *, action: LifecycleNode, msg: TransitionEvent) -> None:
        self.action = action
        self.msg = msg

    @property
    def timestamp(self) -> int:
        """When it happened, as the node says [ns]."""
        return int(self.msg.timestamp)

    @property
    def transition(self) -> str:
        """Name of the transition, empty when the node does not give it."""
        return str(self.msg.transition.label)

    @property
    def start_state(self) -> str:
        """Name of the state before."""
        return str(self.msg.start_state.label)

    @property
    def goal_state(self) -> str:
        """Name of the state now."""
        return str(self.msg.goal_state.label)


__all__ = ["ChangeState", "StateTransition"]

__getattr__ = refuse_attributes(__name__)
