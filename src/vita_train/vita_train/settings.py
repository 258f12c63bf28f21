"""What a training run was asked to do, checked and typed. Plain values only: nothing here knows Hydra."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vita_dataset.folder import is_url
from vita_train.augment_settings import read_augmentation
from vita_train.distribution_settings import DistributionSettings, read_distribution
from vita_train.logger_settings import LoggerSettings, read_loggers
from vita_train.online_settings import OnlineSettings, read_online
from vita_train.policy.augmentation import Augmentation
from vita_train.values import Values

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True)
class TaskSettings:
    """Which dataset is learned and what of it.

    ``dataset_root`` is a folder or a URL. ``fps`` [Hz] and the two widths are None where the task leaves them to the
    dataset. ``override_stats`` replaces mean and standard deviation of whole keys.
    """

    name: str
    dataset_root: str | Path
    dataset_episodes: tuple[int, ...] | None
    override_stats: Mapping[str, Any]
    fps: float | None
    image_keys: tuple[str, ...]
    state_key: str
    action_key: str
    state_dim: int | None
    action_dim: int | None


@dataclass(frozen=True)
class OptimizerSettings:
    """AdamW, its learning rate over time, and the moving average of the weights."""

    lr: float = 1e-4
    lr_backbone: float | None = None
    betas: tuple[float, float] = (0.95, 0.999)
    eps: float = 1e-8
    weight_decay: float = 1e-6
    warmup_steps: int = 500
    grad_clip_norm: float = 1.0
    use_ema: bool = True


@dataclass(frozen=True)
class LoopSettings:
    """How long, how much at once and how often; frequencies count steps.

    Each process computes ``batch_size`` samples at once, ``accumulate_grad_batches`` times before a step is done.
    """

    steps: int
    batch_size: int
    accumulate_grad_batches: int
    num_workers: int | None
    prefetch_factor: int
    precision: str
    compile: bool
    log_freq: int
    save_freq: int
    keep_freq: int
    save_best: bool


@dataclass(frozen=True)
class ValidationSettings:
    """What is held out of training and how often it is looked at.

    Attributes:
        num_episodes: how many episodes to draw; 0 with ``episodes``, or to hold nothing out.
        episodes: exactly these, None to draw them.
        seed: of the draw.
        offline_freq: steps between two validations; 0 = never, although the episodes stay held out.
        batch_size: windows computed at once.
        num_viz_samples: held-out episodes that are plotted.
    """

    num_episodes: int
    episodes: tuple[int, ...] | None
    seed: int
    offline_freq: int
    batch_size: int
    num_viz_samples: int


@dataclass(frozen=True)
class TrainSettings:
    """Everything about one run. ``policy`` holds the policy's own settings as written."""

    session_root: Path
    resume: bool
    checkpoint_path: Path | None
    seed: int
    device: str
    resize_shape: tuple[int, int]
    crop_shape: tuple[int, int]
    drop_n_last_frames: int
    policy: Mapping[str, Any]
    task: TaskSettings
    optimizer: OptimizerSettings
    loop: LoopSettings
    validation: ValidationSettings
    augmentation: Augmentation
    backbone_weights: Path | None
    distribution: DistributionSettings
    loggers: LoggerSettings
    online: OnlineSettings


def parse_settings(settings: Mapping[str, Any], now: datetime) -> TrainSettings:
    """Check a resolved configuration.

    Args:
        settings: plain values with every key of ``conf/default_policy.yaml``.
        now: names the session where the configuration does not.

    Raises:
        UsageError: lists every value of the wrong kind, not only the first.
    """
    values = Values(settings)
    policy = values.text("policy.name")
    if policy != "vita":
        values.note(f"policy.name must be vita, the only policy here, but is '{policy}'")
    task = _task(values)
    session = values.raw("session")
    session = f"{policy}-{now:%Y%m%d_%H%M%S}" if session is None else str(session)
    if not session or "/" in session or session in (".", ".."):
        values.note(f"session names a folder and cannot be {session!r}")
    checkpoint_path = values.optional_text("checkpoint_path")
    resume = values.flag("resume")
    if checkpoint_path is not None and not resume:
        values.note("checkpoint_path only has a meaning with resume=true; add it, or leave the path out")
    result = TrainSettings(
        session_root=Path(values.text("base_dir")).resolve() / "flare_outputs" / task.name / policy / session,
        resume=resume,
        checkpoint_path=None if checkpoint_path is None else Path(checkpoint_path),
        seed=values.integer("seed", 0),
        device=values.text("device"),
        resize_shape=values.size("resize_shape"),
        crop_shape=values.size("crop_shape"),
        drop_n_last_frames=values.integer("policy.drop_n_last_frames", 0),
        policy={key: value for key, value in values.raw("policy").items() if key not in ("name", "drop_n_last_frames")},
        task=task,
        optimizer=_optimizer(values),
        loop=_loop(values),
        validation=_validation(values),
        augmentation=read_augmentation(values),
        backbone_weights=_backbone_weights(values),
        distribution=read_distribution(values),
        loggers=read_loggers(values, task.name, session),
        online=read_online(values),
    )
    values.refuse_if_bad()
    return result


def _task(values: Values) -> TaskSettings:
    stats = values.raw("task.override_stats")
    if stats is not None and not isinstance(stats, Mapping):
        values.note(f"task.override_stats must be null or give mean and std by key, but is {stats!r}")
        stats = None
    fps = values.optional_number("task.fps", 0.0)
    return TaskSettings(
        name=values.folder_name("task.name"),
        dataset_root=_dataset_root(values),
        dataset_episodes=values.optional_integers("task.dataset_episodes"),
        override_stats=stats or {},
        fps=fps,
        image_keys=values.texts("task.image_keys"),
        state_key=values.text("task.state_key"),
        action_key=values.text("task.action_key"),
        state_dim=values.optional_integer("task.state_dim", 1),
        action_dim=values.optional_integer("task.action_dim", 1),
    )


def _backbone_weights(values: Values) -> Path | None:
    path = values.optional_text("backbone_weights")
    if path is not None and values.raw("policy.observer") != "resnet18":
        values.note("backbone_weights are those of a ResNet-18; set policy.observer=resnet18 or leave them out")
    return None if path is None else Path(path).expanduser()


def _dataset_root(values: Values) -> str | Path:
    root = values.optional_text("task.dataset_root")
    if root is not None:
        return root if is_url(root) else Path(root).expanduser()
    repo_id = values.optional_text("task.dataset_repo_id")
    datasets = os.environ.get("FLARE_DATASETS_DIR")
    if repo_id is None:
        values.note("task.dataset_root and task.dataset_repo_id are both null; set one of them")
    elif not datasets:
        values.note(f"task.dataset_repo_id '{repo_id}' is looked up in FLARE_DATASETS_DIR, which is not set; export it")
    if datasets and is_url(datasets):
        return f"{datasets.rstrip('/')}/{repo_id}"
    return Path(datasets or ".") / (repo_id or ".")


def _optimizer(values: Values) -> OptimizerSettings:
    return OptimizerSettings(
        lr=values.number("optimizer_lr", above=True),
        lr_backbone=values.optional_number("optimizer_lr_backbone"),
        betas=values.betas("optimizer_betas"),
        eps=values.number("optimizer_eps", above=True),
        weight_decay=values.number("optimizer_weight_decay"),
        warmup_steps=values.integer("scheduler_warmup_steps", 0),
        grad_clip_norm=values.number("train.grad_clip_norm", above=True),
        use_ema=values.flag("use_ema"),
    )


def _loop(values: Values) -> LoopSettings:
    return LoopSettings(
        steps=values.integer("train.steps", 1),
        batch_size=values.integer("train.batch_size", 1),
        accumulate_grad_batches=values.integer("train.accumulate_grad_batches", 1),
        num_workers=values.optional_integer("train.num_workers", 0),
        prefetch_factor=values.integer("train.prefetch_factor", 1),
        precision=values.choice("train.precision", PRECISIONS),
        compile=values.flag("train.compile"),
        log_freq=values.integer("train.log_freq", 1),
        save_freq=values.integer("train.save_freq", 1),
        keep_freq=values.integer("train.keep_freq", 0),
        save_best=values.flag("train.save_best"),
    )


def _validation(values: Values) -> ValidationSettings:
    return ValidationSettings(
        num_episodes=values.integer("val.num_episodes", 0),
        episodes=values.optional_integers("val.episodes"),
        seed=values.integer("val.seed", 0),
        offline_freq=values.integer("val.val_offline_freq", 0),
        batch_size=values.integer("val.batch_size", 1),
        num_viz_samples=values.integer("val.num_viz_samples", 0),
    )
