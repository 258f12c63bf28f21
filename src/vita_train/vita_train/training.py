"""A whole training run, from checked settings to the last checkpoint."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger
from rich.console import Console
from torch.utils.data import DataLoader

from vita_train.callbacks import StopOnSignal, WatchNumbers, true_exit_codes
from vita_train.checkpoint_writer import CheckpointWriter
from vita_train.data import Batch, BatchDataset, BatchKeys, StepRange, make_loader
from vita_train.held_out import refuse_seen
from vita_train.module import VitaModule
from vita_train.policy.vita import VitaPolicy
from vita_train.preparation import Preparation
from vita_train.progress import ProgressReport
from vita_train.quiet import quiet_lightning
from vita_train.resume import HELD_OUT, changed_settings, seen_episodes
from vita_train.sample_order import SampleOrder
from vita_train.save_checkpoints import SaveCheckpoints
from vita_train.session import disk_refusals
from vita_train.training_state import TrainingState, read_training_state
from vita_train.validation import Validator
from vita_train.validation_callback import Validate

log = logging.getLogger(__name__)

GPU_WORKERS = 4
"""Processes that gather batches for a GPU. A CPU run has none: they would take cores from the network."""


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended.

    Attributes:
        step: optimisation steps done.
        checkpoint: the newest checkpoint.
        stopped_by: number of the signal that ended the run early, None for a whole run.
    """

    step: int
    checkpoint: Path
    stopped_by: int | None


def train(run: Preparation, config_text: str, console: Console, now: datetime) -> TrainingResult:
    """Train, in a session folder that this process has locked.

    Args:
        run: from ``prepare``.
        config_text: the whole configuration as YAML, kept beside the logs.
        console: for the progress bar.
        now: names this part of the run.

    Raises:
        DataError: a damaged checkpoint to go on from, numbers that stopped being finite, or a disk that does not
            take the last checkpoint.
    """
    settings, session, on_gpu = run.settings, run.session, run.device != "cpu"
    stamp = f"{now:%Y%m%d_%H%M%S}"
    state, seen = _read_start(run)
    module = _make_module(run, state)
    # Nothing but the module holds the state, and drops it once optimizer and averages have taken their copies.
    del state
    loader = _make_loader(run, module.step)
    with disk_refusals(session.root):
        (session.logs / f"train_config_{stamp}.yaml").write_text(config_text, encoding="utf-8")
        session.sweep()
        aside = session.set_aside_after(module.step, stamp)
    _log_beginning(run, module, aside)

    save = SaveCheckpoints(session, settings.loop.save_freq, settings.loop.keep_freq, CheckpointWriter(run, seen).write)
    stop = StopOnSignal()
    validate = _make_validation(run, save, stop)
    # Looking at a number is free on a CPU; on a GPU it makes the step wait.
    watch = WatchNumbers(session, settings.loop.log_freq if on_gpu else 1)
    progress = ProgressReport(console, settings.loop.steps, settings.loop.log_freq)
    with quiet_lightning():
        trainer = Trainer(
            accelerator="gpu" if on_gpu else "cpu",
            devices=[int(run.device.partition(":")[2])] if on_gpu else 1,
            precision=settings.loop.precision,  # type: ignore[arg-type]
            max_epochs=1,
            logger=CSVLogger(session.logs, name="metrics", version=stamp, flush_logs_every_n_steps=1),
            callbacks=[watch, *validate, save, stop, progress],
            default_root_dir=session.root,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
        with true_exit_codes():
            trainer.fit(module, loader)
    # A signal during the last step stopped nothing.
    stopped_by = stop.received if module.step < settings.loop.steps else None
    return TrainingResult(module.step, session.checkpoint(session.saved_steps()[-1]), stopped_by)


def _read_start(run: Preparation) -> tuple[TrainingState | None, set[int]]:
    """The state to go on from, None for a new run, and all episodes that the run will have been trained on."""
    if run.start is None:
        return None, set(run.split.train)
    state = read_training_state(run.start)
    before, held_out = seen_episodes(state.run, run.dataset.episode_count), run.split.held_out
    refuse_seen(held_out, before, state.run.get(HELD_OUT, []))
    log.info("going on from %s", run.start)
    for change in changed_settings(state, run.settings, held_out):
        log.warning("the run goes on with a changed setting: %s", change)
    return state, {*before, *run.split.train}


def _make_module(run: Preparation, state: TrainingState | None) -> VitaModule:
    settings = run.settings
    torch.manual_seed(settings.seed)
    policy = VitaPolicy(run.config, run.stats)
    return VitaModule(policy, settings.optimizer, settings.loop.steps, settings.seed, state)


def _make_loader(run: Preparation, first_step: int) -> DataLoader[Batch]:
    settings, loop, config = run.settings, run.settings.loop, run.config
    order = SampleOrder(len(run.windows), loop.batch_size, settings.seed)
    keys = BatchKeys(config.image_keys, config.state_key, config.action_key)
    batches = BatchDataset(run.dataset, run.windows, order, keys)
    on_gpu = run.device != "cpu"
    workers = loop.num_workers
    if workers is None:
        workers = GPU_WORKERS if on_gpu else 0
    log.info("%d windows, batches of %d, %d loader processes", len(run.windows), loop.batch_size, workers)
    return make_loader(batches, StepRange(first_step, loop.steps), workers, loop.prefetch_factor, on_gpu)


def _make_validation(run: Preparation, save: SaveCheckpoints, stop: StopOnSignal) -> list[Validate]:
    """The callback that validates; none where nothing is held out or validation is off."""
    loop, val = run.settings.loop, run.settings.validation
    if not run.split.held_out or not val.offline_freq:
        return []
    validator = Validator(run.dataset, run.config, run.split.held_out, val.batch_size, val.num_viz_samples)
    best = save if loop.save_best else None
    return [Validate(validator, run.session, val.offline_freq, loop.steps, run.dataset.spec.fps, stop, best)]


def _log_beginning(run: Preparation, module: VitaModule, aside: Path | None) -> None:
    settings, steps = run.settings, run.settings.loop.steps
    if aside is not None:
        log.warning("later checkpoints of this session were moved to %s", aside)
    if run.split.held_out:
        log.info("held out of training: episodes %s", ", ".join(map(str, run.split.held_out)))
    warmup = settings.optimizer.warmup_steps
    if warmup >= steps:
        log.warning(
            "scheduler_warmup_steps=%d is not below train.steps=%d, so the learning rate never reaches optimizer_lr; "
            "set scheduler_warmup_steps=%d, for example",
            *(warmup, steps, steps // 10),
        )
    weights = sum(weight.numel() for weight in module.policy.parameters() if weight.requires_grad)
    log.info(
        "training task %s on %s: steps %d to %d, %.1f million weights, dataset %s",
        *(settings.task.name, run.device, module.step, steps, weights / 1e6, run.dataset.folder),
    )
