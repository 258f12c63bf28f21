"""The launch's own ROS node, which asks managed nodes for transitions and reports those that they make."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import rclpy
import rclpy.context
import rclpy.executors
import rclpy.node
from launch import Event, EventHandler, LaunchContext
from launch.event_handlers import OnShutdown
from launch.logging import get_logger
from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState as ChangeStateService
from lifecycle_msgs.srv import GetState
from rclpy.signals import SignalHandlerOptions

from .events.lifecycle import ChangeState, StateTransition

if TYPE_CHECKING:
    from .actions import LifecycleNode

_POLL_S = 0.02
_REPORT_S = 2.0  # patience with the report of a transition that was made [s]
_ANSWER_S = 5.0  # patience with an answer before the node is asked for its state [s]
# What a node passes through, by the number of the transition.
_PASSING = ("", "configuring", "cleaningup", "activating", "deactivating", *(3 * ["shuttingdown"]))
# Where the transition of the same number leads.
_GOALS = (
    State.PRIMARY_STATE_UNKNOWN,
    State.PRIMARY_STATE_INACTIVE,
    State.PRIMARY_STATE_UNCONFIGURED,
    State.PRIMARY_STATE_ACTIVE,
    State.PRIMARY_STATE_INACTIVE,
    *(3 * [State.PRIMARY_STATE_FINALIZED]),
)


def _ros_node(context: LaunchContext) -> Any:
    """Return the node of this launch, run by a thread from the first call until the launch ends."""
    if (known := context.get_locals_as_dict().get("launch_ros_node")) is not None:
        return known
    ros = rclpy.context.Context()
    # Signals stay the launch's own: it must outlive the nodes that it ends.
    rclpy.init(args=[], context=ros, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(f"launch_ros_{os.getpid()}", context=ros, start_parameter_services=False)
    executor = rclpy.executors.SingleThreadedExecutor(context=ros)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()

    def close(*_: object) -> None:
        executor.shutdown()
        thread.join()
        node.destroy_node()
        rclpy.shutdown(context=ros)

    context.extend_globals({"launch_ros_node": node})
    context.register_event_handler(OnShutdown(on_shutdown=close, handle_once=True))
    return node


class LifecycleLink:
    """The services and the topic of one managed node. Requests are made one after the other."""

    def __init__(self, action: LifecycleNode, context: LaunchContext) -> None:
        self._action = action
        self._context = context
        self._logger = get_logger(action.name)
        self._in_turn = asyncio.Lock()
        self._reported = False
        node = _ros_node(context)
        name = action.node_name
        # Before the clients: whoever can answer a request has then heard of this subscription too.
        node.create_subscription(TransitionEvent, f"{name}/transition_event", self._report, 10)
        self._get_state = node.create_client(GetState, f"{name}/get_state")
        self._change_state = node.create_client(ChangeStateService, f"{name}/change_state")

        def matches(event: Event) -> bool:
            return isinstance(event, ChangeState) and event.lifecycle_node_matcher(action)

        def obey(event: ChangeState, context: LaunchContext) -> None:
            context.add_completion_future(asyncio.ensure_future(self._change(event.transition_id)))

        context.register_event_handler(EventHandler(matcher=matches, entities=obey))

    def _report(self, msg: TransitionEvent) -> None:
        self._reported = msg.goal_state.id <= State.PRIMARY_STATE_FINALIZED
        self._context.emit_event_sync(StateTransition(action=self._action, msg=msg))

    async def _change(self, transition_id: int) -> None:
        async with self._in_turn:
            self._reported = False
            made = await self._make(transition_id)
            if made is None:
                return
            if not made:
                text = "Failed to make transition '%s' for LifecycleNode '%s'"
                self._logger.error(text, transition_id, self._action.node_name)
                return
            # The topic keeps nothing for a subscription that the node discovers a moment too late.
            await self._until(lambda: self._reported, _REPORT_S)
            if not self._reported and (state := await self._call(self._get_state, GetState.Request())):
                self._logger.warning("the node made transition '%s' but its report did not arrive", transition_id)
                msg = TransitionEvent(start_state=State(label=_PASSING[transition_id]), goal_state=state.current_state)
                self._report(msg)

    async def _make(self, transition_id: int) -> bool | None:
        """Whether the node made the transition; None when the node or the launch ends before it is known.

        On a busy machine the middleware drops an answer now and then. The state tells then: a node answers for it only
        after the transition that it was asked for before.
        """
        request = ChangeStateService.Request(transition=Transition(id=transition_id))
        if not await self._is_there(self._change_state):
            return None
        answer, state = self._change_state.call_async(request), None
        while not await self._until(answer.done, _ANSWER_S):
            if self._is_over():
                return None
            if state is not None and state.done():
                return bool(state.result().current_state.id == _GOALS[transition_id])
            state = self._get_state.call_async(GetState.Request())
        return bool(answer.result().success)

    async def _call(self, client: Any, request: Any) -> Any:
        """Return the response, None when the node or the launch ends before it comes."""
        if not await self._is_there(client):
            return None
        future = client.call_async(request)
        return future.result() if await self._until(future.done) else None

    async def _is_there(self, client: Any) -> bool:
        there = await self._until(client.service_is_ready)
        if not there:
            self._logger.warning("Abandoning wait for the '%s' service, due to shutdown.", client.srv_name)
        return there

    def _is_over(self) -> bool:
        process = self._action.get_asyncio_future()
        return bool(self._context.is_shutdown or process is None or process.done())

    async def _until(self, done: Callable[[], bool], limit_s: float = float("inf")) -> bool:
        """Wait; False when time is over, or the process has ended, or the launch's own ROS node with the launch."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and not self._is_over():
            if done():
                return True
            await asyncio.sleep(_POLL_S)
        return False
