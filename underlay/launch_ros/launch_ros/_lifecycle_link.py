"""Asks one managed node for transitions and reports those that it makes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from launch import Event, LaunchContext
from launch.event_handler import ReactingHandler
from launch.logging import get_logger
from lifecycle_msgs.msg import Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState as ChangeStateService
from lifecycle_msgs.srv import GetState

from ._ros_node import get_ros_node
from .events.lifecycle import ChangeState, StateTransition

if TYPE_CHECKING:
    from .actions import LifecycleNode

_POLL_S = 0.02
_REPORT_S = 2.0  # patience with the report of a transition that was made [s]

_PASSING_STATES = {
    Transition.TRANSITION_CONFIGURE: "configuring",
    Transition.TRANSITION_CLEANUP: "cleaningup",
    Transition.TRANSITION_ACTIVATE: "activating",
    Transition.TRANSITION_DEACTIVATE: "deactivating",
    Transition.TRANSITION_UNCONFIGURED_SHUTDOWN: "shuttingdown",
    Transition.TRANSITION_INACTIVE_SHUTDOWN: "shuttingdown",
    Transition.TRANSITION_ACTIVE_SHUTDOWN: "shuttingdown",
}


class LifecycleLink:
    """The services and the topic of one managed node. Requests are made one after the other."""

    def __init__(self, action: LifecycleNode, context: LaunchContext) -> None:
        self._action = action
        self._context = context
        self._logger = get_logger(action.name)
        self._in_turn = asyncio.Lock()
        self._last_goal = ""
        node = get_ros_node(context)
        name = action.node_name
        # Before the clients: whoever can answer a request has then heard of this subscription too.
        node.create_subscription(TransitionEvent, f"{name}/transition_event", self._on_transition, 10)
        self._get_state: Any = node.create_client(GetState, f"{name}/get_state")
        self._change_state: Any = node.create_client(ChangeStateService, f"{name}/change_state")

    def register(self) -> None:
        """Begin to obey ChangeState events."""
        self._context.register_event_handler(ReactingHandler(matcher=self._is_addressed, reaction=self._obey))

    def _is_addressed(self, event: Event) -> bool:
        return isinstance(event, ChangeState) and event.lifecycle_node_matcher(self._action)

    def _obey(self, event: ChangeState, context: LaunchContext) -> None:
        task = context.asyncio_loop.create_task(self._change(event.transition_id))
        context.add_completion_future(task)

    def _on_transition(self, msg: TransitionEvent) -> None:
        self._last_goal = msg.goal_state.label
        self._context.emit_event_sync(StateTransition(action=self._action, msg=msg))

    async def _change(self, transition_id: int) -> None:
        async with self._in_turn:
            self._last_goal = ""
            request = ChangeStateService.Request(transition=Transition(id=transition_id))
            response = await self._call(self._change_state, request)
            if response is None:
                return
            if not response.success:
                self._logger.error(
                    "Failed to make transition '%s' for LifecycleNode '%s'", transition_id, self._action.node_name
                )
                return
            await self._see_report(transition_id)

    async def _see_report(self, transition_id: int) -> None:
        """Report the transition ourselves when the node's own report was lost.

        Its topic keeps nothing for a subscription that the node discovers a moment too late.
        """
        passing = _PASSING_STATES.get(transition_id, "")
        deadline = self._context.asyncio_loop.time() + _REPORT_S
        while self._context.asyncio_loop.time() < deadline and not self._gone():
            if self._last_goal not in ("", passing):
                return
            await asyncio.sleep(_POLL_S)
        state = await self._call(self._get_state, GetState.Request())
        if state is None:
            return
        self._logger.warning("the node made transition '%s' but its report did not arrive", transition_id)
        msg = TransitionEvent(goal_state=state.current_state)
        msg.transition.id = transition_id
        msg.start_state.label = passing
        self._on_transition(msg)

    async def _call(self, client: Any, request: Any) -> Any:
        """Return the response, None when the node or the launch ends before it comes."""
        while not self._gone() and not client.service_is_ready():
            await asyncio.sleep(_POLL_S)
        if self._gone():
            self._logger.warning("Abandoning wait for the '%s' service, due to shutdown.", client.srv_name)
            return None
        future = client.call_async(request)
        while not self._gone():
            if future.done():
                return future.result()
            await asyncio.sleep(_POLL_S)
        return None

    def _gone(self) -> bool:
        """Return True when the process has ended, or the launch's own ROS node with the launch."""
        process = self._action.get_asyncio_future()
        return self._context.is_shutdown or process is None or process.done()
