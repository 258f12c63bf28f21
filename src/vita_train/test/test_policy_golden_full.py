"""Every golden array of the published VITA code, where the full files lie beside the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden import forward
from numpy.typing import NDArray
from torch import Tensor

from vita_train.policy.keypoint_net import KeypointNet
from vita_train.policy.normalizer import FeatureScale
from vita_train.policy.vision import Observer
from vita_train.policy.vita import VitaPolicy

LIMIT, GRADIENT_LIMIT = 5e-6, 1e-5
CLIP_NORM = "grad_norm_all_clip_grad_norm"
GIVEN = ("in_", "stats_", "grad_norm_keys", "velocity_t", "loss_t", "crop_top_left", "lr_steps", "lr_base", "ema_steps")


def shared_folder() -> Path | None:
    for parent in Path(__file__).resolve().parents:
        folder = parent / "shared" / "golden" / "vita_official"
        if folder.is_dir():
            return folder
    return None


FOLDER = shared_folder()
pytestmark = pytest.mark.skipif(FOLDER is None, reason="needs shared/golden/vita_official beside the repository")


def load(name: str) -> dict[str, NDArray[Any]]:
    return {} if FOLDER is None else dict(np.load(FOLDER / name))


GOLDEN = load("golden_a.npz")
RESIZE = load("golden_a_resize.npz")


@pytest.fixture(scope="module")
def policy() -> VitaPolicy:
    return forward.golden_policy()


@pytest.fixture(scope="module")
def arrays(policy: VitaPolicy) -> dict[str, Tensor]:
    images = {key: torch.from_numpy(GOLDEN[f"in_{key}"]) for key in forward.CAMERAS}
    out, features = forward.vision_arrays(policy, images)
    out |= forward.latent_arrays(policy, features, GOLDEN) | forward.schedule_arrays(GOLDEN)
    out[CLIP_NORM] = torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    return out


@pytest.mark.parametrize("name", [name for name in GOLDEN if not name.startswith(GIVEN)])
def test_every_array(arrays: dict[str, Tensor], name: str) -> None:
    limit = GRADIENT_LIMIT if name.startswith("grad_norm") else LIMIT
    assert forward.relative_error(arrays[name], GOLDEN[name]) <= limit


def test_whole_loss_and_prediction_from_images(policy: VitaPolicy) -> None:
    images = {key: torch.from_numpy(GOLDEN[f"in_{key}"][:, None]) for key in forward.CAMERAS}
    state, action = torch.from_numpy(GOLDEN["in_state"][:, None]), torch.from_numpy(GOLDEN["in_action"])
    batch = {**images, forward.STATE: state, forward.ACTION: action}
    with torch.inference_mode():
        losses = policy.compute_loss(batch, times=torch.from_numpy(GOLDEN["loss_t"]))
        chunk = policy.predict(images, state)
    assert forward.relative_error(losses["loss"], GOLDEN["loss_total"]) <= LIMIT
    assert forward.relative_error(chunk, GOLDEN["chunk"]) <= LIMIT


@pytest.mark.parametrize("name", [name for name in GOLDEN if name.startswith("stats_")])
def test_statistics(policy: VitaPolicy, name: str) -> None:
    key, _, which = name.removeprefix("stats_").rpartition("_")
    scale = (policy.normalize_targets if key == forward.ACTION else policy.normalize_inputs)[key]
    np.testing.assert_array_equal(getattr(scale, which).numpy(), GOLDEN[name])


@pytest.mark.parametrize("case", [name.removeprefix("in_") for name in RESIZE if name.startswith("in_")])
def test_resize(case: str) -> None:
    scale = FeatureScale((3, 1, 1), None, 1.0)
    scale.load_state_dict({name: torch.from_numpy(RESIZE[name]) for name in ("mean", "std")})
    observer = Observer((240, 320), (240, 320), KeypointNet()).eval()
    ours = observer.prepare(torch.from_numpy(RESIZE[f"in_{case}"][None, None]), scale)[0, 0]
    assert forward.relative_error(ours, RESIZE[f"out_{case}"]) <= LIMIT
