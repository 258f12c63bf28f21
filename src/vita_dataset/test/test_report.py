"""The report says what is in the data: built here fault by fault."""

import json

import numpy as np

from vita_dataset.action_offset import Offset
from vita_dataset.checks import offset_findings
from vita_dataset.episode import EpisodeTable
from vita_dataset.picture_watch import PictureWatch
from vita_dataset.report import Verification
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import RunningStats

SPEC = DatasetSpec(
    "lab/x",
    10.0,
    (CameraSpec("front", 16, 16),),
    VectorSpec("state", 2, ("a", "b")),
    VectorSpec("action", 2, ("a", "b")),
    SourceSpec("/x", "v2.1", ""),
)


def episode(index, steps=40, lead=3):
    time = np.arange(steps + lead)[:, None] / 10.0
    whole = (np.sin(time * [1.1, 1.7]) + 0.2 * np.sin(3 * time)).astype(np.float32)
    return EpisodeTable(index, np.arange(steps) / 10.0, whole[:steps], whole[lead:], f"task {index % 2}")


def verify(tables, frames=None):
    verification, state, action = Verification(SPEC), RunningStats(2), RunningStats(2)
    for table in tables:
        watched = {}
        if frames:
            watch = PictureWatch()
            for image in frames(table):
                watch.add(image)
            watched = {"front": watch.result()}
        verification.add(table, watched)
        state.update(table.state)
        action.update(table.action)
    return verification.report({"state": state.result(), "action": action.result()})


def scene(table):
    images = np.random.default_rng(table.index).integers(0, 256, (len(table), 16, 16, 3)).astype(np.uint8)
    if table.index == 1:
        images[5:15] = images[5]
        images[20:22] = 0
    return list(images)


def test_a_whole_report_survives_json():
    report = verify([episode(0), episode(1, 30), episode(2)], scene)
    document = json.loads(json.dumps(report.to_dict()))
    assert (document["episodes"], document["steps"], document["images"], document["seconds"]) == (3, 110, 110, 11.0)
    assert document["episode_steps"] == {"min": 30, "median": 40.0, "max": 40}
    assert document["tasks"] == {"task 0": 2, "task 1": 1}
    assert document["cameras"]["front"] == {
        "black": [{"episode": 1, "from": 20, "to": 21}],
        "frozen": [{"episode": 1, "from": 5, "to": 14}],
    }
    assert [item["steps"] for item in document["action_offset"]["elements"].values()] == [3, 3]
    assert set(document["statistics"]["state"]) == {"mean", "std", "min", "max", "count", "q01", "q99"}
    assert document["warnings"] == [
        "episode 1: camera 'front' is black at steps 20 to 21",
        "camera 'front' shows one picture although the robot moves, at steps 5 to 14 of episode 1: it is frozen, or "
        "does not see the arm that moves",
    ]


def test_a_sound_dataset_has_no_warnings():
    report = verify([episode(0), episode(2)], scene)
    assert report.warnings == ()
    assert (report.odd_steps, report.constant) == (0, {"state": [], "action": []})


def test_time_and_constant_elements():
    table = episode(0)
    table.timestamps_s[20:] += 0.3
    table.action[:, 1] = 0.25
    report = verify([table, episode(1)])
    assert report.warnings == ("episode 0: 1 of 39 steps are not 1/10 s apart, the worst after step 19 with 0.400 s",)
    only = verify([table])
    assert only.constant == {"state": [], "action": ["b"]}
    assert "the action never changes in b" in only.warnings
    assert (report.odd_steps, report.images, dict(report.cameras)) == (1, 0, {})
    assert abs(report.largest_gap_s - 0.4) < 1e-9


def test_a_camera_that_stands_often_is_one_sentence():
    (warning,) = verify([episode(0), episode(1)], lambda _: [np.full((16, 16, 3), 90, np.uint8)] * 40).warnings
    assert "2 times in 2 episodes, the longest at steps 0 to 39 of episode 0" in warning


def test_actions_without_intention_are_named():
    for lead, sentence in ((0, "equals the state of the same step in a, b"), (-2, r"in a (2 steps), b (2 steps)")):
        base = episode(0, 60, 4)
        state, action = base.state[10:50], base.state[10 + lead : 50 + lead]
        (warning,) = verify([EpisodeTable(0, np.arange(40) / 10.0, state, action)]).warnings
        assert sentence in warning
    assert offset_findings([Offset("a", None), Offset("b", 0, 0.99), Offset("c", 2, 1.0)]) == []
