"""Events of managed nodes, and requests to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from launch import Event
from lifecycle_msgs.msg import TransitionEvent


@dataclass(frozen=True, kw_only=True)
class ChangeState(Event):
    """A request for a transition, by the number that lifecycle_msgs/msg/Transition gives it."""

    lifecycle_node_matcher: Callable[[Any], bool]
    transition_id: int


class StateTransition(Event):
    """A managed node came from one state into another, both by name; so is the transition, when the node names it."""

    def __init__(self, *, action: Any, msg: TransitionEvent) -> None:
        super().__init__()
        self.action = action
        self.msg = msg
        self.transition = str(msg.transition.label)
        self.start_state = str(msg.start_state.label)
        self.goal_state = str(msg.goal_state.label)
