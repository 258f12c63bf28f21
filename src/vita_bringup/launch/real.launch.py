"""A policy on a robot: ``ros2 launch vita_bringup real.launch.py robot:=ur12e checkpoint:=<folder>``.

The node becomes active and waits; ``ros2 service call /vita_policy/start std_srvs/srv/Trigger`` makes it command.
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
                "device", default_value="cpu", description="Where the model runs: cpu, cuda or cuda:<n>."
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(PathJoinSubstitution([ThisLaunchFileDir(), "policy_node.launch.py"])),
                launch_arguments=[(name, LaunchConfiguration(name)) for name in names],
            ),
        ]
    )
