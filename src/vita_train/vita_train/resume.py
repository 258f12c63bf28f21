"""Where a run begins: at nothing, or at a checkpoint that it can honestly continue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vita_dataset.errors import DataError, UsageError
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import FeatureStats, Stats
from vita_train.checkpoint_damage import thorough_damage
from vita_train.policy.augmentation import Augmentation
from vita_train.policy.checkpoint import Checkpoint, latest_checkpoint, load_checkpoint
from vita_train.policy.config import VitaConfig
from vita_train.session import Session, disk_refusals
from vita_train.settings import TrainSettings
from vita_train.training_state import TrainingState

CHOSEN = "task.dataset_episodes"
HELD_OUT = "val.held_out"
SEEN = "trained_on"
"""Names in ``TrainingState.run``. A list of episodes each; the first may be None, for all of them."""
ACCUMULATED = "train.accumulate_grad_batches"
PROCESSES = "train.devices x train.num_nodes"
"""Further names; where they are missing, they were 1."""


@dataclass(frozen=True)
class Start:
    """Where a resumed run goes on.

    Attributes:
        checkpoint: the folder, whole.
        damaged: of each newer checkpoint, which cannot be used, what is wrong with it; newest first.
    """

    checkpoint: Path
    damaged: tuple[str, ...] = ()


def find_start(settings: TrainSettings, session: Session) -> Start | None:
    """The checkpoint from which a run goes on, None when it begins anew.

    Without ``checkpoint_path`` it is the newest that is whole. One that is asked for by name must be whole.

    Raises:
        UsageError: a new run would mix with the checkpoints of an older one, so would a branch from another session,
            or a resume finds none.
        DataError: ``checkpoint_path`` holds no checkpoint or a damaged one, all of the session are damaged, or the disk
            does not let them be listed.
    """
    with disk_refusals(session.root):
        saved = session.saved_steps()
    if not settings.resume:
        if saved:
            raise UsageError(
                f"session '{session.root}' already has checkpoints up to step {saved[-1]}; add resume=true to go on, "
                "or choose another session=<name>"
            )
        return None
    if settings.checkpoint_path is not None:
        return Start(_asked_for(settings.checkpoint_path, session, bool(saved)))
    if not saved:
        raise UsageError(
            f"resume=true, but session '{session.root}' has no checkpoint; check task, session and base_dir, or leave "
            "resume out to begin"
        )
    return _newest_whole([session.checkpoint(step) for step in reversed(saved)])


def _asked_for(path: Path, session: Session, session_has_checkpoints: bool) -> Path:
    start = latest_checkpoint(path)
    if session_has_checkpoints and start.resolve().parent != session.checkpoints.resolve():
        raise UsageError(
            f"going on from '{start}' would mix with session '{session.root}', which has checkpoints of its own; "
            "choose a new session=<name> for the branch, or leave checkpoint_path out"
        )
    reason = thorough_damage(start)
    if reason is not None:
        raise DataError(
            f"the checkpoint '{start}' cannot be resumed: {reason}; give another checkpoint_path=<folder>, or leave it "
            "out to go on from the session's newest that is whole"
        )
    return start


def _newest_whole(newest_first: Sequence[Path]) -> Start:
    damaged: list[str] = []
    for checkpoint in newest_first:
        reason = thorough_damage(checkpoint)
        if reason is None:
            return Start(checkpoint, tuple(damaged))
        damaged.append(f"{checkpoint.name}: {reason}")
    raise DataError(
        f"no checkpoint in '{newest_first[0].parent}' is whole: {'; '.join(damaged)}; copy one there again, or begin a "
        "new session"
    )


def check_start(start: Path, settings: TrainSettings, config: VitaConfig, spec: DatasetSpec, stats: Stats) -> None:
    """Check that policy, dataset, statistics and length allow to go on from a checkpoint.

    Raises:
        DataError: a damaged checkpoint, or one of another dataset or of another conversion of it.
        UsageError: other policy settings or statistics, or nothing left to do.
    """
    checkpoint = load_checkpoint(start)
    _check_dataset(checkpoint, settings, spec)
    changed = _changes(checkpoint.config.to_dict(), config.to_dict())
    if changed:
        raise UsageError(
            f"'{start}' was trained with other policy settings: {'; '.join(changed)}; repeat the settings of the run, "
            "or begin a new session"
        )
    keys = (*config.image_keys, config.state_key, config.action_key)
    rescaled = [key for key in keys if not _scale_alike(checkpoint.stats.get(key), stats.get(key))]
    if rescaled:
        # The weights bring their own normalisation along, so other statistics would be written but not used.
        raise UsageError(
            f"'{start}' was trained with another mean or std of {', '.join(rescaled)}; repeat task.override_stats of "
            "the run, or begin a new session"
        )
    if checkpoint.step >= settings.loop.steps:
        raise UsageError(
            f"'{start}' already has {checkpoint.step} steps of train.steps={settings.loop.steps}; "
            "raise train.steps to train longer"
        )


def _check_dataset(checkpoint: Checkpoint, settings: TrainSettings, spec: DatasetSpec) -> None:
    """Refuse another recording, and the same one in another form: the fingerprint tells only of the recording."""
    start, root = checkpoint.path, settings.task.dataset_root
    if checkpoint.spec.source.fingerprint != spec.source.fingerprint:
        raise DataError(
            f"'{start}' was trained on dataset '{checkpoint.spec.repo_id}' with fingerprint "
            f"{checkpoint.spec.source.fingerprint}, but '{root}' has {spec.source.fingerprint}; "
            "resume with the dataset of the run, or begin a new session"
        )
    changed = _changes(_form(checkpoint.spec), _form(spec))
    if changed:
        raise DataError(
            f"'{start}' was trained on another conversion of the recording in '{root}': {'; '.join(changed)}; convert "
            "it as it was, or begin a new session"
        )


def _form(spec: DatasetSpec) -> dict[str, Any]:
    """What a conversion decides about the samples, as plain values by name."""
    plain = spec.to_dict()
    cameras = {camera["key"]: camera for camera in plain["cameras"]}
    return {"cameras": cameras} | {name: plain[name] for name in ("resize", "state", "action", "fps", "image_codec")}


def _scale_alike(before: FeatureStats | None, now: FeatureStats | None) -> bool:
    """Whether two statistics are there and scale a feature alike.

    Digits that float32 does not hold do not count: another machine adds up a dataset in another order.
    """
    if before is None or now is None:
        return False
    return all(
        old.shape == new.shape and np.allclose(old, new, rtol=1e-7, atol=1e-12)
        for old, new in ((before.mean, now.mean), (before.std, now.std))
    )


def seen_episodes(run: Mapping[str, Any], count: int) -> list[int]:
    """The episodes that a checkpoint was trained on, in whichever part of its run.

    Args:
        run: its ``TrainingState.run``.
        count: episodes in the dataset.
    """
    # Checkpoints of before episodes could be held out tell only what training might see.
    seen = run.get(SEEN, run.get(CHOSEN))
    return list(range(count) if seen is None else seen)


def changed_settings(state: TrainingState, settings: TrainSettings, held_out: Sequence[int]) -> list[str]:
    """The settings that change a run without breaking it (batch size, learning rate, seed ...), old and new."""
    before = {ACCUMULATED: 1, PROCESSES: 1} | {name: value for name, value in state.run.items() if name != SEEN}
    return _changes(before, run_settings(settings, held_out))


def run_settings(settings: TrainSettings, held_out: Sequence[int]) -> dict[str, Any]:
    """The settings that decide what each further step does, as plain values by name.

    Args:
        settings: of the run.
        held_out: the episodes that it does not train on, whether drawn or named.
    """
    loop = settings.loop
    plain = {
        "seed": settings.seed,
        "train.steps": loop.steps,
        "train.batch_size": loop.batch_size,
        ACCUMULATED: loop.accumulate_grad_batches,
        PROCESSES: settings.distribution.processes,
        "train.precision": loop.precision,
        "policy.drop_n_last_frames": settings.drop_n_last_frames,
        CHOSEN: settings.task.dataset_episodes,
    }
    if held_out:
        plain[HELD_OUT] = list(held_out)
    if settings.backbone_weights is not None:
        plain["backbone_weights"] = str(settings.backbone_weights)
    # Only what is asked for: checkpoints of before there was a choice say nothing of it.
    usual = asdict(Augmentation())
    plain |= {
        f"augmentation.{name}": value for name, value in asdict(settings.augmentation).items() if value != usual[name]
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
