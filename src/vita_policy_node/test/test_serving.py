from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from policy_node_fakes import KEYS, PARAMETERS, spec, stats

from vita_dataset.errors import DataError
from vita_dataset.stats import FeatureStats
from vita_policy_node import serving
from vita_policy_node.serving import open_checkpoint


@pytest.mark.parametrize(("asked", "set_to"), [({}, []), ({"torch_threads": 0}, []), ({"torch_threads": 3}, [3])])
def test_the_threads_of_the_model_are_torch_s_own_unless_they_are_asked_for(checkpoint, monkeypatch, asked, set_to):
    calls: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", calls.append)
    served = open_checkpoint({**PARAMETERS, "checkpoint": str(checkpoint), **asked})
    assert calls == set_to
    assert served.policy.step == 10


@pytest.mark.parametrize("threads", [-1, 257, 1.5])
def test_a_number_of_threads_that_makes_no_sense_is_refused(checkpoint, threads):
    with pytest.raises(DataError, match="torch_threads"):
        open_checkpoint({**PARAMETERS, "checkpoint": str(checkpoint), "torch_threads": threads})


def serve(monkeypatch, first_states=None, states=None, **parameters):
    """A checkpoint that is loaded in no time, and knows these statistics of its episodes' first states and of all."""
    dataset = spec()
    policy = SimpleNamespace(
        config=SimpleNamespace(image_keys=KEYS, state_key="observation.state", action_horizon=8),
        spec=dataset,
        stats={**stats(dataset), **({} if states is None else {"observation.state": states})},
        start_pose=first_states,
        checkpoint="step_10",
        warm_up=lambda: None,
    )
    monkeypatch.setattr(serving, "load_policy", lambda *_arguments: policy)
    return open_checkpoint({**PARAMETERS, "checkpoint": "step_10", **parameters})


def test_a_checkpoint_that_knows_too_little_says_so(monkeypatch):
    served = serve(monkeypatch)
    assert served.start_poses is None
    assert served.layout.limits.workspace is None
    start, workspace = served.unchecked
    assert "start_gate has no effect" in start
    assert "workspace has no effect" in workspace
    assert serve(monkeypatch, start_gate="off", workspace="off").unchecked == ()
    with pytest.raises(DataError, match="start_gate is 'ramp', but the checkpoint"):
        serve(monkeypatch, start_gate="ramp")


def test_start_poses_and_workspace_come_from_the_checkpoint(monkeypatch):
    zeros, ones = np.zeros(3), np.ones(3)
    known = FeatureStats(ones, ones, zeros, ones, 100, zeros, ones)
    served = serve(monkeypatch, known, known, workspace="hold")
    assert served.unchecked == ()
    assert served.start_poses is not None
    assert served.start_poses.high.tolist() == [1.0, 1.0, 1.0]
    workspace = served.layout.limits.workspace
    assert workspace is not None
    assert workspace.holds
    assert workspace.high == pytest.approx([1.1, 1.1, 1.1])
