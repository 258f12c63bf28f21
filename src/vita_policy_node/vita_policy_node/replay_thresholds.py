"""Thresholds that make a replay pass or fail, from a YAML file."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vita_dataset.errors import UsageError
from vita_policy_node.replay_report import ReplayReport

OVERALL = (
    "max_mae_over_range",
    "min_correlation",
    "max_seam_jump",
    "max_seam_ratio",
    "max_jerk_ratio",
    "max_dropped_share",
    "max_limited_share",
    "max_held_share",
)
"""Limits on ``ReplayReport.figures``, ``max_`` or ``min_`` before the figure's name."""

JOINT = ("max_mae", "max_rmse", "min_correlation", "max_seam_jump")
"""Limits for one joint, in its unit."""

BEAT_HOLD = "must_beat_hold"
JOINTS = "joints"


@dataclass(frozen=True)
class Threshold:
    """A limit on one figure: ``name`` is a key of the file, ``joint`` is empty for all joints together.

    ``limit`` is 1 for ``must_beat_hold``, whose figure is 1 where the policy does and 0 where not.
    """

    name: str
    limit: float
    joint: str = ""

    @property
    def label(self) -> str:
        """How people know it."""
        return f"{JOINTS}.{self.joint}.{self.name}" if self.joint else self.name


@dataclass(frozen=True)
class Judgement:
    """A threshold and the figure that came; NaN, where it cannot be told, passes nothing."""

    threshold: Threshold
    value: float

    @property
    def passed(self) -> bool:
        """Whether the figure is known and within the limit."""
        if self.threshold.name.startswith("max_"):
            return self.value <= self.threshold.limit
        return self.value >= self.threshold.limit

    def sentence(self) -> str:
        """One line for people."""
        label, limit = self.threshold.label, self.threshold.limit
        if self.threshold.name == BEAT_HOLD:
            return f"{label}: the policy {'is' if self.passed else 'is not'} better than holding the pose"
        if math.isnan(self.value):
            return f"{label}: cannot be told from this recording, the limit is {limit:g}"
        # What is above its limit must not look equal to it.
        value, side = f"{self.value:.6g}", "at most" if self.threshold.name.startswith("max_") else "at least"
        return f"{label}: is {value}, must be {side} {limit:g}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        value = None if math.isnan(self.value) else self.value
        return {"name": self.threshold.label, "limit": self.threshold.limit, "value": value, "passed": self.passed}


def read_thresholds(path: Path) -> tuple[Threshold, ...]:
    """Read a file of thresholds.

    Raises:
        UsageError: it cannot be read, has an unknown key (the nearest known one is named), a limit that is no number
            of 0 or more (a correlation: -1 to 1), or no threshold at all; everything wrong is listed.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"--thresholds '{path}' cannot be read ({error}); give a YAML file") from error
    if not isinstance(document, Mapping) or not document:
        raise UsageError(f"--thresholds '{path}' must hold thresholds by name, such as 'max_mae_over_range: 0.1'")
    problems: list[str] = []
    joints = document.get(JOINTS, {})
    if not isinstance(joints, Mapping) or not all(isinstance(limits, Mapping) for limits in joints.values()):
        problems.append(f"'{JOINTS}' must hold thresholds below the name of each joint, but is {joints!r}")
        joints = {}
    found = list(_overall(document, problems))
    for joint, limits in joints.items():
        found += _limits(limits, JOINT, problems, str(joint))
    if not found and not problems:
        problems.append("it has no threshold")
    if problems:
        raise UsageError(f"--thresholds '{path}' needs mending: {'; '.join(problems)}")
    return tuple(found)


def _overall(document: Mapping[Any, Any], problems: list[str]) -> Iterator[Threshold]:
    must = document.get(BEAT_HOLD, False)
    if not isinstance(must, bool):
        problems.append(f"'{BEAT_HOLD}' must be true or false, but is {must!r}")
    elif must:
        yield Threshold(BEAT_HOLD, 1.0)
    rest = {key: value for key, value in document.items() if key not in (BEAT_HOLD, JOINTS)}
    yield from _limits(rest, OVERALL, problems, known=(*OVERALL, BEAT_HOLD, JOINTS))


def _limits(
    limits: Mapping[Any, Any], names: Sequence[str], problems: list[str], joint: str = "", known: Sequence[str] = ()
) -> Iterator[Threshold]:
    for name, limit in limits.items():
        threshold = Threshold(str(name), limit, joint)
        least = -1.0 if str(name) == "min_correlation" else 0.0
        if name not in names:
            problems.append(f"'{threshold.label}' is not known{_did_you_mean(str(name), known or names)}")
        elif isinstance(limit, bool) or not isinstance(limit, (int, float)) or not least <= limit < math.inf:
            problems.append(f"'{threshold.label}' must be a number from {least:g}, but is {limit!r}")
        else:
            yield Threshold(str(name), float(limit), joint)


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(known)}"


def check_joints(thresholds: Sequence[Threshold], names: Sequence[str]) -> None:
    """Refuse thresholds for joints that the policy does not have.

    Raises:
        UsageError: there is one; the nearest joint is named.
    """
    for joint in dict.fromkeys(threshold.joint for threshold in thresholds if threshold.joint):
        if joint not in names:
            raise UsageError(f"a threshold is for joint '{joint}', which is not known{_did_you_mean(joint, names)}")


def judge(thresholds: Sequence[Threshold], report: ReplayReport) -> tuple[Judgement, ...]:
    """Compare a report with its thresholds, in their order; ``check_joints`` has passed them."""
    return tuple(Judgement(threshold, _value(threshold, report)) for threshold in thresholds)


def _value(threshold: Threshold, report: ReplayReport) -> float:
    if threshold.name == BEAT_HOLD:
        return float(report.beats_hold)
    name = threshold.name.removeprefix("max_").removeprefix("min_")
    if not threshold.joint:
        return report.figures[name]
    of_joints = {
        "mae": report.policy.mae,
        "rmse": report.policy.rmse,
        "correlation": report.policy.correlation,
        "seam_jump": report.seams.largest,
    }
    return float(of_joints[name][report.names.index(threshold.joint)])
