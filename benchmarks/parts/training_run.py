"""A training run on a training set of noise, prepared as the command ``train`` does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import yaml
from rich.console import Console

from parts.training_set import CAMERAS, JOINTS, write_training_set
from vita_train.cli_config import compose_config, resolve, to_yaml
from vita_train.preparation import Preparation, prepare
from vita_train.settings import parse_settings
from vita_train.training import train

LAPTOP = (
    "policy.observer=small",
    "policy.vita.latent_dim=256",
    "policy.flow_net.hidden_dim=256",
    "policy.flow_net.num_layers=2",
    "policy.action_ae.net.enc_hidden_dim=256",
    "policy.action_ae.net.dec_hidden_dim=256",
    "policy.action_ae.net.num_layers=2",
)
"""The sizes that docs/train.md recommends without a GPU."""


def prepare_run(
    folder: Path, size: tuple[int, int], crop: tuple[int, int], settings: Sequence[str]
) -> tuple[Preparation, str]:
    """Write 1,000 steps with two cameras of ``size`` into ``folder`` and prepare to train on them.

    Returns:
        The run, and its configuration as YAML.
    """
    task = {
        "name": "bench",
        "dataset_root": str(write_training_set(folder / "bench" / "arm", 1000, size)),
        "fps": 30,
        "image_keys": list(CAMERAS),
        "state_dim": JOINTS,
        "action_dim": JOINTS,
    }
    text = yaml.safe_dump({"resize_shape": list(size), "crop_shape": list(crop), "task": task})
    (folder / "bench.yaml").write_text(f"# @package _global_\n{text}", encoding="utf-8")
    common = [f"base_dir={folder}", f"task={folder}/bench.yaml", "session=bench", "device=cpu", "train.batch_size=32"]
    config = compose_config([*common, *settings])
    values = resolve(config)
    return prepare(parse_settings(values, datetime.now())), to_yaml(type(config)(values))


def run_training(run: Preparation, config_text: str) -> None:
    """Train to the end, silently."""
    run.session.make_folders()
    with run.session.locked():
        train(run, config_text, Console(quiet=True), datetime.now())
