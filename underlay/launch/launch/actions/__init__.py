"""What a launch description can do."""

from .._coverage import refuse_attributes
from ..action import Action
from .event_actions import (
    EmitEvent,
    LogInfo,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from .execute_process import ExecuteProcess
from .nesting import GroupAction, IncludeLaunchDescription, OpaqueFunction
from .settings import (
    DeclareLaunchArgument,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
)

__all__ = [
    "Action",
    "DeclareLaunchArgument",
    "EmitEvent",
    "ExecuteProcess",
    "GroupAction",
    "IncludeLaunchDescription",
    "LogInfo",
    "OpaqueFunction",
    "RegisterEventHandler",
    "SetEnvironmentVariable",
    "SetLaunchConfiguration",
    "Shutdown",
    "TimerAction",
]

__getattr__ = refuse_attributes(__name__)
