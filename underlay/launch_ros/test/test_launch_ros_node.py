"""Nodes: where they are found and what they are started with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, GroupAction, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, PushRosNamespace, SetParameter
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue
from launch_ros.substitutions import FindPackageShare
from ros_launching import InstallNode, launch

Told = Callable[..., dict[str, Any]]


@pytest.fixture
def told(tmp_path: Path, install_node: InstallNode) -> Told:
    """Run a node after other entities, all in one group, and return what it found."""
    install_node("tell_parameters.py")

    def run(*before: LaunchDescriptionEntity, arguments: Any = (), **kwargs: Any) -> dict[str, Any]:
        file = tmp_path / "told.json"
        node = Node(package="some_package", executable="node", arguments=[str(file), *arguments], **kwargs)
        assert launch(GroupAction([*before, node])) == 0
        return dict(json.loads(file.read_text()))

    return run


def test_packages_and_executables_are_found_in_the_index(tmp_path: Path, install_node: InstallNode) -> None:
    install_node("tell_parameters.py")
    context = LaunchContext()
    share = PathJoinSubstitution([FindPackageShare("some_package"), "config", "a.yaml"])
    assert share.perform(context) == str(tmp_path / "share/some_package/config/a.yaml")
    with pytest.raises(Exception, match="no_such_package"):
        FindPackageShare("no_such_package").perform(context)
    assert launch(Node(package="some_package", executable="other")) == 1
    assert launch(Node(package="no_such_package", executable="node")) == 1


def test_parameters_keep_their_types(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text("/teller:\n  ros__parameters:\n    from_file: 2.5\n    later_wins: 1\n")
    found = told(
        DeclareLaunchArgument("number", default_value="5"),
        DeclareLaunchArgument("path", default_value=str(file)),
        name="teller",
        parameters=[
            str(file),
            {"later_wins": 2, "truth": True, "whole": 1, "real": 1.0, "small": 1e-7, "text": "1e5", "spells": "true"},
            {"nested": {"deep": {"value": [1, 2.5]}}, "words": ["a", "1"], "truths": [True, False]},
            {"number": LaunchConfiguration("number"), "joined": ["n", LaunchConfiguration("number")]},
            {"as_text": ParameterValue(LaunchConfiguration("number"), value_type=str)},
            {"as_real": ParameterValue(LaunchConfiguration("number"), value_type=float)},
            ParameterFile(LaunchConfiguration("path"), allow_substs=False),
        ],
    )["parameters"]
    expected = {"from_file": 2.5, "later_wins": 1, "truth": True, "whole": 1, "real": 1.0, "small": 1e-7, "text": "1e5"}
    expected |= {"spells": "true", "nested.deep.value": [1.0, 2.5], "words": ["a", "1"], "truths": [True, False]}
    expected |= {"number": 5, "joined": "n5", "as_text": "5", "as_real": 5.0}
    assert {name: found[name] for name in expected} == expected
    assert [type(found[name]) for name in ("real", "whole", "truth")] == [float, int, bool]


@pytest.mark.parametrize("value", [[True, 2.0], ParameterValue("x", value_type=int)])
def test_value_that_no_parameter_can_have_fails_the_launch(install_node: InstallNode, value: Any) -> None:
    install_node("tell_parameters.py")

    def nodes(_context: LaunchContext) -> list[Node]:  # the value may be refused here already
        return [Node(package="some_package", executable="node", parameters=[{"a": value}])]

    assert launch(OpaqueFunction(function=nodes)) == 1


def test_names_remappings_and_arguments(told: Told) -> None:
    found = told(
        name="teller",
        namespace="arm",
        remappings=[("topic", "/elsewhere")],
        ros_arguments=["--log-level", "warn"],
        arguments=["--own", "1"],
    )
    assert (found["name"], found["topic"], found["arguments"]) == ("/arm/teller", "/elsewhere", ["--own", "1"])
    assert told()["name"] == "/unnamed"


@pytest.mark.parametrize(
    ("outer", "inner", "name"),
    [("a", None, "/a/teller"), ("a", "b", "/a/b/teller"), ("/a", "/b", "/b/teller"), ("a/b", "", "/a/b/teller")],
)
def test_namespaces_add_up(told: Told, outer: str, inner: str | None, name: str) -> None:
    assert told(PushRosNamespace(outer), name="teller", namespace=inner)["name"] == name


def test_scoped_parameters_end_with_their_group(told: Told) -> None:
    found = told(
        GroupAction([SetParameter("inner", 1), PushRosNamespace("inner")]),
        SetParameter(name="outer", value=LaunchConfiguration("none", default="0.5")),
        SetParameter(name="own", value="x"),
        name="teller",
        parameters=[{"own": "mine"}],
    )
    assert found["name"] == "/teller"
    values = [found["parameters"].get(name) for name in ("inner", "outer", "own")]
    assert values == [None, 0.5, "mine"]
