"""Checkpoints as artifacts at Weights & Biases."""

from __future__ import annotations

import logging
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from typing_extensions import override

from vita_train.save_checkpoints import SaveCheckpoints
from vita_train.session import Session

log = logging.getLogger(__name__)


class UploadCheckpoints(Callback):
    """Gives each new checkpoint to the run at Weights & Biases. Goes after ``SaveCheckpoints`` in the list."""

    def __init__(self, session: Session, save: SaveCheckpoints) -> None:
        self._session = session
        self._save = save
        self._sent: int | None = None

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Send what was saved in this step."""
        self._send(trainer)

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Send the last one."""
        self._send(trainer)

    def _send(self, trainer: Trainer) -> None:
        step = self._save.saved
        if step is None or step == self._sent:
            return
        self._sent = step
        folder = self._session.checkpoint(step)
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                # Copied or sent in the background.
                name = f"{logger.experiment.id}-checkpoint"
                logger.experiment.log_artifact(str(folder), name=name, type="model", aliases=[folder.name, "latest"])
                log.info("gave %s to Weights & Biases", folder.name)
