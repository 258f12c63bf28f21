"""A policy on a simulated robot: ``ros2 launch vita_bringup sim.launch.py checkpoint:=<folder>``.

real.launch.py with ``sim_robot`` in place of hardware: the same node, topics and limits. Without ``episodes`` the node
becomes active and waits for ``ros2 service call /vita_policy/start std_srvs/srv/Trigger``.

With ``episodes:=N`` the policy runs N episodes as soon as it is active; then the report is printed and the launch ends.
It fails, with exit status 1, when an episode could not be run or fewer than ``min_success`` succeeded.
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.parameter_descriptions import ParameterValue

from vita_sim.stage import open_stage

ARGUMENTS = (
    DeclareLaunchArgument("checkpoint", description="Step, checkpoints or session folder of the policy."),
    DeclareLaunchArgument(
        "robot", default_value="", description="Robot file or its name; that of the scene by default."
    ),
    DeclareLaunchArgument(
        "device", default_value="", description="cpu, cuda or cuda:<n>; that of the robot file, else cpu, by default."
    ),
    DeclareLaunchArgument("scene", default_value="lift", description="What is simulated."),
    DeclareLaunchArgument(
        "seed", default_value="1000000", description="How the first episode begins; demonstrations count from 0."
    ),
    DeclareLaunchArgument("image_height", default_value="240", description="Rows of all pictures."),
    DeclareLaunchArgument("image_width", default_value="320", description="Columns of all pictures."),
    DeclareLaunchArgument(
        "real_time_factor", default_value="1.0", description="Simulated seconds for each second of the wall clock."
    ),
    DeclareLaunchArgument("viewer", default_value="false", description="Show the scene in a window."),
    DeclareLaunchArgument(
        "episodes", default_value="0", description="Run so many episodes, report and end; 0 = run until Ctrl-C."
    ),
    DeclareLaunchArgument("time_limit_s", default_value="15.0", description="Simulated time for an episode [s]."),
    DeclareLaunchArgument(
        "out", default_value="", description="Folder for report and videos; evaluation_<scene>_node by default."
    ),
    DeclareLaunchArgument("videos", default_value="all", description="How many episodes are filmed: a number or all."),
    DeclareLaunchArgument(
        "min_success", default_value="0.0", description="Fail when a smaller share of the episodes succeeds."
    ),
)
ROBOT_PARAMETERS = {
    "scene": str,
    "seed": int,
    "image_height": int,
    "image_width": int,
    "real_time_factor": float,
    "viewer": bool,
}
EPISODE_PARAMETERS = {
    "scene": str,
    "seed": int,
    "episodes": int,
    "time_limit_s": float,
    "out": str,
    "videos": str,
    "min_success": float,
}


def simulate(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    # That it fits the scene is known before anything starts.
    path = str(open_stage(argument("scene"), argument("robot")).robot_file)
    episodes = argument("episodes")
    if not episodes.isdecimal():
        raise RuntimeError(f"episodes must be a number from 0, but is '{episodes}'")

    def process(executable: str, parameters: dict[str, type]) -> Node:
        values = {name: ParameterValue(LaunchConfiguration(name), value_type=kind) for name, kind in parameters.items()}
        return Node(
            package="vita_sim",
            executable=executable,
            name=executable,
            output="screen",
            parameters=[{"robot": path, **values}],
        )

    robot = process("sim_robot", ROBOT_PARAMETERS)
    runner = process("run_episodes", EPISODE_PARAMETERS)

    def on_robot_exit(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if context.is_shutdown:
            return []
        raise RuntimeError(f"the simulated robot ended with {event.returncode}")

    def on_runner_exit(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if event.returncode:
            early = "the launch ended before the episodes were over: " if context.is_shutdown else ""
            raise RuntimeError(f"{early}their run ended with {event.returncode}")
        return [Shutdown(reason="the episodes are over")]

    include = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), "policy_node.launch.py"])),
        launch_arguments=[
            ("robot", path),
            ("checkpoint", LaunchConfiguration("checkpoint")),
            ("device", LaunchConfiguration("device")),
            ("use_sim_time", "true"),
        ],
    )
    run = [
        RegisterEventHandler(OnStateTransition(goal_state="active", entities=[runner], handle_once=True)),
        RegisterEventHandler(OnProcessExit(target_action=runner, on_exit=on_runner_exit)),
    ]
    return [
        RegisterEventHandler(OnProcessExit(target_action=robot, on_exit=on_robot_exit)),
        *(run if int(episodes) else []),
        robot,
        include,
    ]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=simulate)])
