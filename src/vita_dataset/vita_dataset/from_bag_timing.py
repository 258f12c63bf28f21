"""How fast the steps of a recording follow each other and what belongs together, from the robot file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError, UsageError

MATCHING = {"slop_s": (0.025, 0.0001, 1.0), "queue_size": (60, 2, 10_000)}
"""What the node takes where the robot file is silent, and the range it allows."""


@dataclass(frozen=True)
class Timing:
    """When steps are, and which messages belong to one.

    Attributes:
        rate_hz: steps per second.
        slop_ns: the stamps of a matched set span less; cut to whole nanoseconds as ROS does.
        queue_size: messages of a stream that wait for others.
        gap_ns: an episode ends where no set came for longer; 0 = nowhere.
    """

    rate_hz: float
    slop_ns: int
    queue_size: int
    gap_ns: int

    @property
    def period_ns(self) -> int:
        """Time between steps."""
        return round(1e9 / self.rate_hz)


def read_timing(parameters: Mapping[str, Any], robot_file: Path, gap_s: float) -> Timing:
    """The timing of a robot file.

    Args:
        parameters: of the robot file, with dots in their names.
        robot_file: for messages.
        gap_s: an episode ends where no set came for longer [s]; 0 = nowhere.

    Raises:
        DataError: no rate, or a value out of the range that the node allows.
        UsageError: a gap that is not longer than a step.
    """
    problems: list[str] = []
    rate = parameters.get("rate_hz", 0.0)
    if not _is_number(rate) or not 0 < rate <= 1000:
        problems.append(f"'rate_hz' must be the steps per second of the recording, above 0 to 1000, but is {rate!r}")
    values: dict[str, Any] = {}
    for name, (default, low, high) in MATCHING.items():
        values[name] = value = parameters.get(name, default)
        if not _is_number(value) or not low <= value <= high or (isinstance(default, int) and value != int(value)):
            kind = "a whole number" if isinstance(default, int) else "a number"
            problems.append(f"'{name}' must be {kind} from {low} to {high}, but is {value!r}")
    if problems:
        raise DataError(f"the robot file '{robot_file}' needs mending: {'; '.join(problems)}")
    if gap_s != 0 and not 1 / rate < gap_s < 1e9:
        raise UsageError(
            f"--gap-s must be 0, for no split, or longer than a step of {1 / rate:.3g} s, but is {gap_s:g}"
        )
    return Timing(float(rate), int(values["slop_s"] * 1e9), int(values["queue_size"]), round(gap_s * 1e9))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
