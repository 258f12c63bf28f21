"""The settings of ``run_episodes``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError
from vita_policy_node.setting import Setting
from vita_sim.episode import FIRST_SEED, TIME_LIMIT_S
from vita_sim.sim_settings import LARGEST_SEED, checked

SETTINGS: tuple[Setting, ...] = (
    Setting("robot", "", "Robot file, or the name of one in vita_bringup/config; the scene's own by default."),
    Setting("scene", "lift", "What is simulated."),
    Setting("episodes", 10, "How many.", "", 1, 100_000),
    Setting("seed", FIRST_SEED, "Of the first episode; the next take seed + 1 and so on.", "", 0, LARGEST_SEED),
    Setting("time_limit_s", TIME_LIMIT_S, "Simulated time that the policy has in an episode.", "s", 0.1, 3600.0),
    Setting("out", "", "Folder for evaluation.json and videos; evaluation_<scene>_node by default."),
    Setting("videos", "all", "How many of the first episodes are filmed: a number or all."),
    Setting("min_success", 0.0, "Exit with 1 when a smaller share of the episodes succeeds.", "", 0.0, 1.0),
)


@dataclass(frozen=True)
class RunSettings:
    """The values of ``SETTINGS``. ``videos`` None means: all episodes."""

    robot: str
    scene: str
    episodes: int
    seed: int
    time_limit_s: float
    out: Path
    videos: int | None
    min_success: float


def read_run_settings(parameters: Mapping[str, Any]) -> RunSettings:
    """Settings from parameters; what is absent takes its default.

    Raises:
        DataError: lists every setting that has a wrong type or value.
    """
    videos = parameters.get("videos", "all")
    # A number on a command line arrives as one.
    values = checked(SETTINGS, {**parameters, "videos": str(videos)})
    if str(videos) != "all" and not str(videos).isdecimal():
        raise DataError(f"parameter 'videos' must be a number from 0 or all, but is {videos!r}")
    values["videos"] = None if str(videos) == "all" else int(videos)
    values["out"] = Path(values["out"] or f"evaluation_{values['scene']}_node").expanduser()
    return RunSettings(**values)
