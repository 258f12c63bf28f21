"""Validation in an environment in the middle of a training."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from vita_dataset.errors import VitaError
from vita_train.best_step import Score
from vita_train.callbacks import StopOnSignal, vita_module
from vita_train.loggers import log_videos
from vita_train.module import VitaModule
from vita_train.online_folder import write_online
from vita_train.online_result import OnlineResult
from vita_train.online_validation import OnlineValidator
from vita_train.preparation import Preparation
from vita_train.save_checkpoints import SaveCheckpoints
from vita_train.session import Session
from vita_train.validation_folder import read_error

log = logging.getLogger(__name__)


class ValidateOnline(Callback):
    """Tries the averaged weights out every ``every`` steps and at the last one.

    The results go to the trainer's loggers and to ``val/step_<10 digits>``. An environment that fails costs this
    validation, never the training. Goes between ``Validate`` and ``SaveCheckpoints`` in the list of callbacks: the
    error on held-out episodes decides between steps that succeed equally often, and a step that is both best and due
    is saved once.
    """

    def __init__(
        self,
        validator: OnlineValidator,
        session: Session,
        every: int,
        total_steps: int,
        stop: StopOnSignal,
        best: SaveCheckpoints | None,
    ) -> None:
        """Args as the names say; ``stop`` cuts a validation short, ``best`` keeps the best step, None keeps none."""
        self._validator = validator
        self._session = session
        self._every = every
        self._total_steps = total_steps
        self._stop = stop
        self._best = best

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Validate when it is time."""
        module = vita_module(pl_module)
        due = module.stepped and (module.step % self._every == 0 or module.step == self._total_steps)
        # One process is enough; the others wait for it in their next step.
        if trainer.is_global_zero and due:
            result = self._try_out(trainer, module)
            if result is not None and self._best is not None:
                self._best.keep_if_best(module, self._score(result, module.step))

    def _try_out(self, trainer: Trainer, module: VitaModule) -> OnlineResult | None:
        """Run the episodes and report them; None where they could not be run to their end."""
        settings, where = self._validator.settings, self._validator.environment
        log.info("online validation of step %d: %d episodes of %s", module.step, settings.episodes, where.name)
        averaged = None if module.ema is None else module.ema.state_dict()
        result = None
        try:
            # Films lie elsewhere until the validation is whole.
            with TemporaryDirectory(prefix="vita_films_") as films:
                result = self._validator.run(
                    module.policy, Path(films), averaged, lambda: self._stop.received is not None
                )
                if result is not None:
                    self._report(trainer, module.step, result, Path(films))
        except (VitaError, OSError) as error:
            if self._stop.received is None:
                what = "failed" if result is None else "could not be written"
                log.error("the online validation of step %d %s (%s); training goes on", module.step, what, error)
        if result is None and self._stop.received is not None:
            log.info("the online validation of step %d was left out, because training was asked to end", module.step)
        return result

    def _report(self, trainer: Trainer, step: int, result: OnlineResult, films: Path) -> None:
        for logger in trainer.loggers:
            logger.log_metrics(result.metrics(), step=step)
        log.info("online validation of step %d: %s", step, result.summary())
        if result.failures:
            log.info("%s", result.failures)
        paths = write_online(self._session.validation(step), result, films, {"step": step})
        log_videos(trainer.loggers, step, {f"online/{path.stem}": path for path in paths})

    def _score(self, result: OnlineResult, step: int) -> Score:
        held_out = read_error(self._session.validation(step))
        error = None if held_out is None else held_out[1]
        return Score(result.success_rate, result.mean_max_reward, error, (result.measured_on,))


def make_online(run: Preparation, save: SaveCheckpoints, stop: StopOnSignal) -> list[ValidateOnline]:
    """The callback of a run; none where no environment is asked for."""
    settings, online = run.settings, run.settings.online
    if not online.freq or online.environment is None:
        return []
    validator = OnlineValidator(online.environment, online.rollout, run.config, run.dataset.spec)
    best = save if settings.loop.save_best else None
    return [ValidateOnline(validator, run.session, online.freq, settings.loop.steps, stop, best)]
