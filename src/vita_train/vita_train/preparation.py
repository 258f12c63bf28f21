"""What a run is made of, and the check that its parts fit together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from vita_dataset.errors import UsageError
from vita_dataset.stats import Stats
from vita_dataset.zarr_store import ConvertedDataset, open_dataset
from vita_train.backbone_weights import BackboneWeights, read_backbone_weights
from vita_train.contract import check_contract, check_stats, make_policy_config
from vita_train.environment_layout import Needs
from vita_train.environments import check_environment
from vita_train.held_out import Split, split_episodes
from vita_train.loggers import check_loggers
from vita_train.policy.config import VitaConfig
from vita_train.policy.normalizer import override_stats
from vita_train.processes import Processes, read_processes
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
        processes: who trains together.
        dataset: what to learn.
        windows: the parts of it that training visits.
        split: the episodes that they come from, and those by which the policy is judged.
        config: the policy's settings.
        stats: the dataset's statistics with the task's overrides.
        start: the checkpoint to go on from, None for a new run.
        backbone: what the image backbone of a new run starts from, None for random weights.
        damaged: what is wrong with newer checkpoints of the session, which therefore are not it.
    """

    settings: TrainSettings
    session: Session
    processes: Processes
    dataset: ConvertedDataset
    windows: Windows
    split: Split
    config: VitaConfig
    stats: Stats
    start: Path | None
    backbone: BackboneWeights | None
    damaged: tuple[str, ...]

    @property
    def device(self) -> str:
        """The processor of this process: "cpu" or "cuda:<n>"."""
        return self.processes.device


def prepare(settings: TrainSettings) -> Preparation:
    """Check that settings, machine, dataset and session fit together. Writes nothing.

    Raises:
        UsageError: settings that make no sense here.
        DataError: a dataset or checkpoint that does not fit.
    """
    session = Session(settings.session_root)
    found = find_start(settings, session)
    start, damaged = (None, ()) if found is None else (found.checkpoint, found.damaged)
    processes = read_processes(settings.device, settings.distribution, torch.cuda.device_count(), os.environ)
    if processes.is_chief:
        check_loggers(settings.loggers)
    if processes.device == "cpu" and settings.loop.precision == "16-mixed":
        raise UsageError("train.precision=16-mixed needs a GPU; use bf16-mixed or 32-true on a CPU")
    dataset = open_dataset(settings.task.dataset_root)
    check_contract(settings.task, dataset.spec)
    config = make_policy_config(settings, dataset.spec)
    stats = override_stats(dataset.stats, settings.task.override_stats)
    check_stats(settings.task, dataset.spec, stats)
    val = settings.validation
    split = split_episodes(
        dataset.episode_count, settings.task.dataset_episodes, val.episodes, val.num_episodes, val.seed
    )
    windows = make_windows(
        dataset.episode_ends, config.pred_horizon, split.train, settings.drop_n_last_frames, config.obs_horizon
    )
    # A run that goes on has its backbone in the checkpoint, and the file may be gone by now.
    path = None if start is not None else settings.backbone_weights
    backbone = None if path is None else read_backbone_weights(path)
    if start is not None:
        check_start(start, settings, config, dataset.spec, stats)
    if processes.is_chief and settings.online.freq and settings.online.environment is not None:
        check_environment(settings.online.environment, Needs.of(config, dataset.spec.fps))
    return Preparation(settings, session, processes, dataset, windows, split, config, stats, start, backbone, damaged)
