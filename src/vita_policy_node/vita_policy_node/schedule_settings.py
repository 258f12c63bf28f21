"""The settings of how chunks follow one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vita_policy_node.setting import Setting

SCHEDULES = ("open_loop", "receding", "temporal_ensemble", "blend")

SCHEDULE_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "schedule",
        "open_loop",
        "How chunks follow one another: each is executed to its end; or replaced earlier (receding); or averaged with "
        "all that predict the same time; or faded into the next.",
        choices=SCHEDULES,
    ),
    Setting(
        "replan_steps",
        0,
        "Steps of a chunk until the next one is to take over, below the policy's action_horizon; 0 = half of that for "
        "receding, 1 for temporal_ensemble, all for blend. Without effect for open_loop.",
        "steps",
        0,
        1000,
    ),
    Setting(
        "ensemble_decay",
        0.01,
        "temporal_ensemble: the weights are exp(-decay x i), i = 0 for the oldest chunk; 0 = all alike, negative = the "
        "newest counts most.",
        "",
        -5.0,
        5.0,
    ),
    Setting("blend_steps", 4, "blend: steps of the cross-fade from a chunk to the next.", "steps", 1, 1000),
)


@dataclass(frozen=True)
class ScheduleSettings:
    """The values of ``SCHEDULE_SETTINGS``."""

    schedule: str
    replan_steps: int
    ensemble_decay: float
    blend_steps: int

    @classmethod
    def taken_from(cls, values: dict[str, Any]) -> ScheduleSettings:
        """From the values of all settings by name, which lose these."""
        return cls(**{setting.name: values.pop(setting.name) for setting in SCHEDULE_SETTINGS})

    def steps_until_next(self, action_horizon: int) -> int:
        """The steps of a chunk after which the next one is to take over, 1 to ``action_horizon``."""
        if self.schedule == "open_loop":
            return action_horizon
        own = {"receding": max(1, action_horizon // 2), "temporal_ensemble": 1, "blend": action_horizon}
        return self.replan_steps or own[self.schedule]

    def problems(self, action_horizon: int) -> list[str]:
        """What does not fit a policy of which so many steps of a chunk are executed, one sentence each."""
        found = []
        if self.schedule != "open_loop" and self.replan_steps >= action_horizon:
            found.append(f"replan_steps is {self.replan_steps}, but must be below the policy's {action_horizon} steps")
        steps = self.steps_until_next(action_horizon)
        if self.schedule == "blend" and self.blend_steps > steps:
            found.append(f"blend_steps is {self.blend_steps}, but the next chunk comes after {steps} steps")
        return found
