"""Where a run begins: at nothing, or at a checkpoint that it can honestly continue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError, UsageError
from vita_dataset.spec import DatasetSpec
from vita_train.policy.checkpoint import latest_checkpoint, load_checkpoint
from vita_train.policy.config import VitaConfig
from vita_train.session import Session
from vita_train.settings import TrainSettings
from vita_train.training_state import TrainingState


def find_start(settings: TrainSettings, session: Session) -> Path | None:
    """The checkpoint from which a run goes on, None when it begins anew.

    Raises:
        UsageError: a new run would mix with the checkpoints of an older one, so would a branch from another session,
            or a resume finds none.
        DataError: ``checkpoint_path`` holds no checkpoint.
    """
    saved = session.saved_steps()
    if not settings.resume:
        if saved:
            raise UsageError(
                f"session '{session.root}' already has checkpoints up to step {saved[-1]}; add resume=true to go on, "
                "or choose another session=<name>"
            )
        return None
    if settings.checkpoint_path is not None:
        start = latest_checkpoint(settings.checkpoint_path)
        if saved and start.resolve().parent != session.checkpoints.resolve():
            raise UsageError(
                f"going on from '{start}' would mix with session '{session.root}', which has checkpoints of its own; "
                "choose a new session=<name> for the branch, or leave checkpoint_path out"
            )
        return start
    if not saved:
        raise UsageError(
            f"resume=true, but session '{session.root}' has no checkpoint; check task, session and base_dir, or leave "
            "resume out to begin"
        )
    return session.checkpoint(saved[-1])


def check_start(start: Path, settings: TrainSettings, config: VitaConfig, spec: DatasetSpec) -> None:
    """Check that policy, dataset and length allow to go on from a checkpoint.

    Raises:
        DataError: a damaged checkpoint, or one of another dataset.
        UsageError: other policy settings, or nothing left to do.
    """
    checkpoint = load_checkpoint(start)
    if checkpoint.spec.source.fingerprint != spec.source.fingerprint:
        raise DataError(
            f"'{start}' was trained on dataset '{checkpoint.spec.repo_id}' with fingerprint "
            f"{checkpoint.spec.source.fingerprint}, but '{settings.task.dataset_root}' has {spec.source.fingerprint}; "
            "resume with the dataset of the run, or begin a new session"
        )
    changed = _changes(checkpoint.config.to_dict(), config.to_dict())
    if changed:
        raise UsageError(
            f"'{start}' was trained with other policy settings: {'; '.join(changed)}; repeat the settings of the run, "
            "or begin a new session"
        )
    if checkpoint.step >= settings.loop.steps:
        raise UsageError(
            f"'{start}' already has {checkpoint.step} steps of train.steps={settings.loop.steps}; "
            "raise train.steps to train longer"
        )


def changed_settings(state: TrainingState, settings: TrainSettings) -> list[str]:
    """The settings that change a run without breaking it (batch size, learning rate, seed ...), old and new."""
    return _changes(state.run, run_settings(settings))


def run_settings(settings: TrainSettings) -> dict[str, Any]:
    """The settings that decide what each further step does, as plain values by name."""
    loop = settings.loop
    plain = {
        "seed": settings.seed,
        "train.steps": loop.steps,
        "train.batch_size": loop.batch_size,
        "train.precision": loop.precision,
        "policy.drop_n_last_frames": settings.drop_n_last_frames,
        "task.dataset_episodes": settings.task.dataset_episodes,
    }
    plain |= {f"optimizer.{name}": value for name, value in asdict(settings.optimizer).items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Every leaf that differs, as "name was x, now y"."""
    changes = []
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            changes += [f"{name}.{change}" for change in _changes(old, new)]
        elif old != new:
            changes.append(f"{name} was {old}, now {new}")
    return changes
