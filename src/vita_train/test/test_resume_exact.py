"""A run that was interrupted and resumed ends to the bit like one that was not, whatever it draws at random."""

from __future__ import annotations

import signal

import pytest
import torch

from vita_train.data import BatchDataset
from vita_train.training_state import read_training_state

MEAN = ("policy.flow_net.name=simple_mean_flow_net", "policy.flow_matcher.num_sampling_steps=1")
VARIANTS = {
    "conditional": ("policy.flow_matcher.name=conditional", "policy.flow_matcher.sigma=0.2"),
    "exact": ("policy.flow_matcher.name=exact", "policy.flow_matcher.sigma=0.2"),
    "target": ("policy.flow_matcher.name=target",),
    "schrodinger": ("policy.flow_matcher.name=schrodinger", "policy.flow_matcher.sigma=0.2"),
    "mean": ("policy.flow_matcher.name=mean", *MEAN),
    "improved_mean": ("policy.flow_matcher.name=improved_mean", *MEAN),
    "half precision": ("train.precision=bf16-mixed", "use_ema=false"),
    "everything else": (
        *("policy.flow_net.dropout=0.3", "policy.action_ae.net.dropout=0.3"),
        *("policy.action_ae.use_variational=true", "policy.action_ae.kl_weight=0.01"),
        *("policy.obs_horizon=2", "train.accumulate_grad_batches=2"),
        *("augmentation.brightness=0.3", "augmentation.contrast=0.3", "augmentation.saturation=0.3"),
        "augmentation.hue=0.1",
    ),
}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "flare_outputs" / "reach" / "vita"


def state(root, session, step):
    return read_training_state(root / session / "checkpoints" / f"step_{step:010d}")


def assert_same(one, other):
    """Tensors and plain values equal bit for bit, through nested mappings."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert_same(value, other[key])
    else:
        assert one == other


def assert_same_end(root, step):
    whole, resumed = (state(root, session, step) for session in ("s", "again"))
    for part in ("step", "weights", "optimizer", "ema", "run"):
        assert_same(getattr(whole, part), getattr(resumed, part))


def record_batches(monkeypatch):
    """The windows' numbers of every batch that is read from now on."""
    seen, gather = [], BatchDataset.gather

    def record(self, windows):
        seen.append(windows.tolist())
        return gather(self, windows)

    monkeypatch.setattr(BatchDataset, "gather", record)
    return seen


@pytest.mark.parametrize("variant", VARIANTS)
def test_whatever_is_drawn_at_random_is_drawn_again(train, root, monkeypatch, variant):
    settings = VARIANTS[variant]
    run = ("train.steps=2", "train.batch_size=3", *settings)
    seen = record_batches(monkeypatch)
    torch.manual_seed(1)
    assert train(*run, "train.save_freq=1") == 0
    whole = seen.copy()
    seen.clear()
    # Nothing of the process may matter.
    torch.manual_seed(2)
    begin = root / "s" / "checkpoints" / "step_0000000001"
    assert train(*run, "session=again", "train.save_freq=9", "resume=true", f"checkpoint_path={begin}") == 0
    assert_same_end(root, 2)
    assert seen
    assert whole[-len(seen) :] == seen
    assert len(seen) * 2 == len(whole)


def test_a_stop_by_signal_at_any_step_changes_nothing(train, root, monkeypatch):
    run = ("train.steps=7", "train.save_freq=4", "val.num_episodes=1", "val.val_offline_freq=2")
    run = (*run, "val.num_viz_samples=0")
    assert train(*run) == 0
    first = BatchDataset.__getitem__

    def interrupt(self, number):
        if number == 4:
            signal.raise_signal(signal.SIGTERM)
        return first(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(BatchDataset, "__getitem__", interrupt)
        assert train(*run, "session=again") == 128 + signal.SIGTERM
    assert state(root, "again", 5).step == 5
    assert train(*run, "session=again", "resume=true") == 0
    assert_same_end(root, 7)
    one, other = ((root / name / "val" / "step_0000000007" / "metrics.json").read_bytes() for name in ("s", "again"))
    assert one == other
