"""A run at Weights & Biases. Importing this module imports wandb."""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import wandb
from wandb.errors import Error as WandbError

from vita_dataset.errors import UsageError
from vita_train.logger_settings import WandbSettings

log = logging.getLogger(__name__)

ID_FILE = "wandb_run_id"
"""In the session's logs/: by it a resumed session goes on with its run."""
TIMEOUT_S = 30.0


def check_account(settings: WandbSettings) -> None:
    """Check that somebody is logged in, without asking for a password and without the network.

    Raises:
        UsageError: nobody is, and the run is to be online.
    """
    # The terminal belongs to the progress bar. Later than now nobody looks at it.
    os.environ.setdefault("WANDB_SILENT", "true")
    mode = settings.mode or os.environ.get("WANDB_MODE") or "online"
    if mode != "online":
        return
    try:
        # It reads the environment and ~/.netrc.
        known = wandb.login(prompt=False, verify=False)
    except WandbError as error:
        raise UsageError(f"Weights & Biases refuses the login ({_line(error)}); mend it with 'wandb login'") from error
    if not known:
        raise UsageError(
            "wandb.enable=true, but nobody is logged in to Weights & Biases here; run 'wandb login', set "
            "WANDB_API_KEY, or add wandb.mode=offline"
        )


@contextmanager
def wandb_run(settings: WandbSettings, folder: Path, config: Mapping[str, Any]) -> Iterator[wandb.Run]:
    """While inside, the run of a session; a new one, or the one that an earlier part began.

    Args:
        settings: how it is called and where it goes.
        folder: the session's logs/; the run's files go to wandb/ below it.
        config: the whole configuration.

    Raises:
        UsageError: Weights & Biases refuses it, or cannot be reached.
    """
    try:
        run = wandb.init(
            project=settings.project,
            entity=settings.entity,
            name=settings.name,
            notes=settings.notes,
            group=settings.group,
            tags=settings.tags,
            mode=settings.mode,  # type: ignore[arg-type]
            id=_run_id(folder / ID_FILE),
            resume="allow",
            dir=folder,
            config=dict(config),
            # What is printed is in train.log.
            settings=wandb.Settings(console="off", init_timeout=TIMEOUT_S),
        )
    except WandbError as error:
        raise UsageError(
            f"Weights & Biases did not take the run ({_line(error)}); correct wandb.*, or add wandb.mode=offline and "
            "send the run later with 'wandb sync'"
        ) from error
    # Metrics are counted by the step of the training, not by the number of calls.
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    log.info("Weights & Biases: %s", f"offline, in {folder / 'wandb'}" if run.offline else run.url)
    try:
        yield run
    finally:
        run.finish(exit_code=0 if sys.exc_info()[0] is None else 1)


def _run_id(file: Path) -> str:
    if file.is_file():
        return file.read_text(encoding="utf-8").strip()
    new = secrets.token_hex(4)
    file.write_text(new + "\n", encoding="utf-8")
    return new


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
