"""What only the stand-in does."""

import importlib

import pytest
from launch_ros.actions import LifecycleNode, Node
from launch_ros.parameter_descriptions import ParameterFile
from lifecycle_msgs.msg import Transition
from ros_launching import InstallNode, ask, bring_up, launch

_GENUINE = r".*install the genuine ros-<distro>-launch-ros$"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("launch_ros", "utilities"),
        ("launch_ros.actions", "SetRemap"),
        ("launch_ros.descriptions", "ComposableNode"),
        ("launch_ros.events.lifecycle", "matches_node_name"),
    ],
)
def test_uncovered_names_are_refused(module: str, name: str) -> None:
    with pytest.raises(ImportError, match=rf"{module}\.{name} {_GENUINE}"):
        getattr(importlib.import_module(module), name)


def test_uncovered_keywords_are_refused() -> None:
    with pytest.raises(TypeError, match=f"autostart= of LifecycleNode {_GENUINE}"):
        LifecycleNode(package="p", executable="e", name="n", namespace="", autostart=True)
    with pytest.raises(TypeError, match=f"respawn= of Node {_GENUINE}"):
        Node(package="p", executable="e", respawn=True)
    with pytest.raises(TypeError, match=f"allow_substs= of ParameterFile {_GENUINE}"):
        ParameterFile("a.yaml", allow_substs=True)


def test_node_that_died_is_not_waited_for(install_node: InstallNode) -> None:
    install_node("managed_node.py")
    node = LifecycleNode(package="some_package", executable="node", name="n", namespace="", arguments=["--die"])
    assert launch(node, ask(node, Transition.TRANSITION_CONFIGURE)) == 0


def test_transition_whose_report_is_lost_is_reported_all_the_same(install_node: InstallNode) -> None:
    install_node("managed_node.py")
    seen, codes = bring_up(remappings=[("/arm/managed/transition_event", "/elsewhere")])
    assert (seen, codes) == (["configuring>inactive", "activating>active"], [0])
