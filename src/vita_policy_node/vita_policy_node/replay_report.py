"""What a replay means: errors per joint against the recorded action, beside those of trivial policies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_policy_node.motion_metrics import SeamSteps, rms_jerk
from vita_policy_node.replay import Replay, metadata
from vita_policy_node.replay_errors import Errors, number

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

HOLD = "the pose measured at the policy's observation, held for as long as its chunk is executed"
MEASURED = "the newest pose measured before each tick, which the policy does not know at that tick"

LEAST_MOVE = 1e-3
LEAST_SHARE = 0.01
"""A joint moves when its recorded action spans more than this, in its unit and as a share of its position limits."""


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
        seams: the policy's steps where one chunk follows another, and within chunks.
        jerk: float64 [A], RMS jerk of the policy's commands at the ticks that have a recorded action [unit/s^3].
        recorded_jerk: float64 [A], that of the recorded actions at the same ticks.
        total_ticks: control ticks.
        held_ticks: those of them without a command.
        details: everything else, plain JSON types.
    """

    names: tuple[str, ...]
    span: Vector
    moves: NDArray[np.bool_]
    policy: Errors
    hold: Errors
    measured: Errors
    live: Errors | None
    seams: SeamSteps
    jerk: Vector
    recorded_jerk: Vector
    total_ticks: int
    held_ticks: int
    details: dict[str, Any]

    @property
    def not_moving(self) -> list[str]:
        """The joints that the overall error over the range leaves out."""
        return [name for name, moves in zip(self.names, self.moves, strict=True) if not moves]

    @property
    def beats_hold(self) -> bool:
        """Whether the policy is better than holding, overall and over at least half of the ticks."""
        if 2 * self.held_ticks > self.total_ticks:
            return False
        policy, hold = self.policy.normalised, self.hold.normalised
        if np.isnan(policy):
            policy, hold = float(self.policy.mae.mean()), float(self.hold.mae.mean())
        return policy < hold

    @property
    def figures(self) -> dict[str, float]:
        """What a threshold may be set on, by name; NaN where it cannot be told."""
        details, moves = self.details, self.moves
        shares = [stream["dropped"] / stream["received"] for stream in self._cameras if stream["received"]]
        limited, commands = details["safety"]["commands_limited"], details["safety"]["commands"]
        at_seams, within = _over_range(self.seams.at_seams, self), _over_range(self.seams.within, self)
        return {
            "mae_over_range": self.policy.normalised,
            "correlation": float(self.policy.correlation[moves].min()) if moves.any() else float("nan"),
            "seam_jump": _over_range(self.seams.largest, self, np.max),
            "seam_ratio": at_seams / within if within > 0 else float("nan"),
            "jerk_ratio": _mean_ratio(self.jerk[moves], self.recorded_jerk[moves]),
            "dropped_share": max(shares) if len(shares) == len(self._cameras) else float("nan"),
            "limited_share": limited / commands if commands else float("nan"),
            "held_share": self.held_ticks / self.total_ticks,
        }

    @property
    def _cameras(self) -> list[dict[str, int]]:
        streams: dict[str, dict[str, int]] = self.details["streams"]
        return [stream for name, stream in streams.items() if name.startswith("camera ")]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types. Only ``timing`` differs between two runs of the same replay."""
        kinds = {"policy": self.policy, "hold": self.hold} | ({"live": self.live} if self.live else {})
        joints = [
            {
                "name": name,
                "range": number(self.span[index]),
                **{
                    kind: {
                        "mae": number(errors.mae[index]),
                        "rmse": number(errors.rmse[index]),
                        "correlation": number(errors.correlation[index]),
                    }
                    for kind, errors in kinds.items()
                },
                "seam_step": {
                    "mean": number(self.seams.at_seams[index]),
                    "largest": number(self.seams.largest[index]),
                    "within_chunks": number(self.seams.within[index]),
                },
                "rms_jerk": {"policy": number(self.jerk[index]), "recorded": number(self.recorded_jerk[index])},
            }
            for index, name in enumerate(self.names)
        ]
        return {
            **{key: value for key, value in self.details.items() if key != "timing"},
            "ticks": {"total": self.total_ticks, "compared": self.policy.count},
            "joints": joints,
            "joints_not_moving": self.not_moving,
            "figures": {name: number(value) for name, value in self.figures.items()},
            "seams": self.seams.seams,
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
    stamps = [tick.stamp_ns for tick in compared]
    sent = [tick for tick in replay.ticks if tick.command is not None and tick.chunk_stamp_ns is not None]
    return ReplayReport(
        names=limits.names,
        span=span,
        moves=moves,
        policy=errors([tick.command for tick in compared]),
        hold=errors([tick.held for tick in compared]),
        measured=errors([tick.measured for tick in compared]),
        live=None if live is None else Errors.of(live[0], live[1], span, moves),
        seams=SeamSteps.of(
            [tick.stamp_ns for tick in sent],
            _rows([tick.command for tick in sent], width),
            [tick.chunk_stamp_ns or 0 for tick in sent],
            replay.layout.period_ns,
        ),
        jerk=rms_jerk(stamps, _rows([tick.command for tick in compared], width), replay.layout.step_ns),
        recorded_jerk=rms_jerk(stamps, truth, replay.layout.step_ns),
        total_ticks=len(replay.ticks),
        held_ticks=sum(tick.command is None for tick in replay.ticks),
        details={**origin, **metadata(replay), "timing": {"inference_ms": _latency(replay.inference_ns)}},
    )


def _over_range(steps: Vector, report: ReplayReport, over_joints: Callable[[Vector], np.floating] = np.mean) -> float:
    """One figure for the steps of all joints that move, as a share of the range of their recorded actions."""
    shares = steps[report.moves] / report.span[report.moves]
    return float(over_joints(shares)) if len(shares) else float("nan")


def _mean_ratio(values: Vector, others: Vector) -> float:
    """The mean over the joints of value / other; NaN where an other is 0 or there are none."""
    return float((values / others).mean()) if len(values) and (others > 0).all() else float("nan")


def _rows(rows: Sequence[NDArray[np.float64] | None], width: int) -> Matrix:
    return np.array(rows, dtype=np.float64).reshape(-1, width)


def _latency(inference_ns: Sequence[int]) -> dict[str, float | None]:
    times = np.asarray(inference_ns, dtype=np.float64) / 1e6
    if len(times) == 0:
        return dict.fromkeys(("p50", "p95", "p99", "max"))
    p50, p95, p99 = np.percentile(times, (50, 95, 99))
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99), "max": float(times.max())}
