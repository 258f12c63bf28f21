"""The small backbone: does it see where things are, in every size and precision?"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_support import STATE, tiny_batch, tiny_policy
from torch import Tensor

from vita_train.policy.keypoint_net import KeypointNet, expected_places


def net(seed: int = 0) -> KeypointNet:
    torch.manual_seed(seed)
    return KeypointNet()


def squares(places: Tensor) -> Tensor:
    """A bright 6x6 square on grey at each (row, column): float [M, 3, 64, 80]."""
    images = torch.full((len(places), 3, 64, 80), -0.5)
    for image, (row, column) in zip(images, places.tolist(), strict=True):
        image[:, row : row + 6, column : column + 6] = 2.0
    return images


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 3))
def test_any_size_gives_places_within_the_image(height: int, width: int, count: int) -> None:
    with torch.inference_mode():
        features = net()(torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(0)))
    assert features.shape == (count, KeypointNet.features)
    assert (features.abs() <= 1).all()


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_full_attention_on_a_cell_is_the_cells_centre(height: int, width: int, data: st.DataObject) -> None:
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    logits = torch.zeros(1, 2, height, width)
    logits[0, 0, row, column] = 1e4
    first, second = expected_places(logits).view(2, 2).unbind(dim=1)
    torch.testing.assert_close(first, torch.tensor([(2 * column + 1) / width - 1, (2 * row + 1) / height - 1]))
    # Attention that is everywhere alike lies in the middle.
    torch.testing.assert_close(second, torch.zeros(2))


def test_features_of_an_image_depend_on_it_alone() -> None:
    images = squares(torch.tensor([[5, 9], [40, 60], [22, 31]]))
    images[1] = torch.randn(3, 64, 80, generator=torch.Generator().manual_seed(0)) * 50
    with torch.inference_mode():
        together, alone = net()(images), net()(images[:1])
    torch.testing.assert_close(together[:1], alone)


def test_places_can_be_read_off_before_any_training() -> None:
    generator = torch.Generator().manual_seed(0)
    places = torch.stack([torch.randint(high, (400,), generator=generator) for high in (58, 74)], dim=1)
    with torch.inference_mode():
        features = net()(squares(places)).double()
    design = torch.cat((features, torch.ones(400, 1, dtype=torch.float64)), dim=1)
    target = places.double()
    solution = torch.linalg.lstsq(design[:300], target[:300]).solution
    error = (design[300:] @ solution - target[300:]).square().mean(dim=0)
    spread = (target[:300].mean(dim=0) - target[300:]).square().mean(dim=0)
    assert (error < 0.2 * spread).all()


def test_gradients_reach_every_weight() -> None:
    policy, batch = tiny_policy(observer="small").train(), tiny_batch()
    policy.compute_loss(batch, torch.Generator().manual_seed(0))["loss"].backward()  # type: ignore[no-untyped-call]
    for name, weight in policy.observer.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("size", [1.0, 1e4])
def test_half_precision_stays_finite_and_near(size: float) -> None:
    images = squares(torch.tensor([[5, 9], [40, 60]])) * size
    with torch.inference_mode():
        exact = net()(images)
        with torch.autocast("cpu", torch.bfloat16):
            half = net()(images)
    assert half.dtype == torch.float32
    assert (half - exact).abs().max() < 0.05


def test_the_policy_is_the_same_behind_the_backbone() -> None:
    small, large = tiny_policy(observer="small").eval(), tiny_policy().eval()
    inside = ("observer.backbone.", "obs_encoder.weight")
    shapes = [
        {name: tensor.shape for name, tensor in policy.state_dict().items() if not name.startswith(inside)}
        for policy in (small, large)
    ]
    assert shapes[0] == shapes[1]
    batch = tiny_batch()
    with torch.inference_mode():
        first, second = (small.predict(batch, batch[STATE]) for _ in range(2))
    assert first.shape == (4, 8, 2)
    assert torch.equal(first, second)
