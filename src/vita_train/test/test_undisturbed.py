from __future__ import annotations

import pytest
import torch
from policy_support import tiny_policy
from torch import nn

from vita_train.undisturbed import undisturbed


def test_everything_is_to_the_bit_what_it_was_even_after_an_error():
    policy = tiny_policy().train()
    policy.action_encoder.eval()
    own = {name: value.clone() for name, value in policy.state_dict().items()}
    modes = [part.training for part in policy.modules()]
    other = {name: torch.full_like(value, 0.1) for name, value in policy.named_parameters()}
    pointers = [value.data_ptr() for value in policy.parameters()]
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)

    @undisturbed(policy, other)
    def look():
        assert not any(part.training for part in policy.modules())
        assert all(torch.equal(value, other[name]) for name, value in policy.named_parameters())
        assert not torch.is_grad_enabled()
        torch.rand(7)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look()
    assert torch.equal(torch.rand(2), expected)
    assert torch.is_grad_enabled()
    assert [part.training for part in policy.modules()] == modes
    assert all(torch.equal(value, own[name]) for name, value in policy.state_dict().items())
    assert [value.data_ptr() for value in policy.parameters()] == pointers


def test_random_numbers_inside_are_the_same_each_time():
    module = nn.Linear(1, 1)
    drawn = []
    for _ in range(2):
        with undisturbed(module):
            drawn.append(torch.rand(3))
        torch.rand(1)
    assert torch.equal(*drawn)
