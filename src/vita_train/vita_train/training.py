"""A whole training run, from checked settings to the last checkpoint."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import torch
import yaml
from lightning.pytorch import Callback
from rich.console import Console
from torch.utils.data import DataLoader

from vita_train.advice import advice
from vita_train.backbone_weights import backbone_advice
from vita_train.bad_numbers import BadNumbers
from vita_train.batch_loader import deaths_in_words
from vita_train.batch_parts import BatchParts, PartOrder
from vita_train.batch_ring import Batch
from vita_train.callbacks import StopOnSignal, WatchNumbers, true_exit_codes
from vita_train.checkpoint_writer import CheckpointWriter
from vita_train.data import BatchDataset, BatchKeys, StepRange, make_loader
from vita_train.held_out import outside_training, refuse_seen
from vita_train.lightning_trainer import make_trainer
from vita_train.loggers import open_loggers
from vita_train.module import VitaModule
from vita_train.online_callback import make_online
from vita_train.policy.config_advice import policy_advice
from vita_train.policy.vita import VitaPolicy
from vita_train.preparation import Preparation
from vita_train.progress import ProgressReport
from vita_train.quiet import quiet_lightning
from vita_train.resume import HELD_OUT, changed_settings, seen_episodes
from vita_train.sample_order import SampleOrder
from vita_train.save_checkpoints import SaveCheckpoints
from vita_train.session import disk_refusals
from vita_train.training_state import TrainingState, read_training_state
from vita_train.upload_checkpoints import UploadCheckpoints
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
        checkpoint: the newest checkpoint, which one process writes for all.
        stopped_by: number of the signal that ended the run early, None for a whole run.
    """

    step: int
    checkpoint: Path
    stopped_by: int | None


def train(run: Preparation, config_text: str, console: Console, now: datetime) -> TrainingResult:
    """Train, in a session folder that this process has locked, or together with the process that has.

    Args:
        run: from ``prepare``.
        config_text: the whole configuration as YAML, kept beside the logs.
        console: for the progress bar.
        now: names this part of the run.

    Raises:
        DataError: a damaged checkpoint to go on from, numbers that stopped being finite, or a disk that does not
            take the last checkpoint.
    """
    settings, session = run.settings, run.session
    stamp = f"{now:%Y%m%d_%H%M%S}"
    state, seen = _read_start(run)
    module = _make_module(run, state)
    # Nothing but the module holds the state, and drops it once optimizer and averages have taken their copies.
    del state
    loader = _make_loader(run, module.step)
    stop = StopOnSignal()
    with ExitStack() as stack:
        stack.enter_context(quiet_lightning())
        if run.processes.is_chief:
            with disk_refusals(session.root):
                (session.logs / f"train_config_{stamp}.yaml").write_text(config_text, encoding="utf-8")
                session.sweep()
                aside = session.set_aside_after(module.step, stamp)
            _log_beginning(run, module, aside)
            config = yaml.safe_load(config_text)
            loggers = stack.enter_context(open_loggers(settings.loggers, session.logs, stamp, module.step, config))
            trainer = make_trainer(run, loggers, _chief_callbacks(run, seen, stop, console))
        else:
            trainer = make_trainer(run, [], [stop])
        with true_exit_codes(), deaths_in_words():
            trainer.fit(module, loader)
    # A signal during the last step stopped nothing.
    stopped_by = stop.received if module.step < settings.loop.steps else None
    return TrainingResult(module.step, session.checkpoint(module.step), stopped_by)


def _chief_callbacks(run: Preparation, seen: set[int], stop: StopOnSignal, console: Console) -> list[Callback]:
    """What one process does for all beside training: watch, validate, save, report.

    Args:
        run: from ``prepare``.
        seen: all episodes that the run will have been trained on.
        stop: ends the run on a signal.
        console: for the progress bar.
    """
    settings, session = run.settings, run.session
    numbers = BadNumbers(session, run.dataset, run.windows, _sample_order(run).batch)
    write = CheckpointWriter(run, seen).write
    save = SaveCheckpoints(session, settings.loop.save_freq, settings.loop.keep_freq, write, numbers)
    validate = [*_make_validation(run, save, stop), *make_online(run, save, stop)]
    # Looking at a number is free on a CPU; on a GPU it makes the step wait.
    watch = WatchNumbers(numbers, 1 if run.device == "cpu" else settings.loop.log_freq)
    uploads = settings.loggers.wandb is not None and settings.loggers.wandb.upload_checkpoints
    upload = [UploadCheckpoints(session, save)] if uploads else []
    progress = ProgressReport(console, settings.loop.steps, settings.loop.log_freq)
    return [watch, *validate, save, *upload, stop, progress]


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
    policy.observer.augmentation = settings.augmentation
    if run.backbone is not None:
        policy.observer.backbone.load_state_dict(run.backbone.tensors)
    loop = settings.loop
    compute_loss = None
    if loop.compile:
        # Torch's compiler takes seconds to import.
        from vita_train.compiled_loss import compiled

        compute_loss = compiled(policy.compute_loss)
    return VitaModule(policy, settings.optimizer, loop.steps, settings.seed, state, _batch_parts(run), compute_loss)


def _batch_parts(run: Preparation) -> BatchParts:
    loop, processes = run.settings.loop, run.processes
    return BatchParts(loop.batch_size, loop.accumulate_grad_batches, processes.count, processes.rank)


def _sample_order(run: Preparation) -> SampleOrder:
    return SampleOrder(len(run.windows), _batch_parts(run).batch_size, run.settings.seed)


def _make_loader(run: Preparation, first_step: int) -> DataLoader[Batch]:
    loop, config = run.settings.loop, run.config
    keys = BatchKeys(config.image_keys, config.state_key, config.action_key)
    parts = _batch_parts(run)
    batches = BatchDataset(run.dataset, run.windows, PartOrder(_sample_order(run), parts), keys)
    on_gpu = run.device != "cpu"
    workers = loop.num_workers
    if workers is None:
        workers = GPU_WORKERS if on_gpu else 0
    log.info("%d windows, %s a step, %d loader processes", len(run.windows), parts.in_words, workers)
    numbers = StepRange(first_step * parts.turns, loop.steps * parts.turns)
    return make_loader(batches, numbers, workers, loop.prefetch_factor, on_gpu)


def _make_validation(run: Preparation, save: SaveCheckpoints, stop: StopOnSignal) -> list[Validate]:
    """The callback that validates; none where nothing is held out or validation is off."""
    loop, val = run.settings.loop, run.settings.validation
    if not run.split.held_out or not val.offline_freq:
        return []
    validator = Validator(run.dataset, run.config, run.split.held_out, val.batch_size, val.num_viz_samples)
    # Where the policy is tried out, that tells which step is best.
    best = save if loop.save_best and not run.settings.online.freq else None
    return [Validate(validator, run.session, val.offline_freq, loop.steps, run.dataset.spec.fps, stop, best)]


def _log_beginning(run: Preparation, module: VitaModule, aside: Path | None) -> None:
    settings, steps = run.settings, run.settings.loop.steps
    for reason in run.damaged:
        log.error("a checkpoint is damaged and was left out: %s", reason)
    if aside is not None:
        log.warning("later checkpoints of this session were moved to %s", aside)
    if run.split.held_out:
        log.info("held out of training: episodes %s", ", ".join(map(str, run.split.held_out)))
        data = run.dataset
        outside = outside_training(data.state, data.episode_ends, run.split, data.spec.state.labels)
        for episode, names in outside.items():
            log.warning(
                "held-out episode %d lies outside what training sees in %s, so its error tells little of the others",
                *(episode, ", ".join(names)),
            )
    for sentence in advice(
        settings.optimizer, steps, _batch_parts(run).batch_size, len(run.windows), run.dataset.spec, run.stats
    ):
        log.warning("%s", sentence)
    if run.start is None:
        if run.backbone is not None:
            log.info("the backbone starts from %s (SHA-256 %s)", run.backbone.path, run.backbone.sha256)
        for sentence in backbone_advice(
            run.backbone, run.config.observer, run.config.image_keys, settings.task.override_stats
        ):
            log.warning("%s", sentence)
        for sentence in policy_advice(run.config):
            log.warning("%s", sentence)
    weights = sum(weight.numel() for weight in module.policy.parameters() if weight.requires_grad)
    log.info(
        "training task %s on %s: steps %d to %d, %.1f million weights, dataset %s",
        *(settings.task.name, run.device, module.step, steps, weights / 1e6, run.dataset.folder),
    )
