"""What a run is made of, and the check that its parts fit together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from vita_dataset.errors import UsageError
from vita_dataset.stats import Stats
from vita_dataset.zarr_store import ConvertedDataset, open_dataset
from vita_train.contract import check_contract, make_policy_config
from vita_train.device import read_device
from vita_train.held_out import Split, split_episodes
from vita_train.policy.config import VitaConfig
from vita_train.policy.normalizer import override_stats
from vita_train.resume import check_start, find_start
from vita_train.session import Session
from vita_train.settings import TrainSettings
from vita_train.windows import Windows, make_windows


@dataclass(frozen=True, eq=False)
class Preparation:
    """Everything a run needs, checked before anything is written.

    Attributes:
        settings: what to do.
        session: where.
        device: "cpu" or "cuda:<n>".
        dataset: what to learn.
        windows: the parts of it that training visits.
        split: the episodes that they come from, and those by which the policy is judged.
        config: the policy's settings.
        stats: the dataset's statistics with the task's overrides.
        start: the checkpoint to go on from, None for a new run.
    """

    settings: TrainSettings
    session: Session
    device: str
    dataset: ConvertedDataset
    windows: Windows
    split: Split
    config: VitaConfig
    stats: Stats
    start: Path | None


def prepare(settings: TrainSettings) -> Preparation:
    """Check that settings, machine, dataset and session fit together. Writes nothing.

    Raises:
        UsageError: settings that make no sense here.
        DataError: a dataset or checkpoint that does not fit.
    """
    session = Session(settings.session_root)
    start = find_start(settings, session)
    device = read_device(settings.device, torch.cuda.device_count())
    if device == "cpu" and settings.loop.precision == "16-mixed":
        raise UsageError("train.precision=16-mixed needs a GPU; use bf16-mixed or 32-true on a CPU")
    dataset = open_dataset(settings.task.dataset_root)
    check_contract(settings.task, dataset.spec)
    config = make_policy_config(settings, dataset.spec)
    stats = override_stats(dataset.stats, settings.task.override_stats)
    val = settings.validation
    split = split_episodes(
        dataset.episode_count, settings.task.dataset_episodes, val.episodes, val.num_episodes, val.seed
    )
    windows = make_windows(dataset.episode_ends, config.pred_horizon, split.train, settings.drop_n_last_frames)
    if start is not None:
        check_start(start, settings, config, dataset.spec, stats)
    return Preparation(settings, session, device, dataset, windows, split, config, stats, start)
