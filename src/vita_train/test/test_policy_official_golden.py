"""A folder of the published code, from its files to actions: the numbers that the published code computed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from golden import forward
from official_support import settings, write
from test_policy_golden_full import FOLDER, GOLDEN, LIMIT

from vita_train.policy import VitaInference

pytestmark = pytest.mark.skipif(FOLDER is None, reason="needs shared/golden/vita_official beside the repository")

PUBLISHED = {
    "resize_shape": [240, 320],
    "crop_shape": [224, 308],
    "task__image_keys": list(forward.CAMERAS),
    "task__state_dim": 7,
    "task__action_dim": 7,
    "policy__pred_horizon": 16,
    "policy__action_horizon": 8,
    "policy__vita__latent_dim": 512,
    "policy__flow_matcher__num_sampling_steps": 6,
    "policy__flow_net__hidden_dim": 512,
    "policy__flow_net__num_layers": 4,
    "policy__flow_net__mlp_ratio": 4,
    "policy__action_ae__net__dec_hidden_dim": 512,
    "policy__action_ae__net__num_layers": 4,
}


def test_its_actions(tmp_path: Path) -> None:
    """Where else its logs may lie is for the tests with a small network."""
    folder = write(tmp_path, settings(**PUBLISHED), policy=forward.golden_policy())
    (folder / "config.json").write_text(json.dumps({"stats": {}}))
    door = VitaInference(tmp_path, mixed_precision="fp32", device="cpu")
    for sample, expected in enumerate(GOLDEN["chunk_first8"]):
        images = {
            key.rpartition(".")[2]: np.float32(1 / 255) * GOLDEN[f"in_{key}"][sample].transpose(2, 0, 1)
            for key in forward.CAMERAS
        }
        door.update_obs({"observation": {"images": images, "state": GOLDEN["in_state"][sample]}})
        assert forward.relative_error(torch.from_numpy(door.get_action()), expected) <= LIMIT
    assert door.policy.step == 5000
