"""What a replay means: errors per joint against the recorded action, beside those of trivial policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.replay import Replay, metadata

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

HOLD = "the pose measured at the policy's observation, held for as long as its chunk is executed"
MEASURED = "the newest pose measured before each tick, which the policy does not know at that tick"

LEAST_MOVE = 1e-3
LEAST_SHARE = 0.01
"""A joint moves when its recorded action spans more than this, in its unit and as a share of its position limits."""


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
    def of(cls, commands: Matrix, recorded: Matrix, span: Vector, moves: NDArray[np.bool_]) -> Errors:
        """Args: commands and recorded [n, A]; span [A], each joint's range over the recording; moves [A]."""
        if len(commands) == 0:
            nothing = np.full(len(span), np.nan)
            return cls(0, nothing, nothing, float("nan"))
        difference = commands - recorded
        mae = np.abs(difference).mean(axis=0)
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
        moves: bool [A], whether the joint moves so far that its error over its range says something.
        policy: the commands that the pipeline would send.
        hold: the trivial policy that holds the pose measured at its observation for as long as a chunk is executed,
            at the same ticks: it knows no more than the policy, and is the one to beat.
        measured: the newest pose measured before each of these ticks, which the policy did not know yet.
        live: the commands of a live node, if its recording was given.
        total_ticks: control ticks.
        details: everything else, plain JSON types.
    """

    names: tuple[str, ...]
    span: Vector
    moves: NDArray[np.bool_]
    policy: Errors
    hold: Errors
    measured: Errors
    live: Errors | None
    total_ticks: int
    details: dict[str, Any]

    @property
    def not_moving(self) -> list[str]:
        """The joints that the overall error over the range leaves out."""
        return [name for name, moves in zip(self.names, self.moves, strict=True) if not moves]

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
            "joints_not_moving": self.not_moving,
            "overall": {kind: errors.to_dict() for kind, errors in (kinds | {"measured": self.measured}).items()},
            "baselines": {"hold": HOLD, "measured": MEASURED},
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
    limits = replay.layout.limits
    moves = span > np.maximum(LEAST_MOVE, LEAST_SHARE * (limits.position_max - limits.position_min))
    width = len(limits.names)

    def errors(commands: Sequence[Vector | None]) -> Errors:
        return Errors.of(_rows(commands, width), truth, span, moves)

    truth = _rows([tick.recorded for tick in compared], width)
    return ReplayReport(
        names=limits.names,
        span=span,
        moves=moves,
        policy=errors([tick.command for tick in compared]),
        hold=errors([tick.held for tick in compared]),
        measured=errors([tick.measured for tick in compared]),
        live=None if live is None else Errors.of(live[0], live[1], span, moves),
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
