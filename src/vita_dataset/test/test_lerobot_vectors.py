import json

import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.lerobot_info import read_info
from vita_dataset.lerobot_vectors import action_feature, state_feature

OTHERS = {
    "observation.images.front": {"dtype": "video", "shape": [4, 6, 3]},
    "timestamp": {"dtype": "float32", "shape": [1]},
    "next.reward": {"dtype": "float32", "shape": [1]},
    "observation.text": {"dtype": "string", "shape": [1]},
    "observation.cloud": {"dtype": "float32", "shape": [8, 3]},
}


@pytest.fixture
def found(tmp_path):
    """The keys of state and action among these vectors, and what was noted."""

    def find(*keys, state_key=None, action_key=None, **more):
        vectors = {key: {"dtype": "float32", "shape": [2]} for key in keys}
        (tmp_path / "meta").mkdir(exist_ok=True)
        info = {"codebase_version": "v2.1", "fps": 10, "total_episodes": 1, "features": {**OTHERS, **vectors, **more}}
        (tmp_path / "meta/info.json").write_text(json.dumps(info))
        features, where, notes = read_info(tmp_path).features, tmp_path / "meta/info.json", []
        action = action_feature(features, where, notes.append, action_key)
        return state_feature(features, action, where, notes.append, state_key).key, action.key, notes

    return find


@pytest.mark.parametrize(
    ("keys", "state", "action", "noted"),
    [
        (("observation.state", "action", "observation.effort"), "observation.state", "action", 0),
        (("state", "actions"), "state", "actions", 2),
        (("robot.state", "robot.action", "robot.effort"), "robot.state", "robot.action", 2),
        (("observation.state.arm", "action.arm"), "observation.state.arm", "action.arm", 2),
        (("observation.state", "observation.state.arm", "action", "action.arm"), "observation.state", "action", 0),
        (("observation.qpos", "action"), "observation.qpos", "action", 1),
    ],
)
def test_names_of_all_habits(found, keys, state, action, noted):
    assert found(*keys)[:2] == (state, action)
    assert len(found(*keys)[2]) == noted


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("observation.state",), r"no single one-dimensional action feature such as 'action', but \{.*state"),
        (("observation.state", "action.arm", "action.hand"), "action feature"),
        (("observation.qpos", "observation.effort", "action"), "state feature"),
        (("qpos", "action"), "state feature"),
    ],
)
def test_what_cannot_be_told_is_refused(found, keys, message):
    with pytest.raises(DataError, match=message):
        found(*keys)


def test_a_matrix_is_no_vector(found):
    with pytest.raises(DataError, match="action feature"):
        found("observation.state", action={"dtype": "float32", "shape": [16, 7]})


def test_what_cannot_be_told_may_be_named(found):
    keys = ("observation.qpos", "observation.effort", "action.arm", "action.hand")
    named = found(*keys, state_key="observation.effort", action_key="action.hand")
    assert named == ("observation.effort", "action.hand", [])
    assert found("observation.state", "action", "next.pose", action_key="next.pose")[1] == "next.pose"


@pytest.mark.parametrize("key", ["nothing", "observation.cloud", "observation.images.front", "action", "timestamp"])
def test_a_name_of_no_vector_is_refused(found, key):
    with pytest.raises(
        UsageError, match=rf"'{key}' was asked for as the state, .* \['next\.reward', 'observation\.state'\]"
    ):
        found("observation.state", "action", state_key=key)
