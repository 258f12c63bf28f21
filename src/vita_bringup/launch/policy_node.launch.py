"""The one description of the policy node, brought up to active; the other launch files include it.

The launch ends when the node does, and never starts it again. It fails, with exit status 1, when the node refuses to
configure or to activate, or ends with an error; it then says with which exit code.
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler, Shutdown
from launch.event_handlers import OnProcessExit
from launch.events import matches_action
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

from vita_dataset.robot import read_robot_file
from vita_policy_node.recording import check_block
from vita_policy_node.robot_files import find_robot_file

ARGUMENTS = (
    DeclareLaunchArgument("robot", description="Robot file, or the name of one in vita_bringup/config."),
    DeclareLaunchArgument("checkpoint", description="Step, checkpoints or session folder of the policy."),
    DeclareLaunchArgument(
        "device", default_value="", description="cpu, cuda or cuda:<n>; that of the robot file, else cpu, by default."
    ),
    DeclareLaunchArgument(
        "dry_run", default_value="", description="Do everything but command; the robot file decides by default."
    ),
    DeclareLaunchArgument("namespace", default_value="", description="Of the node, and of topics without a leading /."),
    DeclareLaunchArgument("use_sim_time", default_value="false", description="Take the time from /clock."),
    DeclareLaunchArgument("autostart_policy", default_value="false", description="Command as soon as active."),
    DeclareLaunchArgument(
        "command_prefix", default_value="", description="Put before each command topic, so that no robot hears it."
    ),
    DeclareLaunchArgument(
        "stamp_commands", default_value="", description="Fill the commands' stamps; the robot file decides by default."
    ),
)


# Arguments that replace what the robot file says, when they are given, and their types.
OPTIONAL = {"device": str, "command_prefix": str, "stamp_commands": bool, "dry_run": bool}


def fail(_context: LaunchContext, reason: str) -> list[LaunchDescriptionEntity]:
    """Only an exception gives ``ros2 launch`` an exit status other than 0."""
    raise RuntimeError(reason)


def bring_up(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    path = find_robot_file(LaunchConfiguration("robot").perform(context))
    read_robot_file(path)  # A mistake in it is told now, by its own words.
    check_block(path, LaunchConfiguration("namespace").perform(context))
    given = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, kind in OPTIONAL.items()
        if LaunchConfiguration(name).perform(context)
    }
    if "command_prefix" in given:
        # The switch guards an arm, and none hears these commands; in a recording nobody holds it.
        given["dead_man_topic"] = ParameterValue("", value_type=str)
    node = LifecycleNode(
        package="vita_policy_node",
        executable="policy_node",
        name="vita_policy",
        # A waiting thread of torch that spins keeps its fellows off the cores when drivers want them too.
        additional_env={"OMP_WAIT_POLICY": "PASSIVE"},
        namespace=LaunchConfiguration("namespace"),
        output="screen",
        parameters=[
            str(path),
            {
                "checkpoint": ParameterValue(LaunchConfiguration("checkpoint"), value_type=str),
                "use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool),
                "autostart_policy": ParameterValue(LaunchConfiguration("autostart_policy"), value_type=bool),
                **given,
            },
        ],
    )

    def on_end(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if event.returncode and not context.is_shutdown:
            fail(context, f"the policy node ended with {event.returncode}")
        return [Shutdown(reason="the policy node has ended")]

    def failure(reason: str) -> OpaqueFunction:
        return OpaqueFunction(function=fail, args=[reason])

    def change(transition: int) -> EmitEvent:
        return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition))

    def on_transition(start: str, goal: str, reaction: LaunchDescriptionEntity) -> RegisterEventHandler:
        return RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node, start_state=start, goal_state=goal, entities=[reaction], handle_once=True
            )
        )

    return [
        RegisterEventHandler(OnProcessExit(target_action=node, on_exit=on_end)),
        on_transition("configuring", "inactive", change(Transition.TRANSITION_ACTIVATE)),
        on_transition("configuring", "unconfigured", failure("the policy node refused to configure")),
        on_transition("activating", "inactive", failure("the policy node refused to activate")),
        on_transition("activating", "errorprocessing", failure("the policy node failed to activate")),
        node,
        change(Transition.TRANSITION_CONFIGURE),
    ]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=bring_up)])
