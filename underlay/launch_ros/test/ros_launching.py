"""What the tests of launch_ros share."""

from collections.abc import Callable
from typing import Any

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity, LaunchService
from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler, Shutdown, TimerAction
from launch.event_handlers import OnProcessExit
from launch.events import matches_action
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

InstallNode = Callable[[str], None]


def launch(*entities: LaunchDescriptionEntity) -> int:
    """Run entities in this process and return the exit code."""
    service = LaunchService()
    service.include_launch_description(LaunchDescription(list(entities)))
    return service.run()


def ask(node: LifecycleNode, transition_id: int) -> EmitEvent:
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition_id))


def bring_up(**kwargs: Any) -> tuple[list[str], list[int]]:
    """Configure a node, activate it when it is configured; return its transitions and exit codes."""
    seen: list[str] = []
    codes: list[int] = []
    node = LifecycleNode(package="some_package", executable="node", name="managed", namespace="arm", **kwargs)

    def on(start: str, goal: str, reaction: LaunchDescriptionEntity) -> RegisterEventHandler:
        return RegisterEventHandler(
            OnStateTransition(target_lifecycle_node=node, start_state=start, goal_state=goal, entities=[reaction])
        )

    def note(context: LaunchContext) -> None:
        event = context.locals.event
        seen.append(f"{event.start_state}>{event.goal_state}")

    def on_exit(event: Any, _context: LaunchContext) -> None:
        codes.append(event.returncode)

    result = launch(
        node,
        on("configuring", "inactive", ask(node, Transition.TRANSITION_ACTIVATE)),
        on("activating", "active", Shutdown(reason="active")),
        on("configuring", "unconfigured", Shutdown(reason="refused")),
        RegisterEventHandler(OnStateTransition(entities=[OpaqueFunction(function=note)])),
        RegisterEventHandler(OnProcessExit(target_action=node, on_exit=on_exit)),
        ask(node, Transition.TRANSITION_CONFIGURE),
        TimerAction(period=40.0, actions=[Shutdown(reason="too slow")]),
    )
    assert (node.node_name, result) == ("/arm/managed", 0)
    return seen, codes
