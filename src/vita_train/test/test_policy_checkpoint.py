from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from policy_support import STATE, tiny_batch, tiny_observation, tiny_policy, tiny_spec, tiny_stats
from safetensors.torch import load_file, save_file
from torch import Tensor

from vita_dataset.errors import DataError
from vita_dataset.stats import FeatureStats, stats_to_dict
from vita_train.policy.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint, step_name
from vita_train.policy.inference import load_policy

WEIGHTS = "model.safetensors"


def save(folder: Path, **more: Any) -> Path:
    return save_checkpoint(folder, tiny_policy(), tiny_spec(), tiny_stats(), step=7, git_revision="abc", **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("session") / "checkpoints" / step_name(7))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / whole.name))


def test_round_trip_is_bit_equal(folder: Path) -> None:
    policy, loaded = tiny_policy(), load_checkpoint(folder)
    assert loaded.config == policy.config
    assert (loaded.spec, loaded.step, loaded.git_revision, loaded.path) == (tiny_spec(), 7, "abc", folder)
    assert stats_to_dict(loaded.stats) == stats_to_dict(tiny_stats())
    again, batch = loaded.build_policy(), tiny_batch()
    tensors = again.state_dict()
    assert tensors.keys() == policy.state_dict().keys()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in policy.state_dict().items())
    assert again.training
    assert all(weight.requires_grad for weight in again.parameters())
    assert torch.equal(again.eval().predict(batch, batch[STATE]), policy.eval().predict(batch, batch[STATE]))


def test_the_start_poses_come_with_it_and_an_older_checkpoint_has_none(tmp_path: Path, folder: Path) -> None:
    assert load_checkpoint(folder).start_pose is None
    assert load_policy(folder).start_pose is None
    poses = tiny_stats()[STATE]
    loaded = load_checkpoint(save(tmp_path / "step_8", start_pose=poses)).start_pose
    assert loaded is not None
    assert loaded.to_dict() == poses.to_dict()


@pytest.mark.parametrize("low", [[0.0, 0.0], [0.0, float("nan"), 0.0], [float("-inf"), 0.0, 0.0], [9.0, 0.0, 0.0]])
def test_start_poses_that_are_no_range_are_refused(tmp_path: Path, low: list[float]) -> None:
    ones = np.ones(3)
    poses = FeatureStats(ones, ones, np.array(low), ones, 5)
    folder = save(tmp_path / "step_8", start_pose=poses)
    with pytest.raises(DataError, match=r"start_pose in .* for each of the 3 elements of the state"):
        load_checkpoint(folder)


def test_a_small_observer_is_served_as_it_was_trained(tmp_path: Path) -> None:
    policy, batch = tiny_policy(observer="small").eval(), tiny_batch(1)
    folder = save_checkpoint(tmp_path / "step_7", policy, tiny_spec(), tiny_stats(), step=7)
    served = load_policy(folder)
    assert served.config.observer == "small"
    with torch.inference_mode():
        expected = policy.predict(batch, batch[STATE])[0].numpy()
    # Serving may order its arithmetic otherwise than training.
    assert np.abs(served.predict_chunk(tiny_observation()).actions - expected).max() <= 5e-6 * np.abs(expected).max()


def test_settings_without_an_observer_mean_the_published_one(folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    assert document["policy"].pop("observer") == "resnet18"
    (folder / "config.json").write_text(json.dumps(document))
    assert load_checkpoint(folder).config.observer == "resnet18"


def test_averaged_weights_and_further_files(tmp_path: Path) -> None:
    average = {"obs_encoder.bias": torch.full((32,), 3.0)}
    folder = save(tmp_path / "step_1", weights=average, write_more=lambda part: (part / "more").mkdir() or None)
    assert torch.equal(load_checkpoint(folder).tensors["obs_encoder.bias"], average["obs_encoder.bias"])
    assert {file.name for file in folder.iterdir()} == {WEIGHTS, "config.json", "more"}


def test_whoever_may_read_the_folder_may_serve_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert modes[WEIGHTS] == modes["config.json"]
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, who may read everything
    with pytest.raises(DataError, match="read permission"):
        load_checkpoint(folder)


def test_never_overwrites(folder: Path) -> None:
    with pytest.raises(DataError, match="exists already"):
        save(folder)


def test_a_failed_save_leaves_nothing_and_a_killed_one_is_replaced(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save(tmp_path / "step_1", write_more=fail)
    assert list(tmp_path.iterdir()) == []
    leftover = tmp_path / ".step_1.partial"
    leftover.mkdir()
    (leftover / "training_state.pt").touch()
    save(tmp_path / "step_1")
    assert [file.name for file in tmp_path.iterdir()] == ["step_1"]
    assert not (tmp_path / "step_1" / "training_state.pt").exists()


def test_newest_whole_checkpoint(tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    for name in ("step_0000000002", "step_0000000010", "step_9", ".step_0000000099.partial"):
        (checkpoints / name).mkdir(parents=True)
        (checkpoints / name / WEIGHTS).touch()
    (checkpoints / "step_0000000020").mkdir()
    for path in (tmp_path, checkpoints, checkpoints / "step_0000000010"):
        assert latest_checkpoint(path).name == "step_0000000010"
    with pytest.raises(DataError, match=r"has no model\.safetensors"):
        latest_checkpoint(checkpoints / "step_0000000020")
    with pytest.raises(DataError, match="is not a folder"):
        latest_checkpoint(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is not a folder"):
        latest_checkpoint(checkpoints / "step_0000000010" / WEIGHTS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no checkpoint"):
        latest_checkpoint(tmp_path / "empty")


def test_a_session_may_be_called_like_a_step(tmp_path: Path) -> None:
    for session in (tmp_path / "step_2", tmp_path / "second_step_2"):
        folder = session / "checkpoints" / "step_0000000010"
        folder.mkdir(parents=True)
        (folder / WEIGHTS).touch()
        assert latest_checkpoint(session) == folder


def test_a_folder_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(DataError, match=rf"'{folder.parent}' cannot be read \(Permission denied\)"):
        latest_checkpoint(folder.parent)


def drop(tensors: dict[str, Tensor]) -> None:
    del tensors["obs_encoder.bias"], tensors["flow_net.norm.bias"]


def add(tensors: dict[str, Tensor]) -> None:
    tensors["surprise"] = torch.zeros(1)


def reshape(tensors: dict[str, Tensor]) -> None:
    tensors["obs_encoder.bias"] = torch.zeros(31)


def halve(tensors: dict[str, Tensor]) -> None:
    tensors["obs_encoder.bias"] = tensors["obs_encoder.bias"].half()


def spoil(tensors: dict[str, Tensor]) -> None:
    tensors["obs_encoder.bias"][3] = float("nan")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop, "2 missing: flow_net.norm.bias, obs_encoder.bias"),
        (add, "1 unexpected: surprise"),
        (reshape, "obs_encoder.bias [31] instead of [32]"),
        (halve, "1 not float32: obs_encoder.bias torch.float16"),
        (spoil, "1 not finite: obs_encoder.bias"),
    ],
)
def test_wrong_tensors(folder: Path, change: Callable[[dict[str, Tensor]], None], words: str) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(DataError) as caught:
        load_checkpoint(folder)
    assert words in str(caught.value)


def test_all_wrong_tensors_at_once(folder: Path) -> None:
    tensors = {name: tensor for name, tensor in load_file(folder / WEIGHTS).items() if "backbone" not in name}
    add(tensors)
    reshape(tensors)
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(DataError) as caught:
        load_checkpoint(folder)
    assert all(word in str(caught.value) for word in ("100 missing", "and 94 more", "surprise", "[31]"))


@pytest.mark.parametrize("content", [b"", b"no tensors", None])
def test_unreadable_weights(folder: Path, content: bytes | None) -> None:
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    with pytest.raises(DataError, match="not a whole safetensors file"):
        load_checkpoint(folder)


def edit(folder: Path, path: str, value: Any) -> None:
    document = json.loads((folder / "config.json").read_text())
    *groups, last = path.split(".")
    inner = document
    for group in groups:
        inner = inner[group]
    inner[last] = value
    (folder / "config.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("format_version", 2, "has format version 2, but this code reads version 1"),
        ("policy.latent_dim", 64, "of another shape"),
        ("policy.observer", "small", "13 missing: observer.backbone.layers"),
        ("policy.observer", "vit", "observer 'vit' is not known"),
        ("policy.latent_dim", "x", "'policy.latent_dim' must be of type int"),
        ("policy.surprise", 1, "'policy.surprise' is unknown"),
        ("policy", None, "does not describe a policy"),
        ("dataset.fps_hz", 3, "does not describe a policy"),
        ("stats.action", {}, "does not describe a policy"),
        ("step", "many", "does not describe a policy"),
        ("dataset.fps", 0, "the dataset's fps must be above 0, but is 0"),
        ("dataset.cameras", [], "camera 'observation.images.front' is not in the dataset"),
        ("policy.state_key", "qpos", "the state is 'qpos' with 3 elements, in the dataset 'observation.state' with 3"),
    ],
)
def test_wrong_settings(folder: Path, path: str, value: Any, words: str) -> None:
    edit(folder, path, value)
    with pytest.raises(DataError) as caught:
        load_checkpoint(folder)
    assert words in str(caught.value)


@pytest.mark.parametrize(("content", "words"), [("{", "not readable JSON"), ("[]", "must hold a JSON object")])
def test_unreadable_settings(folder: Path, content: str, words: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(DataError, match=words):
        load_checkpoint(folder)


def test_missing_settings(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(DataError, match=r"no config\.json with the policy's settings"):
        load_checkpoint(folder)
