"""Checkpoints as the published VITA code leaves them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from official_support import settings, write
from policy_support import CAMERAS, tiny_config, tiny_observation, tiny_policy, tiny_spec, tiny_stats
from safetensors.torch import save_file

from vita_dataset.errors import DataError
from vita_train.policy.checkpoint import load_checkpoint, save_checkpoint
from vita_train.policy.inference import load_policy


@pytest.mark.parametrize("logs", ["logs", "checkpoints/logs", "checkpoints/step_0000005000"])
@pytest.mark.parametrize("with_stats", [True, False])
def test_it_serves(tmp_path: Path, logs: str, with_stats: bool) -> None:
    folder = write(tmp_path, settings(), logs)
    if with_stats:
        (folder / "config.json").write_text(json.dumps({"stats": {}}))
    ours = tiny_config(mask_padding=False)
    served = load_policy(folder)
    assert served.config == replace(ours, flow_matcher=replace(ours.flow_matcher, name="exact"))
    assert served.step == 5000
    assert (served.spec.repo_id, served.spec.fps) == ("robot/task", 8.333)
    assert served.spec.state.names is None
    assert [(camera.key, camera.height, camera.width) for camera in served.spec.cameras] == [
        (key, 32, 40) for key in CAMERAS
    ]
    for key, stats in tiny_stats().items():
        np.testing.assert_allclose(served.stats[key].mean, stats.mean, rtol=1e-6)
        np.testing.assert_allclose(served.stats[key].std, stats.std, rtol=1e-6)
    chunk = served.predict_chunk(tiny_observation())
    assert chunk.actions.shape == (8, 2)
    assert chunk.names == ()
    assert chunk.period_ns == round(1e9 / 8.333)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policy__flow_matcher__name": "consistency"}, ["'consistency' is not known"]),
        ({"policy__flow_matcher__name": "mean"}, ["set flow_net.name=simple_mean_flow_net"]),
        ({"policy__name": "act"}, ["policy.name is 'act'"]),
        ({"task__fps": None, "task__image_keys": None}, ["task.fps is missing", "task.image_keys is missing"]),
        ({"task__fps": "fast"}, ["task.fps must be above 0"]),
        ({"resize_shape": "${oc.env:SIZE}"}, ["resize_shape is the unresolved '${oc.env:SIZE}'"]),
        ({"resize_shape": "${crop_shape}", "crop_shape": "${resize_shape}"}, ["unresolved"]),
        ({"policy__vita__latent_dim": 64}, ["of another shape"]),
    ],
)
def test_what_cannot_be_served_is_named(tmp_path: Path, changes: dict[str, Any], words: list[str]) -> None:
    folder = write(tmp_path, settings(**changes))
    with pytest.raises(DataError) as caught:
        load_checkpoint(folder)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("task.fps", None, "task.fps is null"),
        ("task.fps", float("inf"), "task.fps must be above 0"),
        ("task.dataset_repo_id", None, "task.dataset_repo_id is null"),
        ("policy.vita.latent_dim", "${.other}", "policy.vita.other is missing"),
        ("policy.vita.latent_dim", "${....latent_dim}", "policy.vita.latent_dim is the unresolved '${....latent_dim}'"),
        ("policy.vita.latent_dim", "${.latent_dim}", "policy.vita.latent_dim is the unresolved"),
        ("policy.vita.latent_dim", "${..}", "policy.vita.latent_dim is the unresolved"),
    ],
)
def test_null_and_references_to_nowhere_are_listed(tmp_path: Path, path: str, value: Any, words: str) -> None:
    tree = settings()
    *groups, last = path.split(".")
    inner = tree
    for group in groups:
        inner = inner[group]
    inner[last] = value
    with pytest.raises(DataError) as caught:
        load_checkpoint(write(tmp_path, tree))
    assert words in str(caught.value)


def test_relative_references_are_followed(tmp_path: Path) -> None:
    sibling, uncle = "${.enc_hidden_dim}", "${...vita.latent_dim}"
    tree = settings(policy__action_ae__net__dec_hidden_dim=sibling, policy__action_ae__net__enc_hidden_dim=uncle)
    autoencoder = load_checkpoint(write(tmp_path, tree)).config.action_ae
    assert (autoencoder.enc_hidden_dim, autoencoder.dec_hidden_dim) == (32, 32)


def test_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, settings())
    save_file(tiny_policy(observer="small").state_dict(), folder / "model.safetensors")
    with pytest.raises(DataError, match=r"100 missing: .* 13 unexpected: observer\.backbone\.layers"):
        load_checkpoint(folder)


@pytest.mark.parametrize("text", ["a: [", "- list", ""])
def test_settings_that_are_no_settings(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path, {})
    (tmp_path / "logs" / "train_config_202602010000.yaml").write_text(text)
    with pytest.raises(DataError, match=r"train_config_202602010000\.yaml"):
        load_checkpoint(folder)


TRAINING_ONLY = (
    *(f"policy__vita__{name}" for name in ("consistency_weight", "enc_contrastive_weight", "flow_contrastive_weight")),
    *("policy__flow_matcher__sigma", "policy__action_ae__enc_recon_weight", "policy__action_ae__flow_recon_weight"),
)


def test_settings_that_only_training_uses_may_be_missing(tmp_path: Path) -> None:
    tree = settings(**dict.fromkeys(TRAINING_ONLY))
    assert load_checkpoint(write(tmp_path, tree)).config.latent_dim == 32


def test_a_file_from_elsewhere_counts_before_those_beside(tmp_path: Path) -> None:
    folder = write(tmp_path / "session", {"session": "another run"})
    elsewhere = tmp_path / "copied.yaml"
    elsewhere.write_text(yaml.safe_dump(settings()))
    for path in (folder, folder.parent, tmp_path / "session"):
        assert load_policy(path, config_yaml=elsewhere).step == 5000
    with pytest.raises(DataError, match=r"nowhere\.yaml' are not a file; give the run's train_config"):
        load_policy(folder, config_yaml=tmp_path / "nowhere.yaml")


def test_without_any_settings_the_error_names_the_ways_out(tmp_path: Path) -> None:
    folder = write(tmp_path, settings())
    for file in (tmp_path / "logs").iterdir():
        file.unlink()
    with pytest.raises(DataError, match=r"no train_config_\*\.yaml .* name it as config_yaml"):
        load_checkpoint(tmp_path)
    assert folder.is_dir()


def test_our_own_checkpoint_is_served_with_its_own_settings_or_not_at_all(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "step_3", tiny_policy(), tiny_spec(), tiny_stats(), step=3)
    file = tmp_path / "train_config_20260101_000000.yaml"
    file.write_text(yaml.safe_dump(settings(policy__vita__consistency_weight=0.5, task__state_dim=None)))
    assert load_checkpoint(folder, file).config == tiny_config()
    file.write_text(yaml.safe_dump(settings(resize_shape=[48, 64], policy__flow_matcher__num_sampling_steps=6)))
    with pytest.raises(DataError) as caught:
        load_policy(folder, config_yaml=str(file))
    for words in (
        "resize_shape is [48, 64], in the checkpoint [32, 40]",
        "num_sampling_steps is 6, in the checkpoint 3",
    ):
        assert words in str(caught.value)
