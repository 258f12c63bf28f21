"""Where metrics go beside the CSV file, checked and typed."""

from __future__ import annotations

from dataclasses import dataclass

from vita_train.values import Values

WANDB_MODES = ("online", "offline", "disabled")


@dataclass(frozen=True)
class WandbSettings:
    """One run at Weights & Biases.

    Attributes:
        project: of the run.
        entity: user or team, None for the account's own.
        name: shown for the run.
        notes: a longer description, None for none.
        group: runs of one group are shown together, None for none.
        tags: for finding it again.
        mode: "online", "offline" (files only, for a later ``wandb sync``) or "disabled"; None: the environment variable
            WANDB_MODE decides, online without it.
        upload_checkpoints: also keep each new checkpoint there, as an artifact.
    """

    project: str
    entity: str | None
    name: str
    notes: str | None
    group: str | None
    tags: tuple[str, ...]
    mode: str | None
    upload_checkpoints: bool


@dataclass(frozen=True)
class LoggerSettings:
    """Which loggers a run has; the CSV file is always there. ``wandb`` is None when it is off."""

    tensorboard: bool = False
    wandb: WandbSettings | None = None


def read_loggers(values: Values, task: str, session: str) -> LoggerSettings:
    """The settings below ``tensorboard`` and ``wandb``.

    Args:
        values: of the run.
        task: the task's name, in the default of the project.
        session: the session's name, in the default of the run's name.
    """
    tensorboard = values.flag("tensorboard.enable")
    policy, matcher = values.text("policy.name"), values.text("policy.flow_matcher.name")
    tags = values.raw("wandb.tags")
    mode = values.raw("wandb.mode")
    wandb = WandbSettings(
        project=values.optional_text("wandb.project") or f"vita-{task}",
        entity=values.optional_text("wandb.entity"),
        name=values.optional_text("wandb.name") or f"{session}-{policy}",
        notes=values.optional_text("wandb.notes"),
        group=values.optional_text("wandb.group") or policy,
        tags=(policy, matcher) if tags is None else values.texts("wandb.tags"),
        mode=None if mode is None else values.choice("wandb.mode", WANDB_MODES),
        upload_checkpoints=values.flag("wandb.upload_checkpoints"),
    )
    return LoggerSettings(tensorboard, wandb if values.flag("wandb.enable") else None)
