"""What only the stand-in does."""

import importlib

import pytest
from launch import LaunchContext
from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler, Shutdown, TimerAction
from launch.events import matches_action
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterFile
from lifecycle_msgs.msg import Transition
from ros_launching import InstallNode, launch


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("launch_ros.actions", "ComposableNodeContainer"),
        ("launch_ros.descriptions", "ComposableNode"),
        ("launch_ros.parameter_descriptions", "Parameter"),
        ("launch_ros.substitutions", "Parameter"),
        ("launch_ros.events.lifecycle", "matches_node_name"),
    ],
)
def test_uncovered_names_are_refused(module: str, name: str) -> None:
    with pytest.raises(ImportError, match=rf"{module}\.{name} .*ros-<distro>-launch-ros$"):
        getattr(importlib.import_module(module), name)


def test_uncovered_keywords_are_refused() -> None:
    with pytest.raises(TypeError, match=r"autostart= of LifecycleNode .*ros-<distro>-launch-ros$"):
        LifecycleNode(package="p", executable="e", name="n", namespace="", autostart=True)
    with pytest.raises(TypeError, match=r"sigint_timeout= of Node .*ros-<distro>-launch-ros$"):
        Node(package="p", executable="e", sigint_timeout=3)
    with pytest.raises(TypeError, match="allow_substs= of ParameterFile"):
        ParameterFile("a.yaml", allow_substs=True)


def configure(node: LifecycleNode) -> EmitEvent:
    transition_id = Transition.TRANSITION_CONFIGURE
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition_id))


def test_node_that_died_is_not_waited_for(install_node: InstallNode) -> None:
    install_node("tell_parameters.py")  # ends at once: it is given no file to write to
    node = LifecycleNode(package="some_package", executable="node", name="n", namespace="")
    assert launch(node, configure(node)) == 0


def test_transition_whose_report_is_lost_is_reported_all_the_same(install_node: InstallNode) -> None:
    install_node("silent_managed_node.py")
    node = LifecycleNode(package="some_package", executable="node", name="silent", namespace="")
    seen: list[str] = []

    def note(context: LaunchContext) -> None:
        event = context.locals.event
        seen.append(f"{event.start_state}>{event.goal_state}")

    reported = OnStateTransition(entities=[OpaqueFunction(function=note), Shutdown()])
    late = TimerAction(period=40.0, actions=[Shutdown(reason="too slow")])
    assert launch(RegisterEventHandler(reported), node, configure(node), late) == 0
    assert seen == ["configuring>inactive"]
