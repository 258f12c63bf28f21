"""A replay's report as text, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vita_policy_node.replay_errors import Errors
from vita_policy_node.replay_report import HOLD, MEASURED, ReplayReport


def format_table(report: ReplayReport) -> str:
    """The per-joint errors as text, one line a joint, and one for all."""
    kinds = [("policy", report.policy), ("hold", report.hold)] + ([("live", report.live)] if report.live else [])
    width = max(len(name) for name in (*report.names, "all joints"))
    head = f"{'joint':<{width}}" + "".join(f"  {kind + ' MAE':>11}  {kind + ' RMSE':>11}" for kind, _ in kinds)
    lines = [head]
    for index, name in enumerate(report.names):
        cells = "".join(_cell(value) for _, errors in kinds for value in (errors.mae[index], errors.rmse[index]))
        lines.append(f"{name:<{width}}{cells}")
    cells = "".join(_cell(value) for _, errors in kinds for value in (errors.mae.mean(), errors.rmse.mean()))
    lines.append(f"{'all joints':<{width}}{cells}")
    lines += _shares([*kinds, ("measured", report.measured)], report)
    lines.append(f"policy: assumed inference time {report.details['assumed_latency_ms']:g} ms")
    lines += [f"hold: {HOLD}", f"measured: {MEASURED}"]
    return "\n".join(lines)


def _cell(value: float) -> str:
    """A number of the table; a dash where no tick was compared."""
    return f"  {value:11.4f}" if np.isfinite(value) else f"  {'-':>11}"


def _shares(kinds: Sequence[tuple[str, Errors]], report: ReplayReport) -> list[str]:
    """The errors over the recorded ranges of the joints that move, if any does."""
    what = "mean absolute error over each joint's recorded range"
    if not report.moves.any():
        return [f"{what}: none, for no joint moves in the recording"]
    shares = [f"{kind} {100 * errors.normalised:.1f} %" if errors.count else f"{kind} -" for kind, errors in kinds]
    still = [f"  without the joints that do not move: {', '.join(report.not_moving)}"] if report.not_moving else []
    return [f"{what}: {', '.join(shares)}", *still]
