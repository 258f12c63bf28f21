"""A policy on a robot: ``ros2 launch vita_bringup real.launch.py robot:=ur12e checkpoint:=<folder>``.

The node becomes active and waits; ``ros2 service call /vita_policy/start std_srvs/srv/Trigger`` makes it command. That
a robot file sets autostart_policy changes nothing here: an arm moves when somebody has asked for it.

With ``record:=<bag>`` everything that a replay needs is recorded from the beginning to the end of the launch. Where a
recording was asked for, nothing happens without it: when the recorder ends early, the launch fails and the node stops.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.event_handlers import OnStateTransition

from vita_dataset.robot import read_parameters
from vita_policy_node.recording import recorded_topics, robot_file_of_recording
from vita_policy_node.robot_files import find_robot_file

ARGUMENTS = (
    DeclareLaunchArgument("robot", description="Robot file, or the name of one in vita_bringup/config."),
    DeclareLaunchArgument("checkpoint", description="Step, checkpoints or session folder of the policy."),
    DeclareLaunchArgument(
        "device", default_value="", description="cpu, cuda or cuda:<n>; that of the robot file, else cpu, by default."
    ),
    DeclareLaunchArgument(
        "dry_run", default_value="", description="true: do everything but command; the robot file decides by default."
    ),
    DeclareLaunchArgument("namespace", default_value="", description="Of the node, and of topics without a leading /."),
    DeclareLaunchArgument(
        "record", default_value="", description="Bag to make of cameras, joint states, commands and what the node says."
    ),
)
PASSED_ON = ("robot", "checkpoint", "device", "dry_run", "namespace")


def record(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    if not argument("record"):
        return []
    bag = Path(argument("record")).expanduser()
    if bag.exists():
        raise RuntimeError(f"record:='{bag}' exists already; name a new folder for the recording")
    path = find_robot_file(argument("robot"))
    robot_file = robot_file_of_recording(path, argument("namespace"))
    bag.parent.mkdir(parents=True, exist_ok=True)
    recorder = ExecuteProcess(
        name="recorder",
        output="screen",
        cmd=[
            *("ros2", "bag", "record", "-o", str(bag), "--topics"),
            *recorded_topics(read_parameters(path), argument("namespace")),
        ],
    )

    def keep_robot_file(_context: LaunchContext) -> None:
        if bag.is_dir():  # The recorder makes it, and refuses one that is there before it.
            (bag / "robot.yaml").write_text(robot_file, encoding="utf-8")

    def on_end(event: ProcessExited, context: LaunchContext) -> None:
        keep_robot_file(context)
        if not context.is_shutdown:
            raise RuntimeError(f"the recorder ended with {event.returncode} before the launch did")

    keep = OpaqueFunction(function=keep_robot_file)
    return [
        # No arm moves before the node is active: a recording that is cut short has its robot file, too.
        RegisterEventHandler(OnStateTransition(goal_state="active", entities=[keep], handle_once=True)),
        RegisterEventHandler(OnProcessExit(target_action=recorder, on_exit=on_end)),
        recorder,
    ]


def generate_launch_description() -> LaunchDescription:
    include = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), "policy_node.launch.py"])),
        launch_arguments=[(name, LaunchConfiguration(name)) for name in PASSED_ON],
    )
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=record), include])
