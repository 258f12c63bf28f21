"""Managed nodes, brought up and watched by a launch."""

from typing import Any

from launch import LaunchContext
from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler, Shutdown, TimerAction
from launch.event_handlers import OnProcessExit
from launch.events import matches_action
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition
from ros_launching import InstallNode, launch

_LIMIT_S = 40.0


def ask(node: LifecycleNode, transition_id: int) -> EmitEvent:
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition_id))


def bring_up(**kwargs: Any) -> tuple[list[str], list[int], int]:
    """Configure a node, activate it when it is configured; return transitions, exit codes of node and launch."""
    seen: list[str] = []
    codes: list[int] = []
    node = LifecycleNode(package="some_package", executable="node", name="managed", namespace="arm", **kwargs)

    def note(context: LaunchContext) -> None:
        event = context.locals.event
        seen.append(f"{event.start_state}>{event.goal_state}")

    def end(goal: str, start: str) -> RegisterEventHandler:
        return RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node, start_state=start, goal_state=goal, entities=[Shutdown(reason=goal)]
            )
        )

    activate = OnStateTransition(
        target_lifecycle_node=node,
        start_state="configuring",
        goal_state="inactive",
        entities=[ask(node, Transition.TRANSITION_ACTIVATE)],
    )
    result = launch(
        node,
        RegisterEventHandler(activate),
        end("active", "activating"),
        end("unconfigured", "configuring"),
        RegisterEventHandler(OnStateTransition(entities=[OpaqueFunction(function=note)])),
        RegisterEventHandler(
            OnProcessExit(target_action=node, on_exit=lambda event, _: codes.append(event.returncode))
        ),
        ask(node, Transition.TRANSITION_CONFIGURE),
        TimerAction(period=_LIMIT_S, actions=[Shutdown(reason="too slow")]),
    )
    assert node.node_name == "/arm/managed"
    return seen, codes, result


def test_node_is_configured_then_activated(install_node: InstallNode) -> None:
    install_node("managed_node.py")
    seen, codes, result = bring_up()
    ends = [step for step in seen if step.endswith((">inactive", ">active"))]
    assert ends == ["configuring>inactive", "activating>active"]
    assert (codes, result) == ([0], 0)


def test_refused_configuration_is_seen(install_node: InstallNode) -> None:
    install_node("managed_node.py")
    seen, codes, result = bring_up(parameters=[{"refuse": True}])
    assert seen[-1] == "configuring>unconfigured"
    assert (codes, result) == ([0], 0)
