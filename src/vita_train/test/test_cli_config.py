from __future__ import annotations

import pytest

from vita_dataset.errors import DataError, UsageError, run_cli
from vita_train.cli import train_command
from vita_train.cli_config import compose_config, resolve, to_yaml

SHIPPED = "task=ur12e_real_libero_spatial"

OFFICIAL_FILE = """\
# @package _global_

resize_shape: [480, 640]
crop_shape: [224, 308]

task:
  name: real_libero_spatial
  dataset_repo_id: ur12e/real_libero_spatial
  dataset_root: ${oc.env:FLARE_DATASETS_DIR}/ur12e/real_libero_spatial
  dataset_episodes: null
  override_stats:
    observation.images.image:
      mean: [[[0.485]], [[0.456]], [[0.406]]]
      std: [[[0.229]], [[0.224]], [[0.225]]]
  env_package: null
  env_name: null
  env_kwargs: null
  fps: 30
  image_keys:
    - observation.images.image
    # - observation.images.wrist_right_image
  state_key: observation.state
  action_key: action
  state_dim: 7
  action_dim: 7
"""


def test_an_official_task_file_works_unchanged(tmp_path, monkeypatch):
    monkeypatch.setenv("FLARE_DATASETS_DIR", "/datasets")
    path = tmp_path / "mine.yaml"
    path.write_text(OFFICIAL_FILE)
    values = resolve(compose_config(["policy=vita", f"task={path}", "session=test", "train.steps=50000"]))
    assert values["resize_shape"] == [480, 640]
    assert values["train"]["steps"] == 50000
    assert values["task"]["dataset_root"] == "/datasets/ur12e/real_libero_spatial"
    assert values["task"]["override_stats"]["observation.images.image"]["std"] == [[[0.229]], [[0.224]], [[0.225]]]


@pytest.mark.parametrize(("task", "dim"), [("ur12e_real_libero_spatial", 7), ("dual_move_thing_to_cup_1", 16)])
def test_shipped_tasks(task, dim, monkeypatch):
    monkeypatch.setenv("FLARE_DATASETS_DIR", "/datasets")
    values = resolve(compose_config([f"task={task}"]))["task"]
    assert (values["state_dim"], values["action_dim"], values["fps"]) == (dim, dim, 30)
    assert list(values["override_stats"]) == values["image_keys"]


def test_a_file_without_a_header_holds_the_task_alone(tmp_path):
    path = tmp_path / "a (strange), name=1.yaml"
    path.write_text("name: mine\nfps: 5\n")
    assert compose_config([f"task={path}"]).task.name == "mine"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.stesp=5", "'train.stesp' is unknown; did you mean 'train.steps'"),
        ("steps=5", "did you mean 'train.steps'"),
        ("policy.latent_dim=5", "did you mean 'policy.vita.latent_dim'"),
        ("+optimizer_lr_backbones=1", "did you mean 'optimizer_lr_backbone'"),
        ("ema_power=0.75", "'ema_power' is unknown"),
        ("policy.observer.tokenize=true", "'policy.observer.tokenize' is unknown"),
        ("qwertyuiop=1", "see them all with --cfg job"),
        ("val.eval_n_env=5", "did you mean 'val.eval_n_envs'"),
        ("val.num_episode=5", "did you mean 'val.num_episodes'"),
        ("wandb.entities=me", "did you mean 'wandb.entity'"),
        ("tensorboard=true", "'tensorboard' is a group of keys"),
        ("policy.obs_ae.recon_weight=1", "the original never read it either"),
        ("scheduler_name=cosine", "always follows a cosine, so leave it out"),
        ("log_dir=logs", "set those"),
        ("policy=act", "policy 'act' is not shipped, only vita"),
        ("task=ur12e_real_libero", "did you mean 'ur12e_real_libero_spatial'"),
        ("train.steps", "write key=value"),
        ("~train.steps", "write key=value"),
        ("~train.steps=5", "deletes a key"),
        ("train.steps=1,2", "several values"),
        ("train.steps=[1", "cannot be read"),
        ("train=5", "'train' is a group of keys"),
    ],
)
def test_wrong_overrides_are_usage_errors(override, message):
    with pytest.raises(UsageError) as caught:
        resolve(compose_config([SHIPPED, override]))
    assert message in str(caught.value)


def test_what_is_off_anyway_may_be_turned_off():
    compose_config([SHIPPED, "val.val_online_freq=0", "val.num_episodes=0", "wandb.enable=false"])


def test_no_task_lists_the_shipped_ones():
    with pytest.raises(UsageError, match="dual_move_thing_to_cup_1, ur12e_real_libero_spatial"):
        compose_config(["session=x"])


def test_the_observer_is_chosen_on_the_command_line():
    assert compose_config([SHIPPED]).policy.observer == "resnet18"
    assert compose_config([SHIPPED, "policy.observer=small"]).policy.observer == "small"


def test_a_missing_environment_variable_is_named(monkeypatch):
    monkeypatch.delenv("FLARE_DATASETS_DIR", raising=False)
    with pytest.raises(UsageError, match="FLARE_DATASETS_DIR"):
        resolve(compose_config([SHIPPED]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# @package _global_\ntask:\n  nmae: x\n", "'task.nmae' is unknown; did you mean 'task.name'"),
        ("# @package _global_\ntrainer: 5\n", "'trainer' is unknown"),
        ("- 1\n", "must hold keys and values"),
        ("a: [\n", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_wrong_task_files_are_data_errors(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError) as caught:
        compose_config([f"task={path}"])
    assert message in str(caught.value)
    assert "mine.yaml" in str(caught.value)


def test_cfg_prints_the_result_and_an_unknown_key_exits_2(capsys):
    assert run_cli(train_command, ["policy=vita", SHIPPED, "--cfg", "job", "train.steps=7"]) == 0
    printed = capsys.readouterr().out
    assert "  steps: 7\n" in printed
    assert printed == to_yaml(compose_config([SHIPPED, "train.steps=7"]))
    assert run_cli(train_command, [SHIPPED, "train.stesp=7"]) == 2
    assert "did you mean 'train.steps'" in capsys.readouterr().err
