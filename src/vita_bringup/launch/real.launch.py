"""A policy on a robot: ``ros2 launch vita_bringup real.launch.py robot:=ur12e checkpoint:=<folder>``.

The node becomes active and waits; ``ros2 service call /vita_policy/start std_srvs/srv/Trigger`` makes it command. That
a robot file sets autostart_policy changes nothing here: an arm moves when somebody has asked for it.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir


def generate_launch_description() -> LaunchDescription:
    names = ("robot", "checkpoint", "device")
    return LaunchDescription(
        [
            DeclareLaunchArgument("robot", description="Robot file, or the name of one in vita_bringup/config."),
            DeclareLaunchArgument("checkpoint", description="Step, checkpoints or session folder of the policy."),
            DeclareLaunchArgument(
                "device",
                default_value="",
                description="cpu, cuda or cuda:<n>; that of the robot file, else cpu, by default.",
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), "policy_node.launch.py"])),
                launch_arguments=[(name, LaunchConfiguration(name)) for name in names],
            ),
        ]
    )
