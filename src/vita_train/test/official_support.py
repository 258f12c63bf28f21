"""Checkpoint folders as the published VITA code leaves them, shared by the tests of loading them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from policy_support import ACTION, CAMERAS, STATE, tiny_policy
from safetensors.torch import save

from vita_train.policy.vita import VitaPolicy

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
            "kl_weight": 0.0,
            "enc_recon_weight": 0.5,
            "flow_recon_weight": 0.5,
            "recon_loss_type": "l1",
            "freeze_encoder": False,
            "freeze_decoder": False,
            "net": {
                "encoder_type": "cnn",
                "decoder_type": "simple",
                "enc_hidden_dim": "${policy.vita.latent_dim}",
                "dec_hidden_dim": 32,
                "latent_dim": "${policy.vita.latent_dim}",
                "num_heads": 8,
                "mlp_ratio": 4,
                "dropout": 0.0,
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


def write(session: Path, tree: Any, logs: str = "logs", policy: VitaPolicy | None = None) -> Path:
    """A session with one checkpoint and two files of settings, the newer of which counts; returns the step folder."""
    folder = session / "checkpoints" / "step_0000005000"
    folder.mkdir(parents=True)
    weights = _tiny_weights() if policy is None else save(policy.state_dict())
    (folder / "model.safetensors").write_bytes(weights)
    (session / logs).mkdir(parents=True, exist_ok=True)
    (session / logs / "train_config_202601010000.yaml").write_text(yaml.safe_dump({"session": "an older run"}))
    (session / logs / "train_config_202602010000.yaml").write_text(yaml.safe_dump(tree))
    return folder


@cache
def _tiny_weights() -> bytes:
    """The file of a tiny policy's weights, made once: its backbone is a whole ResNet-18."""
    return save(tiny_policy().state_dict())
