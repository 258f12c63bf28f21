"""A replay's report as one page."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from vita_policy_node.html_page import box, cell, counts, facts, note, page, table
from vita_policy_node.replay_thresholds import Judgement

TIMING = '<section id="timing">'
"""What begins the only part of the page that differs between two runs of the same replay."""

ERRORS = (
    "MAE and RMSE are in the joint's own unit; r is Pearson's correlation with the recorded action. hold keeps the "
    "pose measured at the policy's observation for as long as its chunk is executed."
)
MOTION = (
    "Seam: the step of the command from the last tick of a chunk to the first of the next; within: from tick to tick "
    "inside chunks. RMS jerk: root mean square of the third derivative in time, from divided differences of four "
    "values in a row, in the joint's unit per second cubed; recorded: that of the recorded actions at the same ticks."
)
FIGURES = {
    "mae_over_range": "mean absolute error over the recorded range, mean of the joints that move",
    "correlation": "lowest correlation of a joint that moves",
    "seam_jump": "largest step at a seam over the recorded range, of the joints that move",
    "seam_ratio": "mean step at the seams over mean step within chunks",
    "jerk_ratio": "RMS jerk over that of the recording, mean of the joints that move",
    "dropped_share": "share of unmatched pictures of the camera with most of them",
    "limited_share": "share of the commands that the safety gate changed",
    "held_share": "share of the ticks without a command",
}


def report_page(document: dict[str, Any], judgements: Sequence[Judgement], plot: bytes) -> str:
    """The page as HTML.

    Args:
        document: ``ReplayReport.to_dict()``.
        judgements: of its thresholds; may be empty.
        plot: the PNG file.
    """
    title = f"Replay of {PurePath(document['bag']).name}"
    image = base64.b64encode(plot).decode("ascii")
    safety = document["safety"]
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        _verdict(document, judgements),
        facts(
            {
                "bag": document["bag"],
                "checkpoint": f"{document['checkpoint']} (step {document['checkpoint_step']})",
                "robot file": document["robot"],
                "rate": f"{document['rate_hz']:g} Hz",
                "ticks": f"{document['ticks']['compared']} of {document['ticks']['total']} compared",
                "chunks": f"{document['chunks']}, {document['steps_dropped_as_late']} steps dropped as late",
                "assumed inference time": f"{document['assumed_latency_ms']:g} ms",
            }
        ),
        "<h2>Recorded and commanded</h2>",
        f'<img alt="recorded action and commands of each joint over time" src="data:image/png;base64,{image}">',
        "<h2>Errors</h2>",
        _errors(document),
        note(ERRORS),
        "<h2>Motion</h2>",
        _motion(document["joints"]),
        note(MOTION),
        "<h2>Figures</h2>",
        table(
            ("figure", "value"),
            [(f"{name}: {FIGURES[name]}", cell(value)) for name, value in document["figures"].items()],
        ),
        "<h2>Streams</h2>",
        table(
            ("stream", "received", "matched", "dropped", "refused"),
            [
                (name, *(str(stream[key]) for key in ("received", "matched", "dropped", "refused")))
                for name, stream in document["streams"].items()
            ],
        ),
        "<h2>Ticks held</h2>",
        counts(document["holds"], "none"),
        "<h2>Safety gate</h2>",
        f"<p>{safety['commands_limited']} of {safety['commands']} commands limited</p>",
        counts(safety["hits"], "no limit was hit"),
        counts({**document["faults"], **safety["warnings"]}, "no fault of the measurements and no warning"),
        _timing(document["timing"]["inference_ms"]),
    ]
    return page(title, parts)


def _verdict(document: dict[str, Any], judgements: Sequence[Judgement]) -> str:
    failed = [one.sentence() for one in judgements if not one.passed]
    lines = [one.sentence() for one in judgements if one.passed]
    if failed:
        return box("bad", f"FAILED: {len(failed)} of {len(judgements)} thresholds", failed) + box("", "passed", lines)
    if judgements:
        return box("good", f"PASSED: all {len(judgements)} thresholds", lines)
    better = "better" if document["beats_hold"] else "NOT better"
    return box("", f"No thresholds were given. The policy is {better} than holding the pose.", ())


def _errors(document: dict[str, Any]) -> str:
    kinds = [kind for kind in ("policy", "hold", "live") if kind in document["overall"]]
    head = ["joint", "range", *(f"{kind} {name}" for kind in kinds for name in ("MAE", "RMSE", "r"))]
    rows = [
        [
            joint["name"],
            cell(joint["range"]),
            *(cell(joint[kind][name]) for kind in kinds for name in ("mae", "rmse", "correlation")),
        ]
        for joint in document["joints"]
    ]
    still = document["joints_not_moving"]
    more = (
        note(f"Hardly moved in the recording, left out of figures over the range: {', '.join(still)}.") if still else ""
    )
    return table(head, rows) + more


def _motion(joints: Sequence[dict[str, Any]]) -> str:
    head = ("joint", "seam, mean", "seam, largest", "within, mean", "RMS jerk", "recorded")
    rows = []
    for joint in joints:
        steps, jerk = joint["seam_step"], joint["rms_jerk"]
        values = (steps["mean"], steps["largest"], steps["within_chunks"], jerk["policy"], jerk["recorded"])
        rows.append([joint["name"], *(cell(value, ".4g") for value in values)])
    return table(head, rows)


def _timing(inference_ms: dict[str, float | None]) -> str:
    rows = [list(inference_ms), [cell(value, ".1f") for value in inference_ms.values()]]
    small = note("Measured on this machine; it differs from run to run, and nothing above does.")
    return f"{TIMING}<h2>Inference [ms]</h2>{table(rows[0], rows[1:])}{small}</section>"
