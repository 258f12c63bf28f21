"""Configurations, scopes, conditions, includes and substitutions."""

import os
from pathlib import Path

import pytest
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    Shutdown,
    TimerAction,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.event_handlers import OnShutdown
from launch.events import Shutdown as ShutdownEvent
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import (
    EnvironmentVariable,
    LaunchConfiguration,
    PathJoinSubstitution,
    PythonExpression,
    TextSubstitution,
)
from launching import Seen, launch


def test_given_values_win_over_defaults_which_may_use_each_other() -> None:
    seen = Seen()
    code = launch(
        SetLaunchConfiguration("arm", "right"),
        DeclareLaunchArgument("arm", default_value="left"),
        DeclareLaunchArgument("topic", default_value=["/", LaunchConfiguration("arm"), "/state"]),
        seen.see(LaunchConfiguration("topic")),
    )
    assert (code, seen) == (0, ["/right/state"])


def test_missing_argument_and_value_outside_the_choices_fail_the_launch() -> None:
    seen = Seen()
    assert launch(DeclareLaunchArgument("checkpoint"), seen.see("never")) == 1
    argument = DeclareLaunchArgument("arm", choices=["left", "right"])
    assert launch(SetLaunchConfiguration("arm", "middle"), argument, seen.see("never")) == 1
    assert seen == []
    with pytest.raises(ValueError, match="middle"):
        DeclareLaunchArgument("arm", default_value="middle", choices=["left"])


def test_group_scopes_configurations_and_environment() -> None:
    seen = Seen()
    both = [LaunchConfiguration("a", default="-"), EnvironmentVariable("GROUP_TEST", default_value="-")]
    launch(
        SetLaunchConfiguration("a", "1"),
        GroupAction([SetLaunchConfiguration("a", "2"), SetEnvironmentVariable("GROUP_TEST", "x"), seen.see(both)]),
        seen.see(both),
        GroupAction([SetLaunchConfiguration("a", "3")], scoped=False),
        seen.see(both),
    )
    assert seen == ["2x", "1-", "3-"]


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("True", True), ("1", True), ("FALSE", False), ("0", False)]
)
def test_conditions(text: str, truth: bool) -> None:
    seen = Seen()
    launch(
        seen.see("if", condition=IfCondition(text)),
        seen.see("unless", condition=UnlessCondition(text)),
        GroupAction([seen.see("group")], condition=IfCondition([text])),
    )
    assert seen == (["if", "group"] if truth else ["unless"])
    assert launch(seen.see("x", condition=IfCondition("perhaps"))) == 1


def test_substitutions() -> None:
    context = LaunchContext()
    context.launch_configurations["n"] = "3"
    os.environ["SUBSTITUTION_TEST"] = "home"
    assert PythonExpression(["2 * ", LaunchConfiguration("n")]).perform(context) == "6"
    assert PythonExpression(["'", LaunchConfiguration("n"), "' == '3'"]).perform(context) == "True"
    joined = PathJoinSubstitution([EnvironmentVariable("SUBSTITUTION_TEST"), ["x", LaunchConfiguration("n")], "y"])
    assert joined.perform(context) == os.path.join("home", "x3", "y")  # noqa: PTH118
    assert LaunchConfiguration("unknown", default="d").perform(context) == "d"
    with pytest.raises(Exception, match="unknown"):
        LaunchConfiguration("unknown").perform(context)
    with pytest.raises(Exception, match="UNKNOWN"):
        EnvironmentVariable("UNKNOWN").perform(context)


_CHILD = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetLaunchConfiguration
from launch.substitutions import LaunchConfiguration, ThisLaunchFileDir

def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument("given"),
        DeclareLaunchArgument("free", default_value="f", description="something free", choices=["f", "g"]),
        SetLaunchConfiguration("result", [ThisLaunchFileDir(), " ", LaunchConfiguration("given")]),
    ])
"""


def test_include_passes_arguments_and_leaves_its_configurations(tmp_path: Path) -> None:
    seen = Seen()
    (tmp_path / "child.launch.py").write_text(_CHILD)
    source = PythonLaunchDescriptionSource([TextSubstitution(text=str(tmp_path)), "/child.launch.py"])
    code = launch(
        SetLaunchConfiguration("value", "7"),
        IncludeLaunchDescription(source, launch_arguments={"given": LaunchConfiguration("value")}.items()),
        seen.see([LaunchConfiguration("result"), LaunchConfiguration("free")]),
    )
    assert (code, seen) == (0, [f"{tmp_path} 7f"])
    assert launch(IncludeLaunchDescription(source)) == 1  # an argument is missing
    assert launch(IncludeLaunchDescription(PythonLaunchDescriptionSource(str(tmp_path / "no.launch.py")))) == 1


def test_arguments_are_listed_without_launching(tmp_path: Path) -> None:
    child = tmp_path / "child.launch.py"
    child.write_text(_CHILD)
    include = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(child)), launch_arguments=[("given", "1")], condition=IfCondition("true")
    )
    own = DeclareLaunchArgument("own", description="mine", default_value=["a", TextSubstitution(text="b")])
    found = {argument.name: argument for argument in LaunchDescription([own, include]).get_launch_arguments()}
    assert {"own", "free"} <= set(found)
    assert (found["own"].description, found["free"].choices) == ("mine", ["f", "g"])
    assert [part.describe() for part in found["own"].default_value or []] == ["'a'", "'b'"]


def test_timer_waits_and_shutdown_forgets_it() -> None:
    seen = Seen()
    reasons: list[str] = []

    def on_shutdown(event: ShutdownEvent, _context: LaunchContext) -> None:
        reasons.append(event.reason)

    code = launch(
        RegisterEventHandler(OnShutdown(on_shutdown=on_shutdown)),
        TimerAction(period=0.05, actions=[seen.see("soon"), Shutdown(reason="enough")]),
        TimerAction(period=60.0, actions=[seen.see("never")]),
    )
    assert (code, seen, reasons) == (0, ["soon"], ["enough"])


def test_emitted_shutdown_and_idle_end_the_launch() -> None:
    seen = Seen()
    handler = RegisterEventHandler(OnShutdown(on_shutdown=[seen.see("over")]))
    assert launch(handler, EmitEvent(event=ShutdownEvent(reason="asked")), TimerAction(period=60.0, actions=[])) == 0
    assert launch(RegisterEventHandler(OnShutdown(on_shutdown=[seen.see("idle")]))) == 0
    assert seen == ["over", "idle"]


def test_functions_return_entities_and_their_exceptions_end_the_launch() -> None:
    seen = Seen()

    def more(_context: LaunchContext, prefix: str, *, suffix: str) -> list[OpaqueFunction]:
        return [seen.see(f"{prefix}-{suffix}")]

    def fail(_context: LaunchContext) -> None:
        raise ValueError("on purpose")

    waiting = TimerAction(period=60.0, actions=[])
    code = launch(
        OpaqueFunction(function=more, args=["a"], kwargs={"suffix": "b"}), waiting, OpaqueFunction(function=fail)
    )
    assert (code, seen) == (1, ["a-b"])
