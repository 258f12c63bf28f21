"""The settings of what stands between policy and arm beside the limits of each joint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vita_policy_node.setting import Setting

START_GATES = ("refuse", "ramp", "off")
WORKSPACES = ("warn", "hold", "off")

SAFETY_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "start_gate",
        "refuse",
        "A start from a pose that is not among the start poses of training is refused, or the arm is first moved there "
        "slowly (ramp), or nobody looks (off). Without effect where the checkpoint does not know its start poses.",
        choices=START_GATES,
    ),
    Setting(
        "start_tolerance_rad",
        0.1,
        "So far outside the range of the start poses an arm joint may be at a start.",
        "rad",
        0.0,
        3.2,
    ),
    Setting("ramp_speed_rad_s", 0.1, "Speed of the fastest joint in a ramp to the start poses.", "rad/s", 0.001, 1.0),
    Setting(
        "workspace",
        "warn",
        "A command that leads an arm joint out of the range of the training states is counted and logged once (warn), "
        "or not sent (hold), or nobody looks (off).",
        choices=WORKSPACES,
    ),
    Setting(
        "workspace_margin",
        0.1,
        "So far beyond the 1 % and 99 % quantiles of the training states a joint is still inside, as a share of the "
        "range between them; 0.05 rad at least.",
        "share",
        0.0,
        10.0,
    ),
    Setting(
        "max_violations",
        0,
        "So many actions in a row that hit a limit stop the policy; 0 = they are only counted.",
        "actions",
        0,
        1_000_000,
    ),
    Setting(
        "dead_man_topic",
        "",
        "std_msgs/Bool that must say true again and again, else hold; empty = no dead-man switch.",
    ),
    Setting("dead_man_timeout_s", 0.5, "So long a true of the dead-man switch counts.", "s", 0.02, 10.0),
    Setting(
        "age_warn",
        0.75,
        "Share of a stream's timeout from which its age is counted and logged once; 0 = not told.",
        "share",
        0.0,
        1.0,
        live=True,
    ),
    Setting(
        "age_skip",
        1.0,
        "Share of a stream's timeout from which no prediction is started; the chunk in use goes on.",
        "share",
        0.05,
        1.0,
        live=True,
    ),
    Setting(
        "age_stop",
        0.0,
        "Multiple of a stream's timeout from which a hold becomes a stop; 0 = the hold ends when the stream is back.",
        "timeouts",
        0.0,
        10_000.0,
        live=True,
    ),
    Setting(
        "urdf",
        "",
        "Path of a URDF, or its text: its ranges narrow position_min and position_max of the arm's joints.",
    ),
    Setting(
        "inference_timeout_s",
        10.0,
        "A prediction that takes longer stops the policy, for the model may hang; 0 = not watched.",
        "s",
        0.0,
        600.0,
    ),
)


@dataclass(frozen=True)
class SafetySettings:
    """The values of ``SAFETY_SETTINGS``, in code's units."""

    start_gate: str
    start_tolerance_rad: float
    ramp_speed_rad_s: float
    workspace: str
    workspace_margin: float
    max_violations: int
    dead_man_topic: str
    dead_man_timeout_ns: int
    age_warn: float
    age_skip: float
    age_stop: float
    urdf: str
    inference_timeout_ns: int

    @classmethod
    def taken_from(cls, values: dict[str, Any]) -> SafetySettings:
        """From the values of all settings by name, which lose these."""
        own = {setting.name: values.pop(setting.name) for setting in SAFETY_SETTINGS}
        for name in ("dead_man_timeout", "inference_timeout"):
            own[f"{name}_ns"] = round(own.pop(f"{name}_s") * 1e9)
        return cls(**own)
