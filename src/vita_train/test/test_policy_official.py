"""Checkpoints as the published VITA code leaves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from policy_support import ACTION, CAMERAS, STATE, tiny_config, tiny_observation, tiny_policy, tiny_stats
from safetensors.torch import save_file

from vita_dataset.errors import DataError
from vita_train.policy.checkpoint import load_checkpoint
from vita_train.policy.inference import load_policy

SETTINGS: dict[str, Any] = {
    "session": "${policy.name}-20260101_000000",
    "resize_shape": [32, 40],
    "crop_shape": [28, 36],
    "task": {
        "name": "tiny",
        "dataset_repo_id": "robot/task",
        "dataset_root": "${oc.env:FLARE_DATASETS_DIR}/${task.dataset_repo_id}",
        "fps": 8.333,
        "image_keys": list(CAMERAS),
        "state_key": STATE,
        "action_key": ACTION,
        "state_dim": 3,
        "action_dim": 2,
    },
    "policy": {
        "name": "vita",
        "obs_horizon": 1,
        "pred_horizon": 8,
        "action_horizon": 4,
        "vita": {
            "decode_flow_latents": True,
            "consistency_weight": 1.0,
            "enc_contrastive_weight": 0.0,
            "flow_contrastive_weight": 0.0,
            "latent_dim": 32,
        },
        "flow_matcher": {"name": "exact", "sigma": 0.0, "num_sampling_steps": 3},
        "flow_net": {"name": "simple", "hidden_dim": 32, "num_layers": 2, "mlp_ratio": 2, "dropout": 0.0},
        "action_ae": {
            "use_variational": False,
            "enc_recon_weight": 0.5,
            "flow_recon_weight": 0.5,
            "net": {
                "encoder_type": "cnn",
                "decoder_type": "simple",
                "enc_hidden_dim": "${policy.vita.latent_dim}",
                "dec_hidden_dim": 32,
                "latent_dim": "${policy.vita.latent_dim}",
                "num_layers": 2,
            },
        },
    },
}


def settings(**changes: Any) -> dict[str, Any]:
    """The settings with some values replaced; ``a__b`` stands for a.b, and None removes the value."""
    tree: dict[str, Any] = json.loads(json.dumps(SETTINGS))
    for path, value in changes.items():
        *groups, last = path.split("__")
        inner = tree
        for group in groups:
            inner = inner[group]
        inner[last] = value
        if value is None:
            del inner[last]
    return tree


def write(session: Path, tree: Any, logs: str = "logs") -> Path:
    folder = session / "checkpoints" / "step_0000005000"
    folder.mkdir(parents=True)
    save_file(tiny_policy().state_dict(), folder / "model.safetensors")
    (session / logs).mkdir(parents=True, exist_ok=True)
    (session / logs / "train_config_202601010000.yaml").write_text(yaml.safe_dump({"session": "an older run"}))
    (session / logs / "train_config_202602010000.yaml").write_text(yaml.safe_dump(tree))
    return folder


@pytest.mark.parametrize("logs", ["logs", "checkpoints/logs", "checkpoints/step_0000005000"])
@pytest.mark.parametrize("with_stats", [True, False])
def test_it_serves(tmp_path: Path, logs: str, with_stats: bool) -> None:
    folder = write(tmp_path, settings(), logs)
    if with_stats:
        (folder / "config.json").write_text(json.dumps({"stats": {}}))
    ours = tiny_config(mask_padding=False)
    served = load_policy(folder)
    assert served.config.to_dict() == ours.to_dict() | {
        "flow_matcher": {"name": "exact", "sigma": 0.0, "num_sampling_steps": 3}
    }
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
        ({"policy__action_ae__use_variational": True}, ["policy.action_ae.use_variational is True"]),
        ({"policy__action_ae__net__encoder_type": "transformer"}, ["encoder_type is 'transformer'"]),
        ({"policy__flow_matcher__name": "mean"}, ["'mean' is not known"]),
        ({"policy__flow_net__name": "simple_mean_flow_net"}, ["policy.flow_net.name"]),
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
