"""When checkpoints are written and which of them stay."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from vita_dataset.errors import DataError
from vita_train.bad_numbers import BadNumbers
from vita_train.best_step import Best, Score, read_best, write_best
from vita_train.callbacks import vita_module
from vita_train.checkpoint_damage import newest_whole
from vita_train.module import VitaModule
from vita_train.session import Session

log = logging.getLogger(__name__)


class SaveCheckpoints(Callback):
    """Saves every ``save_freq`` steps and when training ends, and deletes what ``keep_freq`` no longer needs.

    The newest checkpoint, the newest that is whole and the best are never deleted.

    Attributes:
        saved: step of the newest checkpoint of this run, None before the first.
        best: the best checkpoint of the session, None where none is known.
    """

    def __init__(
        self,
        session: Session,
        save_freq: int,
        keep_freq: int,
        write: Callable[[VitaModule, Path], None],
        numbers: BadNumbers,
    ) -> None:
        """``write`` makes the folder that it is given, which appears there whole or not at all."""
        self.saved: int | None = None
        self.best: Best | None = read_best(session)
        self._begun: int | None = None
        self._gave_up = False
        self._session = session
        self._save_freq = save_freq
        self._keep_freq = keep_freq
        self._write = write
        self._numbers = numbers

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bring the file about the best checkpoint in line with the checkpoints that are there."""
        self._begun = vita_module(pl_module).step
        self._note_best(self.best)

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save when it is time; a full disk is said aloud and tried again next time."""
        module = vita_module(pl_module)
        if module.stepped and module.step % self._save_freq == 0:
            self._try_to_save(module)

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the last step, also after an early stop."""
        module = vita_module(pl_module)
        if self.best is not None and self.best.step == module.step:
            # It is here because the run ended, too.
            self._note_best(replace(self.best, extra=False))
        if self.saved == module.step or self._session.checkpoint(module.step).exists():
            return
        try:
            self._save(module)
        except OSError as error:
            self._gave_up = True
            raise DataError(
                f"the last checkpoint could not be written to '{self._session.checkpoints}' ({error}); free space "
                "there and go on from the one before it with resume=true"
            ) from error

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Keep what was learned when data that cannot be read any more end the run; the weights are good."""
        module = vita_module(pl_module)
        learned = self._begun is not None and module.step > self._begun
        if isinstance(exception, DataError) and learned and not self._gave_up and int(module.first_bad_step) < 0:
            self._try_to_save(module)

    def keep_if_best(self, module: VitaModule, score: Score) -> None:
        """Save the present step if no other was better, and remember it; its predecessor may go.

        Args:
            module: after the step.
            score: of its averaged weights.
        """
        before, step = self.best, module.step
        if not score.is_finite or (before is not None and not before.beaten_by(score)):
            return
        if not self._try_to_save(module):
            return
        self._note_best(Best(step, score, extra=bool(step % self._save_freq)))
        try:
            if before is not None and before.extra and before.step in self._session.saved_steps():
                self._session.delete(before.step)
                log.info("deleted the checkpoint of step %d, which was the best before", before.step)
            self._prune()
        except OSError as error:
            log.error("an old checkpoint could not be deleted (%s); training goes on", error)

    def _try_to_save(self, module: VitaModule) -> bool:
        """Whether the present step has a checkpoint now."""
        if self.saved == module.step:
            return True
        try:
            self._save(module)
        except OSError as error:
            log.error("the checkpoint of step %d could not be written (%s); training goes on", module.step, error)
            return False
        return True

    def _save(self, module: VitaModule) -> None:
        self._numbers.refuse(module)
        folder = self._session.checkpoint(module.step)
        self._write(module, folder)
        self.saved = module.step
        log.info("saved %s", folder)
        self._prune()

    def _prune(self) -> None:
        whole = newest_whole(self._session) if self._keep_freq else None
        best = None if self.best is None else self.best.step
        try:
            pruned = self._session.prune(self._keep_freq, [step for step in (whole, best) if step is not None])
        except OSError as error:
            # The new one is there all the same, and the next time tries again.
            log.error("an old checkpoint could not be deleted (%s); training goes on", error)
            return
        if pruned:
            log.info("deleted the checkpoints of steps %s (train.keep_freq)", ", ".join(map(str, pruned)))

    def _note_best(self, best: Best | None) -> None:
        self.best = best
        try:
            write_best(self._session, best)
        except OSError as error:
            log.error("which checkpoint is best could not be written to '%s' (%s)", self._session.checkpoints, error)
