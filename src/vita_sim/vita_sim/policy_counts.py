"""What the policy node tells about a run in its diagnostics, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KINDS = ("hold", "limited", "fault")
"""How the keys of holds, hits and faults begin, in the order of ``PolicyCounts``."""


@dataclass(frozen=True)
class PolicyCounts:
    """Counts since the policy was started.

    Attributes:
        state: "IDLE", "RUNNING" or "HOLDING" when they were counted.
        holds: ticks that ended in a hold, by reason.
        hits: how often each rule of the safety gate changed or stopped an action, by "rule: joint".
        faults: how often a measurement was found that cannot be true, by "fault: where".
    """

    state: str
    holds: dict[str, int]
    hits: dict[str, int]
    faults: dict[str, int]


def read_counts(message: Any, name: str) -> PolicyCounts | None:
    """The counts in a diagnostic_msgs/DiagnosticArray; None where it is not about the policy of node ``name``."""
    for status in message.status:
        if status.name == f"{name}: policy":
            values = {pair.key: pair.value for pair in status.values}
            return PolicyCounts(values.get("state", ""), *(_numbers(values, kind) for kind in KINDS))
    return None


def _numbers(values: dict[str, str], kind: str) -> dict[str, int]:
    prefix = f"{kind}, "
    return {key.removeprefix(prefix): int(value) for key, value in values.items() if key.startswith(prefix)}
