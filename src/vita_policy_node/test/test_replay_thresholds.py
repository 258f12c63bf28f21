from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vita_dataset.errors import UsageError
from vita_policy_node.motion_metrics import SeamSteps
from vita_policy_node.replay_errors import Errors
from vita_policy_node.replay_report import ReplayReport
from vita_policy_node.replay_thresholds import Judgement, Threshold, check_joints, judge, read_thresholds

NAMES = ("elbow", "grip")
RECORDED = np.array([[0.0, 0.0], [1.0, 0.5], [2.0, 1.0], [3.0, 0.0]])


def report(
    commands: np.ndarray = RECORDED, *, limited: int = 0, held: int = 0, moves: tuple[bool, bool] = (True, True)
) -> ReplayReport:
    span, moving = np.array([3.0, 1.0]), np.array(moves)
    errors = Errors.of(commands, RECORDED[: len(commands)], span, moving)
    resting = Errors.of(np.zeros_like(RECORDED), RECORDED, span, moving)
    stamps = [step * 10**9 for step in range(len(commands))]
    return ReplayReport(
        names=NAMES,
        span=span,
        moves=moving,
        policy=errors,
        hold=resting,
        measured=resting,
        live=None,
        seams=SeamSteps.of(stamps, commands, [0, 0, 1, 1][: len(commands)], 10**9),
        jerk=np.array([2.0, 3.0]) if len(commands) else np.full(2, np.nan),
        recorded_jerk=np.array([1.0, 1.0]),
        total_ticks=4 + held,
        held_ticks=held,
        details={
            "safety": {"commands": len(commands), "commands_limited": limited},
            "streams": {
                "camera 'a'": {"received": 10, "dropped": 1},
                "camera 'b'": {"received": 10, "dropped": 4},
                "joint state '/j'": {"received": 500, "dropped": 490},
            },
        },
    )


def read(tmp_path: Path, text: str) -> tuple[Threshold, ...]:
    path = tmp_path / "thresholds.yaml"
    path.write_text(text)
    return read_thresholds(path)


def test_figures_are_what_their_names_say():
    figures = report(np.add(RECORDED, [[0.3, 0.0]]), limited=1, held=4).figures
    assert figures == pytest.approx(
        {
            "mae_over_range": 0.05,
            "correlation": 1.0,
            "seam_jump": 0.5,
            "seam_ratio": ((1 / 3 + 0.5) / 2) / ((1 / 3 + 0.75) / 2),
            "jerk_ratio": 2.5,
            "dropped_share": 0.4,
            "limited_share": 0.25,
            "held_share": 0.5,
        }
    )


def test_a_report_within_all_limits_passes_and_each_limit_that_is_not_kept_is_named(tmp_path):
    text = """
        max_mae_over_range: 0.05
        min_correlation: 0.99
        max_limited_share: 0
        must_beat_hold: true
        joints:
          elbow: {max_mae: 0.1, max_rmse: 0.1, max_seam_jump: 1.5}
          grip: {min_correlation: 0.9}
    """
    thresholds = read(tmp_path, text)
    assert all(judgement.passed for judgement in judge(thresholds, report()))
    judged = judge(thresholds, report(np.add(RECORDED, [[0.5, 0.0]]), limited=2))
    failed = [judgement.sentence() for judgement in judged if not judgement.passed]
    assert failed == [
        "max_mae_over_range: is 0.0833333, must be at most 0.05",
        "max_limited_share: is 0.5, must be at most 0",
        "joints.elbow.max_mae: is 0.5, must be at most 0.1",
        "joints.elbow.max_rmse: is 0.5, must be at most 0.1",
    ]


def test_what_cannot_be_told_passes_nothing(tmp_path):
    text = "max_seam_jump: 100\nmin_correlation: -1\nmax_jerk_ratio: 100\nmax_mae_over_range: 9\nmust_beat_hold: true"
    judged = judge(read(tmp_path, text), report(moves=(False, False)))
    assert [judgement.threshold.name for judgement in judged if judgement.passed] == ["must_beat_hold"]
    nothing = judge(read(tmp_path, f"{text}\nmax_limited_share: 1"), report(np.zeros((0, 2)), held=9))
    assert not any(judgement.passed for judgement in nothing)
    assert "cannot be told" in nothing[1].sentence()
    assert nothing[1].to_dict()["value"] is None


@hypothesis_settings(max_examples=100, deadline=None)
@given(limit=st.floats(0, 10), value=st.floats(allow_nan=True, allow_infinity=True))
def test_a_figure_passes_only_when_proven_within_its_limit(limit, value):
    highest, least = Threshold("max_mae", limit, "elbow"), Threshold("min_correlation", limit)
    assert Judgement(highest, value).passed == (not np.isnan(value) and value <= limit)
    assert Judgement(least, value).passed == (not np.isnan(value) and value >= limit)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_mae_over_rang: 0.1", "did you mean 'max_mae_over_range'"),
        ("must_beet_hold: true", "did you mean 'must_beat_hold'"),
        ("joint: {}", "did you mean 'joints'"),
        ("zzz: 1", "known are max_mae_over_range, "),
        ("joints: {elbow: {max_maee: 1}}", r"'joints.elbow.max_maee' is not known; did you mean 'max_mae'"),
        ("max_seam_jump: much", "must be a number from 0, but is 'much'"),
        ("max_seam_jump: true", "but is True"),
        ("max_seam_jump: .nan", "but is nan"),
        ("max_seam_jump: .inf", "but is inf"),
        ("max_seam_jump: -0.1", "from 0, but is -0.1"),
        ("min_correlation: -2", "from -1, but is -2"),
        ("must_beat_hold: 1", "must be true or false"),
        ("must_beat_hold: false", "has no threshold"),
        ("joints: [elbow]", "below the name of each joint"),
        ("joints: {elbow: 0.1}", "below the name of each joint"),
        ("[1, 2]", "must hold thresholds by name"),
        ("", "must hold thresholds by name"),
        ("{", "cannot be read"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path, text, words):
    with pytest.raises(UsageError, match=words):
        read(tmp_path, text)


def test_everything_wrong_is_listed_and_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"'max_a'.*'max_held_share'.*'joints\.elbow\.max_b'"):
        read(tmp_path, "max_a: 1\nmax_held_share: x\njoints: {elbow: {max_b: 1}}")
    with pytest.raises(UsageError, match="absent"):
        read_thresholds(tmp_path / "absent.yaml")


def test_a_joint_that_the_policy_does_not_have_is_refused_with_the_nearest():
    check_joints((Threshold("max_mae", 1.0, "elbow"), Threshold("max_held_share", 1.0)), NAMES)
    with pytest.raises(UsageError, match="joint 'elbo', which is not known; did you mean 'elbow'"):
        check_joints((Threshold("max_mae", 1.0, "elbo"),), NAMES)
