"""The one description of the policy node, brought up to active; the other launch files include it.

The launch ends when the node does, or when it refuses to configure or to activate.
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler, Shutdown
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

from vita_dataset.robot import read_robot_file
from vita_policy_node.robot_files import find_robot_file

ARGUMENTS = (
    DeclareLaunchArgument("robot", description="Robot file, or the name of one in vita_bringup/config."),
    DeclareLaunchArgument("checkpoint", description="Step, checkpoints or session folder of the policy."),
    DeclareLaunchArgument("device", default_value="cpu", description="Where the model runs: cpu, cuda or cuda:<n>."),
    DeclareLaunchArgument("use_sim_time", default_value="false", description="Take the time from /clock."),
    DeclareLaunchArgument("autostart_policy", default_value="false", description="Command as soon as active."),
    DeclareLaunchArgument(
        "command_prefix", default_value="", description="Put before each command topic, so that no robot hears it."
    ),
)


def bring_up(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    path = find_robot_file(LaunchConfiguration("robot").perform(context))
    prefix = LaunchConfiguration("command_prefix").perform(context)
    topics = [arm.command_topic for arm in read_robot_file(path).arms]
    node = LifecycleNode(
        package="vita_policy_node",
        executable="policy_node",
        name="vita_policy",
        namespace="",
        output="screen",
        parameters=[
            str(path),
            {
                "checkpoint": ParameterValue(LaunchConfiguration("checkpoint"), value_type=str),
                "device": ParameterValue(LaunchConfiguration("device"), value_type=str),
                "use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool),
                "autostart_policy": ParameterValue(LaunchConfiguration("autostart_policy"), value_type=bool),
            },
        ],
        remappings=[(topic, f"{prefix}/{topic.lstrip('/')}") for topic in topics] if prefix else [],
        on_exit=[Shutdown(reason="the policy node has ended")],
    )

    def change(transition: int) -> EmitEvent:
        return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition))

    def on_transition(start: str, goal: str, reaction: LaunchDescriptionEntity) -> RegisterEventHandler:
        return RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node, start_state=start, goal_state=goal, entities=[reaction], handle_once=True
            )
        )

    return [
        on_transition("configuring", "inactive", change(Transition.TRANSITION_ACTIVATE)),
        on_transition("configuring", "unconfigured", Shutdown(reason="the policy node refused to configure")),
        on_transition("activating", "inactive", Shutdown(reason="the policy node refused to activate")),
        on_transition("activating", "errorprocessing", Shutdown(reason="the policy node failed to activate")),
        node,
        change(Transition.TRANSITION_CONFIGURE),
    ]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=bring_up)])
