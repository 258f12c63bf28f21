"""The report: its figures follow from the episodes."""

import json

from vita_sim.results import EpisodeResult, evaluation_report, report_table, video_name, write_report


def episode(seed, time_s, **changes):
    values = {"duration_s": 5.0, "commands": 90, "limited": 0, "hits": {}, "holds": {}, "video": video_name(seed)}
    return EpisodeResult(seed, time_s is not None, time_s, **{**values, **changes})


RESULTS = [
    episode(
        7, None, limited=3, hits={"step: elbow_joint": 3}, holds={"starved": 2}, video=None, faults={"blank: front": 1}
    ),
    episode(5, 3.0, limited=1, hits={"step: elbow_joint": 1, "position: gripper": 1}),
    episode(6, 4.0),
    episode(8, 2.0),
]


def make(results, **changes):
    values = {"way": "direct", "scene": "lift", "checkpoint": "a/step_1", "settings": {"time_limit_s": 15.0}}
    return evaluation_report(results, **{**values, **changes})


def test_figures():
    report = make(RESULTS, inference_ns=[1_000_000, 3_000_000])
    assert (report["episodes"], report["successes"], report["success_rate"]) == (4, 3, 0.75)
    assert report["time_to_success_s"] == {"median": 3.0, "fastest": 2.0, "slowest": 4.0}
    assert report["safety"] == {
        "commands": 360,
        "limited": 4,
        "hits": {"step: elbow_joint": 4, "position: gripper": 1},
    }
    assert report["holds"] == {"starved": 2}
    assert [row["seed"] for row in report["rows"]] == [5, 6, 7, 8]
    assert report["rows"][2]["video"] is None
    assert report["timing"]["inference_ms"]["p50"] == 2.0


def test_without_success_or_latency_there_is_no_number():
    report = make([episode(1, None)])
    assert set(report["time_to_success_s"].values()) == {None}
    assert report["timing"]["inference_ms"] is None
    assert "time to success" not in report_table(report)


def test_written_whole(tmp_path):
    path = tmp_path / "evaluation.json"
    path.write_text("old")
    write_report(path, make(RESULTS))
    assert json.loads(path.read_text()) == make(RESULTS)
    assert list(tmp_path.iterdir()) == [path]


def test_table():
    table = report_table(make(RESULTS, inference_ns=[1_000_000]))
    lines = table.splitlines()
    assert len({len(line) for line in lines[:5]}) == 1  # one row an episode, columns aligned
    assert "success: 3 of 4 = 75% (95% interval 30% to 95%)" in lines
    assert "safety: 4 of 360 commands limited; step: elbow_joint 4x; position: gripper 1x" in lines
    assert "  held 2: starved" in lines
    assert "  fault 1x: blank: front" in lines
    assert lines[-1].startswith("inference [ms]: p50 1.0")
