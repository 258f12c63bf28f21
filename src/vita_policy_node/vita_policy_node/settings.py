"""The node's settings: one table that the node declares, the replay reads and the documentation lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vita_dataset.errors import DataError
from vita_policy_node.safety_settings import SAFETY_SETTINGS, SafetySettings
from vita_policy_node.schedule_settings import SCHEDULE_SETTINGS, ScheduleSettings
from vita_policy_node.setting import Setting, Value

LIMIT_MODES = ("clamp", "hold")
PRECISIONS = ("fp32", "bf16", "fp16")
NS_PER_S = 1_000_000_000

LEAST_STUCK_S = 0.5
"""In less a sound arm may not have begun to move, and slow rates give too few commands to judge."""


SETTINGS: tuple[Setting, ...] = (
    Setting("checkpoint", "", "Step folder, checkpoints folder or session folder of the policy to serve."),
    Setting("device", "cpu", "Where the model runs: 'cpu', 'cuda' or 'cuda:<n>'."),
    Setting("precision", "fp32", "Arithmetic of the model; the CPU always uses fp32.", choices=PRECISIONS),
    Setting("rate_hz", 0.0, "Commands per second, the policy's fps or more; 0 takes it over.", "Hz", 0.0, 1000.0),
    Setting("torch_threads", 0, "CPU threads of the model; 0 leaves it to torch.", "threads", 0, 256),
    Setting("slop_s", 0.025, "Largest difference between the stamps of one matched set.", "s", 0.0001, 1.0, live=True),
    Setting(
        "queue_size",
        60,
        "Messages kept for each stream while matching: fastest rate x (slop + worst latency) x 2.",
        "messages",
        2,
        10_000,
    ),
    Setting("camera_timeout_s", 0.2, "A camera whose newest stamp is older is stale: hold.", "s", 0.005, 10.0),
    Setting("state_timeout_s", 0.2, "A joint state whose newest stamp is older is stale: hold.", "s", 0.005, 10.0),
    Setting(
        "limit_mode",
        "clamp",
        "A command outside its position or step limit is clamped, or not sent at all (hold).",
        choices=LIMIT_MODES,
        live=True,
    ),
    Setting(
        "max_lag_steps",
        15,
        "A command further than so many times max_step from a joint's measured position is not sent (hold): "
        "the arm does not follow.",
        "steps",
        1,
        1000,
        live=True,
    ),
    Setting(
        "blank_spread",
        2.0,
        "A picture whose values spread less (standard deviation) is blank: hold; 0 = not checked.",
        "levels of 255",
        0.0,
        100.0,
        live=True,
    ),
    Setting(
        "frozen_move_rad",
        0.1,
        "A camera that repeats a picture although an arm joint moved further is frozen: hold; 0 = not checked.",
        "rad",
        0.0,
        6.3,
        live=True,
    ),
    Setting(
        "stuck_s",
        1.0,
        "An arm joint that stands still for so long although its commands moved is stuck: hold until the next start; "
        "0 = not checked, else 0.5 or more.",
        "s",
        0.0,
        10.0,
    ),
    Setting(
        "stamp_commands",
        False,
        "Fill header.stamp of the commands with the node's clock. By default it is 0, which tells the controller to "
        "start now, whatever its clock; a stamp makes it refuse commands as soon as the clocks differ by more than a "
        "control period. For recordings, as of a replay.",
    ),
    Setting("command_prefix", "", "Put before each command topic, so that no robot hears the commands."),
    Setting(
        "allow_unnamed_joints",
        False,
        "Accept a checkpoint without joint names: its vectors are then taken in the robot file's order.",
    ),
    Setting(
        "dry_run",
        False,
        "Do everything but command: what would be sent goes to ~/preview, and no arm is expected to follow.",
    ),
    Setting("autostart_policy", False, "Start commanding as soon as the node is active, without ~/start."),
    *SCHEDULE_SETTINGS,
    *SAFETY_SETTINGS,
)


@dataclass(frozen=True)
class NodeSettings:
    """The values of ``SETTINGS``, in code's units. ``rate_hz`` 0 means: the policy's fps."""

    checkpoint: str
    device: str
    precision: str
    torch_threads: int
    rate_hz: float
    slop_s: float
    queue_size: int
    camera_timeout_ns: int
    state_timeout_ns: int
    limit_mode: str
    max_lag_steps: int
    blank_spread: float
    frozen_move_rad: float
    stuck_ns: int
    stamp_commands: bool
    command_prefix: str
    allow_unnamed_joints: bool
    dry_run: bool
    autostart_policy: bool
    schedule: ScheduleSettings
    safety: SafetySettings

    @property
    def unheard(self) -> bool:
        """Whether no arm hears the commands, so that none can follow them."""
        return self.dry_run or bool(self.command_prefix)

    @property
    def gates_start(self) -> bool:
        """Whether the start pose is judged: not in a replay, and a dry run leads no arm to another one."""
        gate = self.safety.start_gate
        return gate != "off" and not self.command_prefix and not (self.dry_run and gate == "ramp")


def convert(setting: Setting, value: Any) -> Value:
    """A value as the setting's type: whole numbers pass for floats, nothing else is guessed.

    Raises:
        DataError: another type, out of range, or not one of the choices.
    """
    wanted = type(setting.default)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        raise DataError(f"parameter '{setting.name}' must be {wanted.__name__}, but is {value!r}")
    if setting.choices and value not in setting.choices:
        raise DataError(f"parameter '{setting.name}' must be one of {list(setting.choices)}, but is {value!r}")
    if setting.low is not None and setting.high is not None and not setting.low <= float(value) <= setting.high:
        unit = f" {setting.unit}" if setting.unit else ""
        raise DataError(
            f"parameter '{setting.name}' must be between {setting.low:g} and {setting.high:g}{unit}, but is {value!r}"
        )
    result: Value = value
    return result


def convert_all(settings: Sequence[Setting], parameters: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The value of each setting by name, its default where the parameters have none; and every problem found."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for setting in settings:
        try:
            values[setting.name] = convert(setting, parameters.get(setting.name, setting.default))
        except DataError as error:
            problems.append(str(error))
    return values, problems


def read_settings(parameters: Mapping[str, Any]) -> NodeSettings:
    """Settings from parameters; what is absent takes its default, what is no setting is left to others.

    Raises:
        DataError: lists every setting that has a wrong type or value.
    """
    values, problems = convert_all(SETTINGS, parameters)
    if 0 < values.get("stuck_s", 0.0) < LEAST_STUCK_S:
        problems.append(f"parameter 'stuck_s' must be 0 or at least {LEAST_STUCK_S:g} s, but is {values['stuck_s']!r}")
    if problems:
        raise DataError("; ".join(problems))
    for name in ("camera_timeout", "state_timeout", "stuck"):
        values[f"{name}_ns"] = round(values.pop(f"{name}_s") * NS_PER_S)
    values["schedule"] = ScheduleSettings.taken_from(values)
    values["safety"] = SafetySettings.taken_from(values)
    return NodeSettings(**values)
