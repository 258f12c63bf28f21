"""What a replay means: errors per joint against the recorded action, beside those of holding the measured pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.replay import Replay, metadata

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of n commands against the recorded actions.

    Attributes:
        count: n.
        mae: float64 [A], mean absolute error of each joint, in its unit.
        rmse: float64 [A], root mean square error of each joint, in its unit.
        normalised: mean over the joints that move of mae / range of the recorded action; NaN when none moves.
    """

    count: int
    mae: NDArray[np.float64]
    rmse: NDArray[np.float64]
    normalised: float

    @classmethod
    def of(cls, commands: Matrix, recorded: Matrix, span: NDArray[np.float64]) -> Errors:
        """Args: commands and recorded [n, A]; span [A], the range of each joint over the whole recording."""
        if len(commands) == 0:
            nothing = np.full(len(span), np.nan)
            return cls(0, nothing, nothing, float("nan"))
        difference = commands - recorded
        mae = np.abs(difference).mean(axis=0)
        moves = span > 0
        normalised = float((mae[moves] / span[moves]).mean()) if moves.any() else float("nan")
        return cls(len(commands), mae, np.sqrt((difference**2).mean(axis=0)), normalised)

    def to_dict(self) -> dict[str, Any]:
        """Overall figures as plain JSON types; NaN becomes None."""
        return {
            "compared": self.count,
            "mae": _number(self.mae.mean()),
            "rmse": _number(self.rmse.mean()),
            "mae_over_range": _number(self.normalised),
        }


@dataclass(frozen=True, eq=False)
class ReplayReport:
    """The result of one replay.

    Attributes:
        names: of the joints, in the order of the action.
        span: float64 [A], range of the recorded action.
        policy: the commands that the pipeline would send.
        hold: the trivial policy that holds the pose measured at the observation, at the same ticks.
        live: the commands of a live node, if its recording was given.
        total_ticks: control ticks.
        details: everything else, plain JSON types.
    """

    names: tuple[str, ...]
    span: NDArray[np.float64]
    policy: Errors
    hold: Errors
    live: Errors | None
    total_ticks: int
    details: dict[str, Any]

    @property
    def beats_hold(self) -> bool:
        """Whether the policy is better than holding, overall and over at least half of the ticks."""
        if 2 * self.policy.count < self.total_ticks:
            return False
        policy, hold = self.policy.normalised, self.hold.normalised
        if np.isnan(policy):
            policy, hold = float(self.policy.mae.mean()), float(self.hold.mae.mean())
        return policy < hold

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types. Only ``timing`` differs between two runs of the same replay."""
        kinds = {"policy": self.policy, "hold": self.hold} | ({"live": self.live} if self.live else {})
        joints = [
            {
                "name": name,
                "range": _number(self.span[index]),
                **{
                    kind: {"mae": _number(errors.mae[index]), "rmse": _number(errors.rmse[index])}
                    for kind, errors in kinds.items()
                },
            }
            for index, name in enumerate(self.names)
        ]
        return {
            **{key: value for key, value in self.details.items() if key != "timing"},
            "ticks": {"total": self.total_ticks, "compared": self.policy.count},
            "joints": joints,
            "overall": {kind: errors.to_dict() for kind, errors in kinds.items()},
            "beats_hold": self.beats_hold,
            "timing": self.details["timing"],
        }


def make_report(
    replay: Replay,
    recorded: Matrix,
    live: tuple[Matrix, Matrix] | None,
    origin: dict[str, Any],
) -> ReplayReport:
    """Compare.

    Args:
        replay: the offline replay.
        recorded: all recorded actions [n, A].
        live: commands of a live node and the recorded actions beside them, [m, A] each.
        origin: what was replayed, plain JSON types; goes to the front of the report.
    """
    span = recorded.max(axis=0) - recorded.min(axis=0)
    compared = [tick for tick in replay.ticks if tick.command is not None and tick.recorded is not None]
    width = len(replay.layout.limits.names)
    truth = _rows([tick.recorded for tick in compared], width)
    return ReplayReport(
        names=replay.layout.limits.names,
        span=span,
        policy=Errors.of(_rows([tick.command for tick in compared], width), truth, span),
        hold=Errors.of(_rows([tick.held for tick in compared], width), truth, span),
        live=None if live is None else Errors.of(live[0], live[1], span),
        total_ticks=len(replay.ticks),
        details={**origin, **metadata(replay), "timing": {"inference_ms": _latency(replay.inference_ns)}},
    )


def format_table(report: ReplayReport) -> str:
    """The per-joint errors as text, one line a joint, and one for all."""
    kinds = [("policy", report.policy), ("hold", report.hold)] + ([("live", report.live)] if report.live else [])
    width = max(len(name) for name in (*report.names, "all joints"))
    head = f"{'joint':<{width}}" + "".join(f"  {kind + ' MAE':>11}  {kind + ' RMSE':>11}" for kind, _ in kinds)
    lines = [head]
    for index, name in enumerate(report.names):
        cells = "".join(f"  {errors.mae[index]:11.4f}  {errors.rmse[index]:11.4f}" for _, errors in kinds)
        lines.append(f"{name:<{width}}{cells}")
    cells = "".join(f"  {errors.mae.mean():11.4f}  {errors.rmse.mean():11.4f}" for _, errors in kinds)
    lines.append(f"{'all joints':<{width}}{cells}")
    shares = ", ".join(f"{kind} {100 * errors.normalised:.1f} %" for kind, errors in kinds)
    lines.append(f"mean absolute error over each joint's recorded range: {shares}")
    return "\n".join(lines)


def _rows(rows: Sequence[NDArray[np.float64] | None], width: int) -> Matrix:
    return np.array(rows, dtype=np.float64).reshape(-1, width)


def _latency(inference_ns: Sequence[int]) -> dict[str, float | None]:
    times = np.asarray(inference_ns, dtype=np.float64) / 1e6
    if len(times) == 0:
        return dict.fromkeys(("p50", "p95", "p99", "max"))
    p50, p95, p99 = np.percentile(times, (50, 95, 99))
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99), "max": float(times.max())}


def _number(value: float | np.floating) -> float | None:
    """JSON has no NaN."""
    return float(value) if np.isfinite(value) else None
