from __future__ import annotations

import pytest
import torch

from vita_train.policy.keypoint_net import KeypointNet
from vita_train.policy.normalizer import FeatureScale
from vita_train.policy.resnet import FrozenBatchNorm2d, ResNet18
from vita_train.policy.vision import Backbone, Observer

IDENTITY = FeatureScale((3, 1, 1), None, 1.0)


def numbered(count: int, height: int, width: int) -> torch.Tensor:
    """Images in which red holds the row, green the column and blue the image."""
    rows = torch.arange(height).view(1, -1, 1).expand(count, height, width)
    columns = torch.arange(width).view(1, 1, -1).expand(count, height, width)
    index = torch.arange(count).view(-1, 1, 1).expand(count, height, width)
    return torch.stack((rows, columns, index), dim=3).to(torch.uint8)


def places(observer: Observer, images: torch.Tensor, seed: int = 0) -> list[tuple[int, int]]:
    out = (observer.prepare(images[:, None], IDENTITY, torch.Generator().manual_seed(seed))[:, 0] * 255).round()
    corners = [(int(image[0, 0, 0]), int(image[1, 0, 0])) for image in out]
    # Each crop is one connected piece of its own image.
    for number, (image, (top, left)) in enumerate(zip(out, corners, strict=True)):
        rows, columns = observer.crop_shape
        expected = images[number, top : top + rows, left : left + columns].permute(2, 0, 1)
        torch.testing.assert_close(image, expected.float())
    return corners


def test_training_crops_differ_for_each_image_and_cover_all_places() -> None:
    observer = Observer((10, 12), (8, 9), KeypointNet()).train()
    seen = set(places(observer, numbered(200, 10, 12)))
    assert seen == {(top, left) for top in range(3) for left in range(4)}


def test_training_crops_follow_the_generator() -> None:
    observer = Observer((10, 12), (8, 9), KeypointNet()).train()
    images = numbered(16, 10, 12)
    assert places(observer, images, 1) == places(observer, images, 1)
    assert places(observer, images, 1) != places(observer, images, 2)


def test_the_observations_of_a_sample_are_cropped_at_one_place() -> None:
    observer = Observer((10, 12), (8, 9), KeypointNet()).train()
    images = numbered(60, 10, 12).unflatten(0, (20, 3))
    generator = torch.Generator().manual_seed(0)
    out = (observer.prepare(images, IDENTITY, generator) * 255).round()
    assert out.shape == (20, 3, 3, 8, 9)
    corners = out[:, :, :2, 0, 0]
    assert (corners == corners[:, :1]).all()
    assert len(corners[:, 0].unique(dim=0)) > 3
    assert (out[:, :, 2] == torch.arange(60).view(20, 3, 1, 1)).all()


def test_features_are_all_states_then_each_observation_s_cameras() -> None:
    observer = Observer((12, 16), (8, 8), KeypointNet()).eval()
    cameras = [observer.prepare(numbered(6, 12, 16).unflatten(0, (2, 3)) * (10 * n), IDENTITY) for n in (1, 2)]
    state = torch.arange(24.0).view(2, 3, 4)
    out = observer(cameras, state)
    assert torch.equal(out[:, :12], state.flatten(1))
    for sample in range(2):
        seen = [observer.backbone(camera[sample, step][None])[0] for step in range(3) for camera in cameras]
        torch.testing.assert_close(out[sample, 12:], torch.cat(seen))


def test_crop_is_central_outside_training() -> None:
    observer = Observer((11, 12), (8, 9), KeypointNet()).eval()
    assert set(places(observer, numbered(3, 11, 12))) == {(1, 1)}


def test_resized_images_are_cropped_after_the_resize() -> None:
    observer = Observer((12, 16), (8, 8), KeypointNet()).eval()
    ours = observer.prepare(numbered(1, 24, 32)[:, None], IDENTITY)[0, 0] * 255
    # Half the size: output pixel i lies between input pixels 2 i and 2 i + 1.
    torch.testing.assert_close(ours[0, :, 0], torch.arange(2, 10) * 2 + 0.5)
    torch.testing.assert_close(ours[1, 0], torch.arange(4, 12) * 2 + 0.5)


@pytest.mark.parametrize("backbone", [ResNet18(), KeypointNet()])
def test_every_camera_has_its_own_size(backbone: Backbone) -> None:
    observer = Observer((12, 16), (8, 8), backbone).eval()
    cameras = [observer.prepare(numbered(2, *size)[:, None], IDENTITY) for size in ((12, 16), (24, 32))]
    assert observer(cameras, torch.zeros(2, 1, 3)).shape == (2, 3 + 2 * backbone.features)


def test_backbone_counts_and_frozen_statistics() -> None:
    backbone = ResNet18().train()
    assert sum(weight.numel() for weight in backbone.parameters()) == 11_166_912
    before = {name: buffer.clone() for name, buffer in backbone.named_buffers()}
    backbone(torch.randn(2, 3, 32, 32)).sum().backward()
    assert before
    assert all(torch.equal(before[name], buffer) for name, buffer in backbone.named_buffers())


def test_frozen_batch_norm_is_batch_norm_in_evaluation() -> None:
    ours, torchs = FrozenBatchNorm2d(4), torch.nn.BatchNorm2d(4).eval()
    generator = torch.Generator().manual_seed(0)
    state = {name: torch.rand(4, generator=generator) + 0.1 for name in ours.state_dict()}
    ours.load_state_dict(state)
    torchs.load_state_dict(state, strict=False)
    x = torch.randn(2, 4, 3, 3, generator=generator)
    torch.testing.assert_close(ours(x), torchs(x))
