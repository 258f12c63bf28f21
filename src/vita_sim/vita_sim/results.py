"""What episodes ended in, and the report over them: the same whether the policy ran in the node or without it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vita_dataset.errors import DataError
from vita_dataset.success_rate import CONFIDENCE, wilson_interval

REPORT_FILE = "evaluation.json"
VIDEO_FOLDER = "videos"

Way = Literal["direct", "node"]


@dataclass(frozen=True)
class EpisodeResult:
    """One episode.

    Attributes:
        seed: what its start was drawn from.
        success: whether the goal was reached within the time limit.
        time_s: simulated time from the start of the policy to success [s]; None without success.
        duration_s: simulated time that the policy had [s].
        commands: how many were sent.
        limited: how many of them the safety gate changed by more than rounding (see docs/safety.md).
        hits: how often each rule of the gate changed or stopped an action, by "rule: joint".
        holds: how many ticks ended in a hold, by reason.
        video: where it was filmed, relative to the report's folder; None if it was not.
        faults: how often the node's checks found a measurement that cannot be true, by "fault: where".
    """

    seed: int
    success: bool
    time_s: float | None
    duration_s: float
    commands: int
    limited: int
    hits: Mapping[str, int]
    holds: Mapping[str, int]
    video: str | None = None
    faults: Mapping[str, int] = field(default_factory=dict)


def video_name(seed: int) -> str:
    """Where the film of an episode lies, relative to the report's folder."""
    return f"{VIDEO_FOLDER}/episode_{seed}.mp4"


def evaluation_report(
    results: Sequence[EpisodeResult],
    *,
    way: Way,
    scene: str,
    checkpoint: str,
    settings: Mapping[str, Any],
    inference_ns: Sequence[int] = (),
) -> dict[str, Any]:
    """All that an evaluation found, as plain JSON types. Only ``timing`` depends on the machine.

    Args:
        results: one or more episodes.
        way: "direct" = without ROS nodes, "node" = through the policy node and its topics.
        scene: its name.
        checkpoint: the folder that was served.
        settings: whatever else decides the result, plain JSON types: robot, rate, time limit, latency, image size.
        inference_ns: how long predictions took, where that is known.
    """
    successes = sum(result.success for result in results)
    times = sorted(result.time_s for result in results if result.time_s is not None)
    hits, holds, faults = Counter[str](), Counter[str](), Counter[str]()
    for result in results:
        hits.update(result.hits)
        holds.update(result.holds)
        faults.update(result.faults)
    return {
        "way": way,
        "scene": scene,
        "checkpoint": checkpoint,
        "settings": dict(settings),
        "episodes": len(results),
        "successes": successes,
        "success_rate": successes / len(results),
        "success_interval": dict(zip(("low", "high"), wilson_interval(successes, len(results)), strict=True)),
        "confidence": CONFIDENCE,
        "time_to_success_s": {
            "median": float(np.median(times)) if times else None,
            "fastest": times[0] if times else None,
            "slowest": times[-1] if times else None,
        },
        "safety": {
            "commands": sum(result.commands for result in results),
            "limited": sum(result.limited for result in results),
            "hits": dict(hits.most_common()),
        },
        "holds": dict(holds.most_common()),
        "faults": dict(faults.most_common()),
        "rows": [asdict(result) for result in sorted(results, key=lambda result: result.seed)],
        "timing": {"inference_ms": _latency(inference_ns)},
    }


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report; it appears under its name only when whole."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    partial.replace(path)


def require_success(report: Mapping[str, Any], least: float) -> None:
    """Refuse a report whose success rate is below ``least`` (0 to 1).

    Raises:
        DataError: it is.
    """
    if report["success_rate"] < least:
        raise DataError(
            f"the policy of '{report['checkpoint']}' reached the goal in {report['successes']} of "
            f"{report['episodes']} episodes, but a success rate of {least:g} is asked for; train it longer or on more "
            "demonstrations"
        )


def report_table(report: Mapping[str, Any]) -> str:
    """A report for a terminal: a line for each episode, then what they say together."""
    lines = [f"{'seed':>9}  {'success':<7}  {'time [s]':>8}  {'commands':>8}  {'limited':>7}  {'holds':>5}"]
    for row in report["rows"]:
        time = "-" if row["time_s"] is None else f"{row['time_s']:.2f}"
        lines.append(
            f"{row['seed']:>9}  {'yes' if row['success'] else 'no':<7}  {time:>8}  {row['commands']:>8}  "
            f"{row['limited']:>7}  {sum(row['holds'].values()):>5}"
        )
    interval, times, safety = report["success_interval"], report["time_to_success_s"], report["safety"]
    lines.append(
        f"success: {report['successes']} of {report['episodes']} = {report['success_rate']:.0%} "
        f"({report['confidence']:.0%} interval {interval['low']:.0%} to {interval['high']:.0%})"
    )
    if times["median"] is not None:
        lines.append(
            f"time to success: median {times['median']:.2f} s, {times['fastest']:.2f} to {times['slowest']:.2f} s"
        )
    lines.append(
        f"safety: {safety['limited']} of {safety['commands']} commands limited"
        + "".join(f"; {name} {number}x" for name, number in safety["hits"].items())
    )
    lines += [f"  held {number}: {reason}" for reason, number in report["holds"].items()]
    lines += [f"  fault {number}x: {name}" for name, number in report["faults"].items()]
    latency = report["timing"]["inference_ms"]
    if latency is not None:
        lines.append("inference [ms]: " + ", ".join(f"{name} {value:.1f}" for name, value in latency.items()))
    return "\n".join(lines)


def _latency(inference_ns: Sequence[int]) -> dict[str, float] | None:
    if not inference_ns:
        return None
    times = np.asarray(inference_ns, dtype=np.float64) / 1e6
    p50, p95, p99 = np.percentile(times, (50, 95, 99))
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99), "max": float(times.max())}
