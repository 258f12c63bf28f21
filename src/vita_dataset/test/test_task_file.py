import numpy as np
import pytest
import yaml

from vita_dataset.errors import DataError, UsageError
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_dataset.stats import FeatureStats
from vita_dataset.task_file import task_text, write_new_file
from vita_dataset.yaml_text import scalar


def spec(height, width, repo_id="ur12e/real_libero_spatial"):
    cameras = (CameraSpec("observation.images.image", height, width), CameraSpec("wrist cam: 2", height, width))
    state, action = VectorSpec("observation.state", 7), VectorSpec("action", 7)
    return DatasetSpec(repo_id, 30.0, cameras, state, action, SourceSpec("/data", "v2.1", ""))


def stats(found):
    cameras = {camera.key: FeatureStats(*np.full((4, 3, 1, 1), 0.25), count=9) for camera in found.cameras}
    vectors = {
        vector.key: FeatureStats(*np.arange(28.0).reshape(4, 7), count=9) for vector in (found.state, found.action)
    }
    return cameras | vectors


def text_of(found, root):
    return task_text(found, root, stats(found))


def test_the_statistics_can_be_read():
    text = text_of(spec(240, 320), "/x")
    assert "  #   observation.images.image: mean [0.25, 0.25, 0.25], std [0.25, 0.25, 0.25]\n" in text
    assert "  #   action: mean [0, 1, 2, 3, 4, 5, 6], std [7, 8, 9, 10, 11, 12, 13]\n" in text


def test_is_what_the_trainer_reads():
    text = text_of(spec(240, 320), "${oc.env:FLARE_DATASETS_DIR}/ur12e/real_libero_spatial")
    assert text.startswith("# @package _global_\n")
    task = yaml.safe_load(text)
    assert (task["resize_shape"], task["crop_shape"]) == ([240, 320], [224, 308])
    inner = task["task"]
    assert inner["name"] == "ur12e_real_libero_spatial"
    assert inner["dataset_root"] == "${oc.env:FLARE_DATASETS_DIR}/ur12e/real_libero_spatial"
    assert inner["image_keys"] == ["observation.images.image", "wrist cam: 2"]
    assert inner["override_stats"] is None
    assert inner["env_name"] is None
    assert (inner["fps"], inner["state_dim"], inner["action_dim"], inner["action_key"]) == (30, 7, 7, "action")


@pytest.mark.parametrize(("size", "crop"), [((96, 128), [90, 124]), ((480, 640), [448, 616]), ((2, 2), [2, 2])])
def test_the_crop_is_even_and_inside(size, crop):
    assert yaml.safe_load(text_of(spec(*size), "/x"))["crop_shape"] == crop


@pytest.mark.parametrize("text", ["plain", "off", "a, b", "1e3", "a: b", 'say "hi"', "ü", "", "#x", "a #b", "[a]"])
def test_texts_survive_yaml(text):
    assert yaml.safe_load(f"it: {scalar(text)}")["it"] == text
    assert yaml.safe_load(f"[{scalar(text)}, b]") == [text, "b"]


def test_an_edited_file_is_kept(tmp_path):
    path = tmp_path / "deep" / "task.yaml"
    write_new_file(path, "one")
    with pytest.raises(UsageError, match="may have been edited"):
        write_new_file(path, "two")
    assert path.read_text() == "one"
    with pytest.raises(DataError, match="cannot be written"):
        write_new_file(path / "below", "three")
