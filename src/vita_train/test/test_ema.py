from __future__ import annotations

import pytest
import torch
from torch import nn

from vita_dataset.errors import DataError
from vita_train.ema import Ema
from vita_train.schedule import ema_decay


def test_averages_follow_the_formula_and_leave_the_weights_alone():
    module = nn.Linear(3, 2, bias=False)
    ema = Ema(module)
    expected = torch.zeros(2, 3)
    for number in range(1, 6):
        with torch.no_grad():
            module.weight.normal_()
        own = module.weight.detach().clone()
        ema.update(number)
        expected = ema_decay(number) * expected + (1 - ema_decay(number)) * own
        assert torch.equal(module.weight, own)
        assert torch.allclose(ema.state_dict()["weight"], expected, atol=1e-6)


def test_state_returns_bit_for_bit_and_foreign_names_are_refused():
    module = nn.Linear(3, 2)
    ema, other = Ema(module), Ema(nn.Linear(3, 2))
    other.load_state_dict(ema.state_dict())
    assert all(torch.equal(other.state_dict()[name], value) for name, value in ema.state_dict().items())
    with pytest.raises(DataError, match="bias"):
        Ema(nn.Linear(3, 2, bias=False)).load_state_dict(ema.state_dict())
