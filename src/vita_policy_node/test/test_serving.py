from __future__ import annotations

import pytest
import torch
from policy_node_fakes import PARAMETERS

from vita_dataset.errors import DataError
from vita_policy_node.serving import open_checkpoint


@pytest.mark.parametrize(("asked", "set_to"), [({}, []), ({"torch_threads": 0}, []), ({"torch_threads": 3}, [3])])
def test_the_threads_of_the_model_are_torch_s_own_unless_they_are_asked_for(checkpoint, monkeypatch, asked, set_to):
    calls: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", calls.append)
    serving = open_checkpoint({**PARAMETERS, "checkpoint": str(checkpoint), **asked})
    assert calls == set_to
    assert serving.policy.step == 10


@pytest.mark.parametrize("threads", [-1, 257, 1.5])
def test_a_number_of_threads_that_makes_no_sense_is_refused(checkpoint, threads):
    with pytest.raises(DataError, match="torch_threads"):
        open_checkpoint({**PARAMETERS, "checkpoint": str(checkpoint), "torch_threads": threads})
