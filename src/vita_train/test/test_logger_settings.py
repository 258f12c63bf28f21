from __future__ import annotations

import pytest

from vita_dataset.errors import UsageError
from vita_train.cli_config import compose_config, resolve
from vita_train.logger_settings import LoggerSettings, WandbSettings, read_loggers
from vita_train.values import Values

SHIPPED = "task=ur12e_real_libero_spatial"


@pytest.fixture(autouse=True)
def datasets(monkeypatch):
    monkeypatch.setenv("FLARE_DATASETS_DIR", "/datasets")


def read(*overrides):
    values = Values(resolve(compose_config([SHIPPED, *overrides])))
    found = read_loggers(values, "pick", "first")
    values.refuse_if_bad()
    return found


def test_both_are_off_and_the_defaults_are_those_of_the_original():
    assert read() == LoggerSettings(tensorboard=False, wandb=None)
    assert read("tensorboard.enable=true").tensorboard
    assert read("wandb.enable=true").wandb == WandbSettings(
        project="vita-pick",
        entity=None,
        name="first-vita",
        notes=None,
        group="vita",
        tags=("vita", "conditional"),
        mode=None,
        upload_checkpoints=False,
    )


def test_each_key_is_read():
    found = read("wandb.enable=true", "wandb.project=p", "wandb.entity=e", "wandb.tags=[a,b]", "wandb.mode=offline")
    assert (found.wandb.project, found.wandb.entity) == ("p", "e")
    assert (found.wandb.tags, found.wandb.mode) == (("a", "b"), "offline")


def test_what_makes_no_sense_is_refused_also_where_it_is_off():
    with pytest.raises(UsageError, match=r"wandb\.mode must be one of online, offline, disabled.*upload_checkpoints"):
        read("wandb.mode=sometimes", "wandb.upload_checkpoints=3")
