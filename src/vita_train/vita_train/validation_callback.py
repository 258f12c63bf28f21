"""Validation in the middle of a training."""

from __future__ import annotations

import logging
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from vita_dataset.errors import DataError
from vita_train.best_step import Score
from vita_train.callbacks import StopOnSignal, vita_module
from vita_train.loggers import log_images
from vita_train.module import VitaModule
from vita_train.save_checkpoints import SaveCheckpoints
from vita_train.session import Session
from vita_train.validation import Validator
from vita_train.validation_errors import Validation
from vita_train.validation_folder import write_validation

log = logging.getLogger(__name__)


class Validate(Callback):
    """Measures the averaged weights every ``every`` steps and at the last one.

    The results go to the trainer's loggers and to ``val/step_<10 digits>``. Goes before ``SaveCheckpoints`` in the list
    of callbacks, so that a step that is both best and due is saved once.
    """

    def __init__(
        self,
        validator: Validator,
        session: Session,
        every: int,
        total_steps: int,
        fps: float,
        stop: StopOnSignal,
        best: SaveCheckpoints | None,
    ) -> None:
        """Args as the names say; ``stop`` cuts a validation short, ``best`` keeps the best step, None keeps none."""
        self._validator = validator
        self._session = session
        self._every = every
        self._total_steps = total_steps
        self._fps = fps
        self._stop = stop
        self._best = best

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Validate when it is time; a full disk is said aloud and training goes on."""
        module = vita_module(pl_module)
        # One process is enough; the others wait for it in their next step.
        due = module.stepped and (module.step % self._every == 0 or module.step == self._total_steps)
        if trainer.is_global_zero and due:
            self._validate(trainer, module)

    def _validate(self, trainer: Trainer, module: VitaModule) -> None:
        averaged = None if module.ema is None else module.ema.state_dict()
        found = self._validator.run(module.policy, averaged, lambda: self._stop.received is not None)
        if found is None:
            log.info("the validation of step %d was left out, because training was asked to end", module.step)
            return
        validation, examples = found
        for logger in trainer.loggers:
            logger.log_metrics(validation.metrics(), step=module.step)
        try:
            folder = self._session.validation(module.step)
            write_validation(folder, validation, examples, self._fps, {"step": module.step})
            plots = {f"val/{plot.stem}": plot for plot in sorted(folder.glob("*.png"))}
            log_images(trainer.loggers, module.step, plots)
        except DataError as error:
            log.error("the validation of step %d could not be written (%s); training goes on", module.step, error)
        log.info("validation of step %d: %s", module.step, summary(validation))
        if self._best is not None:
            self._best.keep_if_best(module, Score.of_error(validation.score, validation.episodes))


def summary(validation: Validation) -> str:
    """The errors in one line."""
    scale = validation.joints
    return (
        f"executed part {scale.over_range(validation.policy.executed):.2%} of each joint's range off "
        f"(holding the pose: {scale.over_range(validation.hold.executed):.2%}), "
        f"whole chunk {scale.over_range(validation.policy.chunk):.2%}, loss {validation.losses['loss']:.4f}"
    )
