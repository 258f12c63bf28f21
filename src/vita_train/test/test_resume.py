from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from policy_support import ACTION, CAMERAS, STATE, feature_stats, tiny_config, tiny_policy, tiny_spec, tiny_stats

from vita_dataset.errors import DataError, UsageError
from vita_train import resume
from vita_train.policy.checkpoint import save_checkpoint
from vita_train.resume import Start, check_start, find_start, seen_episodes
from vita_train.session import Session


def make(root, *steps):
    session = Session(root)
    for step in steps:
        session.checkpoint(step).mkdir(parents=True)
        (session.checkpoint(step) / "model.safetensors").touch()
    return session


@pytest.fixture(autouse=True)
def damaged(monkeypatch):
    """Names of checkpoint folders that shall count as damaged; all others are whole."""
    names = set()
    monkeypatch.setattr(resume, "thorough_damage", lambda folder: "cut off" if folder.name in names else None)
    return names


def settings(resume=True, checkpoint_path=None):
    return SimpleNamespace(resume=resume, checkpoint_path=checkpoint_path)


def test_a_new_run_never_mixes_with_an_old_one(tmp_path):
    assert find_start(settings(resume=False), make(tmp_path / "new")) is None
    with pytest.raises(UsageError, match=r"already has checkpoints up to step 4; add resume=true"):
        find_start(settings(resume=False), make(tmp_path / "old", 2, 4))


def test_resume_takes_the_newest_or_the_one_asked_for(tmp_path):
    session = make(tmp_path / "s", 2, 4)
    assert find_start(settings(), session) == Start(session.checkpoint(4))
    assert find_start(settings(checkpoint_path=session.checkpoint(2)), session) == Start(session.checkpoint(2))
    assert find_start(settings(checkpoint_path=session.root), session) == Start(session.checkpoint(4))
    with pytest.raises(UsageError, match="has no checkpoint"):
        find_start(settings(), make(tmp_path / "empty"))
    with pytest.raises(DataError, match="nowhere"):
        find_start(settings(checkpoint_path=tmp_path / "nowhere"), session)


def test_a_branch_gets_a_session_of_its_own(tmp_path):
    other = make(tmp_path / "other", 3)
    branch = settings(checkpoint_path=other.root)
    assert find_start(branch, make(tmp_path / "new")) == Start(other.checkpoint(3))
    with pytest.raises(UsageError, match="choose a new session"):
        find_start(branch, make(tmp_path / "s", 2))


def test_a_damaged_newest_checkpoint_is_left_out_and_told(tmp_path, damaged):
    session = make(tmp_path / "s", 2, 4, 6)
    damaged |= {"step_0000000004", "step_0000000006"}
    found = find_start(settings(), session)
    assert found.checkpoint == session.checkpoint(2)
    assert found.damaged == ("step_0000000006: cut off", "step_0000000004: cut off")
    with pytest.raises(DataError, match=r"step_0000000006' cannot be resumed: cut off; give another"):
        find_start(settings(checkpoint_path=session.checkpoint(6)), session)
    assert find_start(settings(checkpoint_path=session.checkpoint(2)), session) == Start(session.checkpoint(2))
    damaged.add("step_0000000002")
    with pytest.raises(DataError, match=r"no checkpoint in .* is whole: step_0000000006: cut off; step_0000000004"):
        find_start(settings(), session)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("run") / "step_3", tiny_policy(), tiny_spec(), tiny_stats(), step=3)


def check(checkpoint, spec=None, stats=None):
    task = SimpleNamespace(dataset_root="data")
    run = SimpleNamespace(task=task, loop=SimpleNamespace(steps=9))
    check_start(checkpoint, run, tiny_config(), spec or tiny_spec(), tiny_stats() | (stats or {}))


def test_the_same_dataset_goes_on(checkpoint):
    check(checkpoint)
    nearly = feature_stats([0.3 * (1 + 1e-12), -0.4], [0.7, 0.1])
    check(checkpoint, stats={ACTION: nearly, "unused": nearly})


def test_other_statistics_of_a_used_key_are_refused_by_key(checkpoint):
    changed = {STATE: feature_stats([5, -1, 2], [0.5, 0.2, 1.5]), ACTION: feature_stats([0.3, -0.4], [0.7, 0.2])}
    with pytest.raises(UsageError, match=rf"another mean or std of {STATE}, {ACTION}; repeat task\.override_stats"):
        check(checkpoint, stats=changed)


def test_another_conversion_of_the_same_recording_is_refused(checkpoint):
    spec = tiny_spec()
    front, wrist = spec.cameras
    changed = replace(
        spec,
        fps=10.0,
        cameras=(replace(front, height=16), wrist),
        state=replace(spec.state, names=("c", "b", "a")),
        action=replace(spec.action, key="command"),
        resize=(16, 40),
        image_codec="jpeg:90",
    )
    with pytest.raises(DataError) as caught:
        check(checkpoint, spec=changed)
    for difference in (
        f"cameras.{CAMERAS[0]}.height was 32, now 16",
        "resize was None, now (16, 40)",
        "state.names was ('a', 'b', 'c'), now ('c', 'b', 'a')",
        "action.key was action, now command",
        "fps was 20.0, now 10.0",
        "image_codec was raw, now jpeg:90",
    ):
        assert difference in str(caught.value)
    assert CAMERAS[1] not in str(caught.value)


def test_checkpoints_of_before_holding_out_tell_what_training_might_see():
    assert seen_episodes({"task.dataset_episodes": None}, 3) == [0, 1, 2]
    assert seen_episodes({"task.dataset_episodes": [4, 1]}, 5) == [4, 1]
    assert seen_episodes({"task.dataset_episodes": [4, 1], "trained_on": [0, 1]}, 5) == [0, 1]
