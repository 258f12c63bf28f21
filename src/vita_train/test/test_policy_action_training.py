"""Whole trainings through the command with other action autoencoders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from vita_train.policy.inference import load_policy
from vita_train.training_state import read_training_state

VARIANTS = {
    "variational transformer with dropout": [
        "policy.action_ae.net.encoder_type=transformer",
        "policy.action_ae.net.num_heads=2",
        "policy.action_ae.net.dropout=0.1",
        "policy.action_ae.use_variational=true",
        "policy.action_ae.kl_weight=1e-3",
    ],
    "frozen simple encoder, convolutional decoder": [
        "policy.action_ae.net.encoder_type=simple",
        "policy.action_ae.net.decoder_type=cnn",
        "policy.action_ae.freeze_encoder=true",
    ],
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_resumed_run_ends_as_one_that_never_stopped(train: Callable[..., int], tmp_path: Path, variant: str) -> None:
    settings = [*VARIANTS[variant], "train.steps=2", "train.num_workers=0"]
    assert train("session=whole", "train.save_freq=1", *settings) == 0
    sessions = tmp_path / "flare_outputs" / "reach" / "vita"
    start = sessions / "whole" / "checkpoints" / "step_0000000001"
    assert train("session=branch", "resume=true", f"checkpoint_path={start}", *settings) == 0
    whole, branch = (
        read_training_state(sessions / name / "checkpoints" / "step_0000000002") for name in ("whole", "branch")
    )
    assert all(torch.equal(branch.weights[name], weight) for name, weight in whole.weights.items())
    assert whole.ema is not None
    assert branch.ema is not None
    assert all(torch.equal(branch.ema[name], weight) for name, weight in whole.ema.items())
    assert load_policy(sessions / "branch").step == 2
    told = ["freeze_encoder" in (sessions / name / "logs" / "train.log").read_text() for name in ("whole", "branch")]
    assert told == ["freeze" in "".join(VARIANTS[variant]), False]
