"""A recording through a policy: ``ros2 launch vita_bringup replay.launch.py bag:=<folder> checkpoint:=<folder>``.

In order: the node is brought up and started; when it is active, a recorder and the player start; when the player has
ended, the recorder is ended; then the offline replay writes its report, the live node's errors included.

With ``loop:=true`` the bag is played again and again until Ctrl-C, to watch the node; then nothing is recorded and
reported, for there the same stamps come many times.

The launch fails, with exit status 1, when one of them does, or when the report does not pass its ``thresholds``.

A replay can never drive a robot: only the topics that the policy reads are played, recorded commands are played under
/recorded, and the node's own commands go to /replay.
"""

from datetime import datetime
from pathlib import Path

import yaml
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.events import matches_action
from launch.events.process import ProcessExited, ShutdownProcess
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.event_handlers import OnStateTransition

from vita_dataset.robot import Robot, read_robot_file
from vita_policy_node.recording import full_name, input_topics
from vita_policy_node.robot_files import find_robot_file

COMMAND_PREFIX = "/replay"
RECORDED_ACTION = "/recorded/action"
# Simulated time advances in steps of 1 / CLOCK_HZ: fine beside a control period of 33 ms.
CLOCK_HZ = "200"
# The player waits so long before the first message, for publishers and subscribers to find each other [s].
PLAYER_DELAY_S = "2.0"


def replay(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    bag = Path(argument("bag")).expanduser()
    path = find_robot_file(argument("robot") or str(bag / "robot.yaml"))
    robot = read_robot_file(path)
    check_bag(bag, robot)
    loop = argument("loop").lower()
    if loop not in ("true", "false"):
        raise RuntimeError(f"loop must be true or false, but is '{argument('loop')}'")
    player = play(robot, bag, argument("rate"), loop == "true")
    out = Path(argument("out") or f"replay_{bag.resolve().name}").expanduser()
    live = out / f"live_{datetime.now():%Y%m%d-%H%M%S}"
    recorder = ExecuteProcess(
        name="recorder",
        output="screen",
        cmd=[
            *("ros2", "bag", "record", "-o", str(live), "--topics"),
            *(sent_to(topic) for topic in command_topics(robot)),
            *(RECORDED_ACTION, "/vita_policy/action_chunk"),
        ],
    )
    report = ExecuteProcess(
        name="replay",
        output="screen",
        cmd=[
            *("ros2", "run", "vita_policy_node", "replay"),
            *("--bag", str(bag), "--robot", str(path), "--out", str(out), "--commands", str(live)),
            *("--checkpoint", argument("checkpoint")),
            *(("--device", argument("device")) if argument("device") else ()),
            *(("--thresholds", argument("thresholds")) if argument("thresholds") else ()),
        ],
    )

    def after_recorder(_event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if context.is_shutdown:
            return []
        if player.return_code == 0:
            return [report]
        raise RuntimeError(f"the recorder or the player failed, the player ended with {player.return_code}")

    def after_report(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if event.returncode and not context.is_shutdown:
            raise RuntimeError(f"the replay's report ended with {event.returncode}")
        return [Shutdown(reason="the replay is over")]

    def after_loops(event: ProcessExited, context: LaunchContext) -> None:
        if not context.is_shutdown:
            raise RuntimeError(f"the player ended with {event.returncode}")

    include = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), "policy_node.launch.py"])),
        launch_arguments=[
            ("robot", str(path)),
            ("checkpoint", argument("checkpoint")),
            ("device", argument("device")),
            ("use_sim_time", "true"),
            ("autostart_policy", "true"),
            ("command_prefix", COMMAND_PREFIX),
            # By its stamp the report finds the recorded action beside each command.
            ("stamp_commands", "true"),
            # A preview is nothing to compare.
            ("dry_run", "false"),
        ],
    )
    if loop == "true":
        return [
            RegisterEventHandler(OnStateTransition(goal_state="active", entities=[player], handle_once=True)),
            RegisterEventHandler(OnProcessExit(target_action=player, on_exit=after_loops)),
            include,
        ]
    return [
        RegisterEventHandler(OnStateTransition(goal_state="active", entities=[recorder, player], handle_once=True)),
        RegisterEventHandler(
            OnProcessExit(
                target_action=player,
                on_exit=[EmitEvent(event=ShutdownProcess(process_matcher=matches_action(recorder)))],
            )
        ),
        RegisterEventHandler(OnProcessExit(target_action=recorder, on_exit=after_recorder)),
        RegisterEventHandler(OnProcessExit(target_action=report, on_exit=after_report)),
        include,
    ]


def check_bag(bag: Path, robot: Robot) -> None:
    """Refuse, before anything starts, what the report could not use."""
    try:
        document = yaml.safe_load((bag / "metadata.yaml").read_text(encoding="utf-8"))
        topics = document["rosbag2_bagfile_information"]["topics_with_message_count"]
        names = {topic["topic_metadata"]["name"] for topic in topics}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise RuntimeError(f"'{bag}' is not a rosbag2 ({error!r}); give the bag's folder") from error
    missing = [topic for topic in command_topics(robot) if topic not in names]
    if RECORDED_ACTION not in names and missing:
        raise RuntimeError(
            f"bag '{bag}' has no recorded actions: neither {RECORDED_ACTION}, as 'vita_dataset to_bag' writes it, nor "
            f"commands on {missing}"
        )


def command_topics(robot: Robot) -> list[str]:
    return [full_name(arm.command_topic) for arm in robot.arms]


def sent_to(topic: str) -> str:
    """Where the node's commands go."""
    return f"{COMMAND_PREFIX}{topic}"


def play(robot: Robot, bag: Path, rate: str, loop: bool) -> ExecuteProcess:
    commands = command_topics(robot)
    inputs = [full_name(topic) for topic in input_topics(robot)]
    return ExecuteProcess(
        name="player",
        output="screen",
        cmd=[
            *("ros2", "bag", "play", str(bag), "--rate", rate, "--clock", CLOCK_HZ, "--delay", PLAYER_DELAY_S),
            *(("--loop",) if loop else ()),
            *("--disable-keyboard-controls", "--topics", *inputs, RECORDED_ACTION, *commands),
            *("--remap", *(f"{topic}:=/recorded{topic}" for topic in commands)),
        ],
    )


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="Folder of a rosbag2, as written by vita_dataset to_bag."),
            DeclareLaunchArgument("checkpoint", description="Step, checkpoints or session folder of the policy."),
            DeclareLaunchArgument("rate", default_value="1.0", description="Speed relative to the recording."),
            DeclareLaunchArgument(
                "loop", default_value="false", description="true: play until Ctrl-C, without recording and report."
            ),
            DeclareLaunchArgument(
                "thresholds", default_value="", description="YAML file of limits that the report must keep."
            ),
            DeclareLaunchArgument(
                "robot", default_value="", description="Robot file or its name; robot.yaml of the bag by default."
            ),
            DeclareLaunchArgument(
                "out", default_value="", description="Folder for report and recording; replay_<bag name> by default."
            ),
            DeclareLaunchArgument(
                "device",
                default_value="",
                description="cpu, cuda or cuda:<n>; that of the robot file, else cpu, by default.",
            ),
            OpaqueFunction(function=replay),
        ]
    )
