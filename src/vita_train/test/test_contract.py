from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.zarr_store import open_dataset
from vita_train.cli_config import compose_config, resolve
from vita_train.contract import check_contract, check_stats, make_policy_config
from vita_train.policy.config import VitaConfig
from vita_train.settings import parse_settings


@pytest.fixture
def spec(dataset):
    return open_dataset(dataset).spec


@pytest.fixture
def settings(tmp_path, dataset, make_task):
    task = make_task(tmp_path / "reach.yaml", dataset)
    return parse_settings(resolve(compose_config([f"task={task}"])), datetime(2026, 1, 1))


def test_a_fitting_task_passes(settings, spec):
    check_contract(settings.task, spec)
    open_task = dataclasses.replace(settings.task, fps=None, state_dim=None, action_dim=None)
    check_contract(open_task, spec)


def test_every_disagreement_is_listed(settings, spec):
    task = dataclasses.replace(
        settings.task, image_keys=("cam", "observation.images.image"), fps=30.0, state_dim=4, action_key="actions"
    )
    with pytest.raises(DataError) as caught:
        check_contract(task, spec)
    for part in (
        "'cam', but its cameras are observation.images.image, observation.images.wrist_right_image",
        "task.fps is 30 but it was recorded at 10",
        "task.state_dim is 4, but its state has 3",
        "task.action_key is 'actions', but its action is 'action'",
    ):
        assert part in str(caught.value)


def test_statistics_that_do_not_fit_are_listed_by_key(settings, dataset):
    data = open_dataset(dataset)
    check_stats(settings.task, data.spec, data.stats)
    image, wrist = settings.task.image_keys
    state, action = data.stats["observation.state"], data.stats["action"]
    stats = {
        image: data.stats[image],
        "observation.state": dataclasses.replace(state, std=state.std[:2]),
        "action": dataclasses.replace(action, mean=action.mean * float("nan")),
    }
    with pytest.raises(DataError) as caught:
        check_stats(settings.task, data.spec, stats)
    for part in (
        f"'{wrist}' has none",
        "those of 'observation.state' have 3 means and 2 stds instead of 3",
        "those of 'action' are not finite",
    ):
        assert part in str(caught.value)


def test_the_shipped_policy_settings_are_the_policys_defaults(settings, spec):
    config = make_policy_config(settings, spec)
    assert config == VitaConfig(
        image_keys=settings.task.image_keys, state_dim=3, action_dim=3, resize_shape=(32, 40), crop_shape=(28, 36)
    )


def test_a_crop_larger_than_the_image_is_refused(settings, spec):
    with pytest.raises(UsageError, match=r"crop_shape \[50, 36\]"):
        make_policy_config(dataclasses.replace(settings, crop_shape=(50, 36)), spec)
