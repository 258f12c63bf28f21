import json

import pytest

from vita_dataset.errors import DataError
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec

SPEC = DatasetSpec(
    repo_id="lab/reach",
    fps=30.0,
    cameras=(CameraSpec("front", 4, 6), CameraSpec("wrist", 4, 6)),
    state=VectorSpec("state", 2, ("a", "b")),
    action=VectorSpec("action", 1),
    source=SourceSpec("/data", "v2.1", "sha256:0"),
    resize=(4, 6),
)


def test_survives_json():
    assert DatasetSpec.from_dict(json.loads(json.dumps(SPEC.to_dict()))) == SPEC


def test_an_unknown_camera_is_named_with_those_there():
    assert SPEC.camera("wrist").width == 6
    with pytest.raises(DataError, match=r"'side'.*front, wrist"):
        SPEC.camera("side")


def test_names_must_fit_and_be_unique():
    with pytest.raises(DataError, match="2 elements but 1 names"):
        VectorSpec("state", 2, ("a",))
    with pytest.raises(DataError, match=r"\['a'\] more than once"):
        VectorSpec("state", 2, ("a", "a"))


@pytest.mark.parametrize(
    "change",
    [
        {"fps": 30, "speed": 1},
        {"fps": "x"},
        {"fps": 0},
        {"fps": True},
        {"repo_id": 3},
        {"image_codec": None},
        {"cameras": [{"key": "a"}]},
        {"cameras": [{"key": "a", "height": 4, "width": "x"}]},
        {"state": {"key": "state", "dim": 2, "names": True}},
        {"state": {"key": "state", "dim": 2, "names": [1, 2]}},
        {"state": {"key": "state", "dim": 0, "names": None}},
        {"source": {"path": "/x", "codebase_version": 2, "fingerprint": ""}},
        {"resize": [1]},
    ],
)
def test_other_fields_are_refused(change):
    with pytest.raises(DataError, match="convert the dataset again"):
        DatasetSpec.from_dict({**SPEC.to_dict(), **change})


def test_a_missing_field_is_refused():
    data = SPEC.to_dict()
    del data["state"]
    with pytest.raises(DataError, match="state"):
        DatasetSpec.from_dict(data)


def test_an_unnamed_element_is_called_by_its_number():
    assert SPEC.state.labels == ("a", "b")
    assert SPEC.action.labels == ("0",)
