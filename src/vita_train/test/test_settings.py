from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from vita_dataset.errors import UsageError
from vita_train.cli_config import compose_config, resolve
from vita_train.settings import parse_settings

NOW = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture
def settings_of(tmp_path, make_task):
    def parse(*overrides, **task):
        task_file = make_task(tmp_path / "reach.yaml", tmp_path / "data", **task)
        return parse_settings(resolve(compose_config([f"task={task_file}", f"base_dir={tmp_path}", *overrides])), NOW)

    return parse


def test_defaults_are_those_of_the_original(settings_of, tmp_path):
    settings = settings_of()
    assert settings.session_root == tmp_path / "flare_outputs" / "reach" / "vita" / "vita-20260102_030405"
    assert settings.seed == 42
    optimizer = settings.optimizer
    assert (optimizer.lr, optimizer.betas, optimizer.eps, optimizer.weight_decay) == (1e-4, (0.95, 0.999), 1e-8, 1e-6)
    assert (optimizer.warmup_steps, optimizer.grad_clip_norm, optimizer.use_ema) == (500, 1.0, True)
    assert (settings.loop.steps, settings.loop.batch_size, settings.loop.save_freq) == (25000, 128, 1000)
    assert settings.task.dataset_episodes is None
    assert settings.task.override_stats == {}
    validation = settings.validation
    assert (validation.num_episodes, validation.episodes, validation.num_viz_samples) == (0, None, 2)
    assert settings_of("val.episodes=[3,1]").validation.episodes == (3, 1)


def test_every_wrong_value_is_listed(settings_of):
    with pytest.raises(UsageError) as caught:
        settings_of(
            "train.steps=0",
            "optimizer_lr=-1",
            "optimizer_betas=[0.9]",
            "use_ema=3",
            "crop_shape=[1,x]",
            "train.precision=fp8",
            "session=a/b",
            "checkpoint_path=x",
            "task.env_package=gym_pusht",
            "val.val_online_freq=10",
            "val.eval_n_envs=0",
            "val.num_episodes=-1",
            "val.episodes=3",
            "val.batch_size=0",
            "train.save_best=1",
            "task.dataset_episodes=[a]",
            "task.image_keys=[k,k]",
        )
    for part in (
        "train.steps must be a whole number from 1 up, but is 0",
        "optimizer_lr must be a number above 0, but is -1",
        "optimizer_betas",
        "use_ema must be true or false, but is 3",
        "crop_shape must be [H, W]",
        "one of 32-true, bf16-mixed, 16-mixed, but is 'fp8'",
        "'a/b'",
        "resume=true",
        "task.env_package and task.env_kwargs say nothing without task.env_name",
        "val.val_online_freq=10 needs an environment",
        "val.eval_n_envs must be a whole number from 1 up",
        "task.dataset_episodes",
        "val.num_episodes must be a whole number from 0 up, but is -1",
        "val.episodes must be null or a list of whole numbers, but is 3",
        "val.batch_size must be a whole number from 1 up",
        "train.save_best must be true or false",
        "task.image_keys names a key twice",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("key", ["seed", "train.steps", "train.num_workers"])
def test_whole_numbers_fit_into_64_bits(settings_of, key):
    with pytest.raises(UsageError, match=f"{key} must be a whole number below 2\\^63, but is 99999999999999999999999"):
        settings_of(f"{key}=99999999999999999999999")
    settings_of(f"{key}={2**63 - 1}")


def test_a_dataset_is_found_by_its_name(settings_of, monkeypatch):
    monkeypatch.setenv("FLARE_DATASETS_DIR", "/datasets")
    settings = settings_of(dataset_root=None, dataset_repo_id="robot/task")
    assert settings.task.dataset_root == Path("/datasets/robot/task")
    monkeypatch.setenv("FLARE_DATASETS_DIR", "s3://bucket/sets/")
    assert (
        settings_of(dataset_root=None, dataset_repo_id="robot/task").task.dataset_root == "s3://bucket/sets/robot/task"
    )
    assert settings_of(dataset_root="memory://a/b").task.dataset_root == "memory://a/b"
    monkeypatch.delenv("FLARE_DATASETS_DIR")
    with pytest.raises(UsageError, match=r"robot/task.*FLARE_DATASETS_DIR"):
        settings_of(dataset_root=None, dataset_repo_id="robot/task")
    with pytest.raises(UsageError, match="both null"):
        settings_of(dataset_root=None)
