"""The policy computes what the published VITA code computed: the numbers kept in this repository."""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import forward
from golden.weights import golden_stats
from torch import Tensor

from vita_train.policy.keypoint_net import KeypointNet
from vita_train.policy.normalizer import FeatureScale
from vita_train.policy.vision import Observer
from vita_train.policy.vita import VitaPolicy

EXTRACT = np.load(Path(__file__).parent / "golden" / "extract.npz")
LIMIT, GRADIENT_LIMIT = 5e-6, 1e-5
RESIZE_CASES = {"480x640": (16, 16), "360x480": (16, 16), "720x1280": (8, 8), "120x200": (12, 16)}


@pytest.fixture(scope="module")
def policy() -> VitaPolicy:
    return forward.golden_policy()


@pytest.fixture(scope="module")
def arrays(policy: VitaPolicy) -> dict[str, Tensor]:
    image = cv2.cvtColor(np.asarray(cv2.imdecode(EXTRACT["image_png"], cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)
    out, feature = forward.vision_arrays(policy, {forward.CAMERAS[0]: torch.from_numpy(image[None])})
    out["backbone_layer4_pooled"] = feature
    features = torch.from_numpy(EXTRACT["backbone_layer4_pooled"])
    return out | forward.latent_arrays(policy, features, EXTRACT) | forward.schedule_arrays(EXTRACT)


def compared(kind: str) -> list[str]:
    given = ("in_", "out_", "image_", "tensors", "velocity_t", "loss_t", "grad_norm_keys", "lr_steps", "ema_steps")
    names = [name for name in EXTRACT.files if not name.startswith(given)]
    return [name for name in names if name.startswith("grad_norm") == (kind == "gradient")]


@pytest.mark.parametrize("name", compared("value"))
def test_value(arrays: dict[str, Tensor], name: str) -> None:
    golden, ours = EXTRACT[name], arrays[name]
    if name == "backbone_layer4_pooled":
        golden = golden[:1]
    if name.startswith(("euler_", "velocity_at")):
        ours = ours[:, :1]
    assert forward.relative_error(ours, golden) <= LIMIT


@pytest.mark.parametrize("name", compared("gradient"))
def test_gradient_norm(arrays: dict[str, Tensor], name: str) -> None:
    golden = EXTRACT[name]
    if name == "grad_norm_per_key":
        # The features are given here, so no gradient reaches the backbone.
        golden = golden[[not key.startswith("observer.") for key in EXTRACT["grad_norm_keys"]]]
    assert forward.relative_error(arrays[name], golden) <= GRADIENT_LIMIT


@pytest.mark.parametrize(("case", "shape"), RESIZE_CASES.items())
def test_resize(case: str, shape: tuple[int, int]) -> None:
    scale = FeatureScale((3, 1, 1), golden_stats(forward.CAMERAS[0], (3, 1, 1)), 1.0)
    images = torch.from_numpy(EXTRACT[f"in_{case}"][None, None])
    ours = Observer(shape, shape, KeypointNet()).eval().prepare(images, scale)[0, 0]
    inner = (slice(None), slice(-1), slice(-1))  # the corner's own edge has no neighbours that the whole image had
    assert forward.relative_error(ours[inner], EXTRACT[f"out_{case}"][inner]) <= LIMIT


def test_state_dict_is_the_published_one(policy: VitaPolicy) -> None:
    tensors = policy.state_dict()
    ours = {f"{name} {list(tensor.shape)} {zlib.crc32(tensor.numpy().tobytes())}" for name, tensor in tensors.items()}
    assert ours == set(EXTRACT["tensors"].tolist())
    assert len(tensors) == 176


def test_the_limit_notices_a_wrong_epsilon(policy: VitaPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    original = F.layer_norm

    def with_other_epsilon(
        x: Tensor, shape: list[int], weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-6
    ) -> Tensor:
        return original(x, shape, weight, bias, 1e-5 if eps == 1e-6 else eps)

    monkeypatch.setattr(F, "layer_norm", with_other_epsilon)
    with torch.no_grad():
        latents = policy.flow(torch.from_numpy(EXTRACT["z_obs"]))
    assert forward.relative_error(latents[:1], EXTRACT["euler_latents"][-1]) > LIMIT
