from __future__ import annotations

from policy_support import ACTION, STATE, feature_stats, tiny_spec, tiny_stats

from vita_train.advice import advice
from vita_train.settings import OptimizerSettings


def sentences(optimizer=None, batch_size=8, windows=100, stats=None):
    optimizer = optimizer or OptimizerSettings()
    return list(advice(optimizer, 1000, batch_size, windows, tiny_spec(), stats or tiny_stats()))


def test_usual_settings_need_none():
    assert sentences() == []


def test_each_strange_thing_is_one_sentence():
    (warmup,) = sentences(OptimizerSettings(warmup_steps=1000))
    assert "never reaches optimizer_lr; set scheduler_warmup_steps=100" in warmup
    (rate,) = sentences(OptimizerSettings(lr=1e3))
    assert "learning rate of 1000 " in rate
    (rate,) = sentences(OptimizerSettings(lr_backbone=0.5))
    assert "learning rate of 0.5 " in rate
    (size,) = sentences(batch_size=101)
    assert "a step learns from 101 samples, more than the 100 windows" in size


def test_joints_that_never_move_are_named():
    still = {STATE: feature_stats([0, 0, 0], [1, 0, 1e-9]), ACTION: feature_stats([1, 2], [0, 1])}
    state, action = sentences(stats=tiny_stats() | still)
    assert state.startswith("observation.state never moves in b, c: nothing is learned of it")
    assert action.startswith("action never moves in a: the policy will command its recorded value")
